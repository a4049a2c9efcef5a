"""Further metrics out of the parts of scores."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from bakeoff.core.types import Outcome
from bakeoff.reports.as_csv import render_csv
from bakeoff.reports.html import render_html
from bakeoff.reports.markdown import render_markdown
from bakeoff.reports.metrics import Metrics, further, ratio
from bakeoff.reports.report import one_run
from tests.reports.test_renderers import cell, run_of, tallied


def test_a_metric_of_zeros_and_ones_is_a_proportion_and_another_one_a_mean() -> None:
    found = further([("1", {"acc": 1.0, "f1": 0.5}), ("2", {"acc": 0.0, "f1": 0.75}), ("3", {})])
    assert found.keys() == {"acc", "f1"}
    assert (found["acc"].value, found["acc"].n, found["acc"].method) == (0.5, 2, "wilson95")
    assert (found["f1"].value, found["f1"].method) == (0.625, "t95")


def test_a_degree_is_no_share_where_every_value_happens_to_be_0_or_1() -> None:
    """The same metric would be printed as 75.0 % for one model and as 0.764 for the next."""
    found = further([(str(i), {"rouge2": float(i > 0), "em": float(i > 0)}) for i in range(4)])
    assert (found["rouge2"].value, found["rouge2"].method) == (0.75, "t95")
    assert found["em"].method == "wilson95"


def test_what_is_no_metric_is_not_shown() -> None:
    assert further([("1", {"words": 12.0, "references": 3.0})]) == {}


def test_every_instruction_counts_alike() -> None:
    parts = [{"followed_strict": 1.0, "instructions": 1.0}, {"followed_strict": 0.0, "instructions": 3.0}]
    assert further(zip("12", parts, strict=True))["inst_strict"].value == 0.25  # not the mean of 1 and 0


def test_the_interval_of_a_ratio_is_that_of_clusters() -> None:
    clusters = [(2.0, 3.0), (1.0, 3.0), (3.0, 3.0), (0.0, 3.0)]  # y = 110 100 111 000
    found = ratio(clusters)
    assert found.value == 0.5
    assert found.high is not None
    # CR1 standard error 0.2151657415 with 3 degrees of freedom: t = 3.182446
    assert found.high - 0.5 == pytest.approx(min(0.5, 3.1824463 * 0.2151657415), rel=1e-6)


def test_repeats_of_a_sample_are_one_cluster() -> None:
    once = further([(str(i), {"acc": float(i % 2)}) for i in range(8)])["acc"]
    often = further([(str(i), {"acc": float(i % 2)}) for i in range(8) for _ in range(5)])["acc"]
    assert (often.n, often.value) == (once.n, once.value) == (8, 0.5)
    assert often.low is not None
    assert once.low is not None
    assert often.low <= once.low


def test_cells_with_other_metrics_share_a_table() -> None:
    acc = replace(tallied({Outcome.CORRECT: 3}, cell()), further=further([("1", {"acc": 1.0, "acc_norm": 0.0})]))
    bleu = replace(tallied({Outcome.SCORED: 3}, cell(position=1, benchmark="wmt22"), 0.5), further={})
    rows = list(csv.DictReader(io.StringIO(render_csv([run_of(acc, bleu)]))))
    assert rows[0]["metrics_acc_norm_value"] == "0.0"
    assert rows[1]["metrics_acc_norm_value"] == ""
    assert "| 0 | acc\\_norm | 0.0 %" in render_markdown(one_run(run_of(acc, bleu)))
    page = render_html(one_run(run_of(acc, bleu)), [])
    assert page.count("Further metrics") == 1
    assert "acc_norm" in page
    assert "Further metrics" not in render_html(one_run(run_of(bleu)), [])


def test_what_was_not_graded_is_missing_in_every_metric() -> None:
    metrics = Metrics()
    for place in range(4):
        parts = {"exact": float(place % 2), "f1": 0.5, "followed_strict": 1.0, "instructions": 2.0}
        metrics.add(f"s{place}", {**parts, "agent_answered": 1.0})
    metrics.add("s4", {"agent_answered": 0.0})  # of two that were not graded one tells how its method ended
    found = metrics.estimates(4, 2)
    assert (found["exact"].n, found["exact"].n_missing) == (4, 2)
    assert found["exact"].lowest == pytest.approx(2 / 6)
    assert found["exact"].highest == pytest.approx(4 / 6)
    assert found["f1"].lowest == pytest.approx(2 / 6)
    assert found["f1"].n_missing == 2
    assert (found["inst_strict"].n_missing, found["inst_strict"].lowest) == (2, None)
    assert (found["agent_answered"].n, found["agent_answered"].n_missing) == (5, 1)


def test_faithfulness_beside_a_score_is_missing_where_it_was_not_measured() -> None:
    metrics = Metrics()
    metrics.add("1", {"faithfulness": 1.0, "hallucination_rate": 0.0})
    metrics.add("2", {"em": 1.0})
    found = metrics.estimates(n=2, missing=1)
    assert (found["faithfulness"].value, found["faithfulness"].n, found["faithfulness"].n_missing) == (1.0, 1, 2)
    assert found["em"].n_missing == 1
