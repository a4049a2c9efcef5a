"""Summaries and comparisons, and their Markdown, CSV, JSON and terminal forms."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest
from rich.cells import cell_len
from rich.console import Console

from bakeoff.core.errors import NotComparable
from bakeoff.core.records import CellRecord, Measure, RunStatus
from bakeoff.core.types import Estimate, Json, ModelIdentity, Outcome, Trial
from bakeoff.reports.as_csv import render_csv
from bakeoff.reports.as_json import comparison_json, summary_json
from bakeoff.reports.compare import Comparison, compare, correct
from bakeoff.reports.markdown import render_markdown
from bakeoff.reports.report import one_run
from bakeoff.reports.summary import NOT_RUN, CellSummary, CellTally, RunSummary
from bakeoff.reports.terminal import (
    cost_text,
    missing_text,
    print_comparison,
    print_signatures,
    print_tables,
    score_text,
    seconds_text,
)
from bakeoff.stats.intervals import wilson

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "a|b\n| --- |\n# head",
    "[link](http://evil.example) www.evil.example",
    "**bold** _it_ `code`",
    "\x1b[2J\x1b]0;owned\x07\u202e",
    "[red]markup[/red] [/]",
    "=cmd|' /C calc'!A0",
    "x" * 200,
)


def cell(
    model: str = "qwen-8b",
    planned: int = 10,
    position: int = 0,
    *,
    preset: str = "balanced",
    benchmark: str = "gsm8k",
    method: str = "cot",
    profile: str = "bakeoff",
    signature: str | None = None,
) -> CellRecord:
    identity, told = ModelIdentity("fake", model), signature or f"gsm8k@d|model:{position}"
    return CellRecord(
        position + 1, position, model, preset, benchmark, method, profile, identity, "r", "d", planned, told
    )


def tallied(outcomes: dict[Outcome, int], record: CellRecord, value: float | None = None) -> CellSummary:
    tally = CellTally()
    for outcome, count in outcomes.items():
        graded = {Outcome.CORRECT: 1.0, Outcome.INCORRECT: 0.0, Outcome.SCORED: value}.get(outcome)
        for i in range(count):
            tally.add(Measure(outcome, graded, 0.5 + i, 10, 20, 0.25, 0))
    return tally.summary(record, "0.1.0")


MIXED = {Outcome.CORRECT: 4, Outcome.INCORRECT: 1, Outcome.TRUNCATED: 2, Outcome.ERROR: 1}


def run_of(*cells: CellSummary, name: str = "night") -> RunSummary:
    return RunSummary(name, RunStatus.COMPLETE, 1_763_721_200.0, 72.0, "0.1.0", cells)


def trials(outcomes: Sequence[Outcome], extracted: str = "42") -> list[Trial]:
    values = {Outcome.CORRECT: 1.0, Outcome.INCORRECT: 0.0}
    return [
        Trial(0, f"s{i}", 0, outcome, values.get(outcome), "42", extracted=extracted)
        for i, outcome in enumerate(outcomes)
    ]


RIGHT, WRONG = Outcome.CORRECT, Outcome.INCORRECT


def comparison(names: tuple[str, str] = ("a", "b"), extracted: str = "42") -> Comparison:
    one, other = trials([WRONG] * 20 + [RIGHT] * 5, extracted), trials([RIGHT] * 20 + [WRONG] * 5, extracted)
    return compare(names, (cell(), cell("qwen-14b", position=1)), (one, other))


class TestSummary:
    def test_what_is_missing_is_not_wrong(self) -> None:
        summary = tallied(MIXED, cell(planned=10))
        estimate = summary.estimate
        assert (estimate.value, estimate.n, estimate.n_missing) == (0.8, 5, 5)
        assert (estimate.low, estimate.high) == wilson(4, 5)
        assert (estimate.lowest, estimate.highest) == (0.4, 0.9)
        assert summary.outcomes[NOT_RUN] == 2
        assert summary.trials == 8

    def test_the_accuracy_of_nothing_is_nothing(self) -> None:
        summary = tallied({Outcome.ERROR: 3}, cell(planned=3))
        assert (summary.estimate.value, summary.estimate.n_missing) == (None, 3)
        assert (summary.cost, summary.latency.p50, summary.tokens_per_s) == (None, None, None)

    def test_errors_have_no_latency_and_no_price(self) -> None:
        summary = tallied({RIGHT: 3, Outcome.ERROR: 2}, cell(planned=5))
        assert summary.latency.p50 == 1.5
        assert summary.latency.p95 == pytest.approx(2.4)
        assert summary.cost == 1.25
        assert summary.tokens_per_s == pytest.approx(100 / 4.5)

    def test_one_unknown_price_makes_the_sum_unknown(self) -> None:
        tally = CellTally()
        for cost in (0.5, None):
            tally.add(Measure(RIGHT, 1.0, 1.0, 1, 1, cost, 0))
        assert tally.summary(cell(), "v").cost is None

    def test_continuous_scores_have_a_t_interval(self) -> None:
        summary = tallied({Outcome.SCORED: 4, Outcome.UNPARSED: 1}, cell(planned=5), value=0.5)
        assert summary.continuous
        assert (summary.estimate.value, summary.estimate.n, summary.estimate.method) == (0.5, 4, "t95")

    def test_the_signature_is_complete(self) -> None:
        assert tallied(MIXED, cell()).signature == "gsm8k@d|model:0|n:5|miss:5|ci:wilson95|v:0.1.0"


class TestCompare:
    def test_pairs_are_counted_from_b_against_a(self) -> None:
        found = comparison()
        assert (found.both, found.improved, found.regressed, found.neither) == (0, 20, 5, 0)
        assert found.difference.value == 0.6
        assert len(found.pairs) == 25
        assert sum(pair.improved for pair in found.pairs) == 20
        assert found.shown
        assert found.verdict.startswith("'b' scores higher than 'a' on 25 pairs of 'gsm8k' (60.0 points")

    def test_swapped_the_other_one_is_better(self) -> None:
        one, other = trials([RIGHT] * 20 + [WRONG] * 5), trials([WRONG] * 20 + [RIGHT] * 5)
        found = compare(("a", "b"), (cell(), cell()), (one, other))
        assert found.difference.value == -0.6
        assert found.verdict.startswith("'a' scores higher than 'b' on 25 pairs of 'gsm8k' (60.0 points")

    def test_what_was_not_shown_is_not_claimed(self) -> None:
        found = compare(("a", "b"), (cell(), cell()), (trials([WRONG] * 5), trials([RIGHT] * 5)))
        assert not found.shown
        assert found.verdict.startswith("No difference shown between 'b' and 'a' on 5 pairs of 'gsm8k' (+100.0 points")

    def test_scores_that_differ_alike_are_not_shown_by_a_few(self) -> None:
        a = [replace(t, outcome=Outcome.SCORED, value=0.25) for t in trials([RIGHT] * 3)]
        b = [replace(t, value=0.75) for t in a]
        found = compare(("a", "b"), (cell(), cell()), (a, b))
        assert (found.test, found.difference.value, found.p) == ("paired t", 0.5, 0.25)
        assert not found.shown

    def test_only_what_both_graded_is_compared(self) -> None:
        a, b = [RIGHT, Outcome.ERROR, RIGHT, WRONG], [RIGHT, RIGHT, Outcome.TRUNCATED, WRONG]
        found = compare(("a", "b"), (cell(), cell()), (trials(a), trials(b)))
        assert (found.difference.n, found.difference.n_missing) == (2, 2)
        assert (found.both, found.improved, found.regressed, found.neither) == (1, 0, 0, 1)

    def test_nothing_in_common_claims_nothing(self) -> None:
        found = compare(("a", "b"), (cell(), cell()), (trials([Outcome.ERROR]), trials([RIGHT])))
        assert "no graded sample in common" in found.verdict
        assert not found.shown

    def test_repeats_are_paired_by_their_number(self) -> None:
        first, second = trials([RIGHT])[0], trials([WRONG])[0]
        a, b = [first, replace(second, repeat=1)], [replace(second, repeat=1), first]
        found = compare(("a", "b"), (cell(), cell()), (a, b))
        assert (found.both, found.difference.n, found.improved, found.regressed) == (1, 1, 0, 0)

    @pytest.mark.parametrize(("other", "named"), [(cell(benchmark="triviaqa"), "triviaqa"), (cell(profile="x"), "'x'")])
    def test_what_cannot_be_compared(self, other: CellRecord, named: str) -> None:
        with pytest.raises(NotComparable, match=named):
            compare(("a", "b"), (cell(), other), (trials([RIGHT]), trials([RIGHT])))

    def test_no_sample_in_common(self) -> None:
        other = [replace(trial, sample_id="t") for trial in trials([RIGHT])]
        with pytest.raises(NotComparable, match="share no samples"):
            compare(("a", "b"), (cell(), cell()), (trials([RIGHT]), other))

    def test_several_are_corrected_together(self) -> None:
        weak = compare(("a", "b"), (cell(), cell()), (trials([WRONG] * 8 + [RIGHT]), trials([RIGHT] * 8 + [WRONG])))
        assert weak.shown  # p = 0.039 alone
        again = correct([weak, comparison(), weak])
        assert [one.family for one in again] == [3, 3, 3]
        assert [one.shown for one in again] == [False, True, False]
        assert "Holm for 3" in again[0].verdict


class TestTexts:
    def test_scores(self) -> None:
        assert score_text(Estimate(0.82, 0.733, 0.883, 50, 0, "wilson95")) == "82.0 % [73.3, 88.3]"
        assert score_text(Estimate(0.82, 0.733, 0.883, 50, 0, "t95")) == "0.820 [0.733, 0.883]"
        assert score_text(Estimate(None, None, None, 0, 5, "wilson95")) == "nothing graded"

    def test_missing(self) -> None:
        assert missing_text(tallied(MIXED, cell(planned=10))) == "2 cut, 1 error, 2 not run"
        assert missing_text(tallied({RIGHT: 1}, cell(planned=1))) == "–"

    @pytest.mark.parametrize(
        ("cost", "shown"), [(None, "unknown"), (0.0, "$0"), (0.01234, "$0.0123"), (1234.5, "$1,234.50")]
    )
    def test_cost(self, cost: float | None, shown: str) -> None:
        assert cost_text(cost) == shown

    @pytest.mark.parametrize(
        ("seconds", "shown"),
        [(None, "–"), (0.0, "0 ms"), (0.0123, "12 ms"), (1.26, "1.3 s")],
    )
    def test_seconds(self, seconds: float | None, shown: str) -> None:
        assert seconds_text(seconds) == shown


class TestMarkdown:
    def test_a_whole_page(self) -> None:
        page = render_markdown(one_run(run_of(tallied(MIXED, cell()))))
        assert page.startswith("# night\n\ncomplete, 2025-11-21 10:33 UTC, 72.0 s, bakeoff 0.1.0\n\n## gsm8k\n\n| # |")
        assert (
            "| 0 | qwen-8b | balanced | cot | 80.0 % [37.6, 96.4] | 5 | 2 cut, 1 error, 2 not run"
            " | 40.0 to 90.0 % | 1.5 s | 3.2 s | 15 | $2.00 |" in page
        )
        assert "\n    gsm8k@d|model:0|n:5|miss:5|ci:wilson95|v:0.1.0\n" in page

    def test_comparisons_stand_with_their_benchmark(self) -> None:
        found = comparison()
        page = render_markdown(
            one_run(run_of(tallied(MIXED, cell()), tallied(MIXED, cell("b", benchmark="arc"))), [found])
        )
        first, second = page.split("## arc")
        assert "b against a" in first
        assert "b against a" not in second
        assert "+0.600 [+0." in first

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_names_stay_in_their_cell(self, text: str) -> None:
        summaries = [tallied(MIXED, cell(text, method=text, benchmark=text, position=i)) for i in range(2)]
        hostile = replace(comparison((text, text)), a=cell(benchmark=text), b=cell(benchmark=text))
        page = render_markdown(one_run(run_of(*summaries, name=text), [hostile]))
        plain = render_markdown(one_run(run_of(*(tallied(MIXED, cell(position=i)) for i in range(2))), [comparison()]))
        rows = [line for line in page.splitlines() if line.startswith("| ")]
        assert len(rows) == 4 + 3
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {13, 10}
        assert len(page.splitlines()) == len(plain.splitlines())
        assert not re.search(r"(?<!\\)[<>`]", page)
        for row in rows:
            assert not re.search(r"(?<!\\)\[(?![\d+-])", row.replace("[95 %]", ""))
        assert "://" not in page
        assert "www.evil" not in page
        assert "\x1b" not in page

    def test_nothing_at_all(self) -> None:
        assert render_markdown(one_run(run_of())).endswith("## Signatures\n\n")


class TestCsv:
    def test_a_row_for_each_cell(self) -> None:
        found = list(csv.DictReader(io.StringIO(render_csv([run_of(tallied(MIXED, cell()), tallied({}, cell("b")))]))))
        assert [row["model"] for row in found] == ["qwen-8b", "b"]
        first, second = found
        assert (first["run"], first["estimate_value"], first["estimate_n"], first["outcomes_error"]) == (
            "night", "0.8", "5", "1",
        )  # fmt: skip
        assert (second["estimate_value"], second["latency_p50"], second["cost"]) == ("", "", "")

    @pytest.mark.parametrize("text", [*HOSTILE, "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "a\r=1,b", 'a"b,c'])
    def test_hostile_names_are_no_formulas_and_come_back(self, text: str) -> None:
        (row,) = csv.DictReader(io.StringIO(render_csv([run_of(tallied(MIXED, cell(text)))]), newline=""))
        assert row["model"].removeprefix("'") == text.replace("\r", "\n")
        assert row["model"][0] not in "=+-@\t\r\n"

    def test_nothing_at_all(self) -> None:
        assert render_csv([run_of()]) == ""


class TestJson:
    """The contract: fields are only ever added."""

    ESTIMATE = {"value", "low", "high", "n", "n_missing", "method", "lowest", "highest"}
    CELL = {
        "cell", "model", "preset", "benchmark", "method", "profile", "estimate", "outcomes", "planned", "latency",
        "prompt_tokens", "output_tokens", "tokens_per_s", "cost", "signature",
    }  # fmt: skip
    COMPARISON = {
        "a", "b", "benchmark", "difference", "test", "p", "p_mid", "both", "improved", "regressed", "neither",
        "verdict", "samples",
    }  # fmt: skip

    def test_of_a_run(self) -> None:
        found = _object(orjson.loads(orjson.dumps(summary_json(run_of(tallied(MIXED, cell()))))))
        assert set(found) >= {"run", "status", "cells", "created_at", "seconds", "version"}
        assert (found["run"], found["status"]) == ("night", "complete")
        cells = found["cells"]
        assert isinstance(cells, list)
        one = _object(cells[0])
        assert set(one) >= self.CELL
        assert set(_object(one["estimate"])) >= self.ESTIMATE
        assert set(_object(one["outcomes"])) == {outcome.value for outcome in Outcome} | {"not_run"}
        assert set(_object(one["latency"])) >= {"p50", "p95", "p99"}

    def test_of_nothing_graded(self) -> None:
        cells = summary_json(run_of(tallied({}, cell())))["cells"]
        assert isinstance(cells, list)
        assert _object(_object(cells[0])["estimate"])["value"] is None

    def test_of_a_comparison(self) -> None:
        found = _object(orjson.loads(orjson.dumps(comparison_json(comparison()))))
        assert set(found) >= self.COMPARISON
        assert set(_object(found["difference"])) >= self.ESTIMATE
        assert set(_object(found["a"])) >= {"name", "model", "method", "signature"}
        samples = found["samples"]
        assert isinstance(samples, list)
        assert len(samples) == 25
        one = _object(samples[0])
        assert set(one) >= {"sample_id", "repeat", "target", "a", "b", "change"}
        assert set(_object(one["a"])) >= {"outcome", "extracted", "score"}
        assert [_object(sample)["change"] for sample in samples].count("improved") == 20


def _object(value: Json) -> dict[str, Json]:
    assert isinstance(value, dict)
    return value


def shown(summary: RunSummary, compared: Comparison | None = None, width: int = 80) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    print_tables(summary, console)
    if compared is not None:
        print_comparison(compared, console)
    return out.getvalue()


class TestTerminal:
    def test_fits_in_80_columns_and_says_it_all(self) -> None:
        model = "openai_compatible/meta-llama/Llama-3.1-8B-Instruct"
        summary = run_of(tallied({**MIXED, Outcome.REFUSED: 1000, Outcome.UNPARSED: 20}, cell(model, planned=10_000)))
        text = shown(summary, comparison(("0: " + model, "1: " + model)))
        assert max(cell_len(line) for line in text.splitlines()) <= 80
        assert "80.0 % [37.6, 96.4]" in text
        assert "$257.00" in text
        assert "486.5 s" in text
        assert {"20", "unparsed,", "2", "cut,", "1,000", "refused,", "error,", "8,972", "run"} <= set(text.split())
        assert "…" not in text
        assert "scores higher than" in " ".join(text.split())

    def test_methods_can_be_told_apart_beside_a_long_model(self) -> None:
        cells = [tallied(MIXED, cell("x" * 200, method=f"few_shot:{i}", position=i)) for i in (3, 5)]
        assert {"few_shot:3", "few_shot:5"} <= set(shown(run_of(*cells)).split())

    def test_differences_are_listed_up_to_a_limit(self) -> None:
        text = shown(run_of(), comparison())
        assert "and 15 more; --json lists all" in text
        assert "both right 0 · improved 20 · regressed 5 · neither 0 · left out 0" in " ".join(text.split())
        assert "s9 " in text
        assert "s10" not in text

    @pytest.mark.parametrize("looked", ["", "run 'x' is not finished"])
    def test_equal_scores_are_not_both_right(self, looked: str) -> None:
        half = [Trial(0, f"s{i}", 0, Outcome.SCORED, 0.5) for i in range(11)]
        right = [Trial(0, "t", 0, Outcome.CORRECT, 1.0), Trial(0, "u", 0, Outcome.INCORRECT, 0.0)]
        found = compare(("a", "b"), (cell(), cell()), ([*half, *right], [*half, *right]), looked)
        text = " ".join(shown(run_of(), found).split())
        assert "equal 12 · higher 0 · lower 0 · both zero 1 · left out 0" in text
        assert "both right" not in text

    def test_the_preset_is_shown_where_it_differs(self) -> None:
        one, other = tallied(MIXED, cell()), tallied(MIXED, cell(preset="performance", position=1))
        assert "performance" in shown(run_of(one, other), width=120)
        assert "balanced" not in shown(run_of(one))

    @pytest.mark.parametrize("text", HOSTILE)
    def test_hostile_names_and_answers_do_not_steer_it(self, text: str) -> None:
        summary = run_of(tallied(MIXED, cell(text, method=text, benchmark=text)))
        found = shown(summary, comparison((text, text), extracted=text))
        assert "\x1b" not in found
        assert "\x07" not in found
        assert "\u202e" not in found
        assert max(cell_len(line) for line in found.splitlines()) <= 80
        if "markup" in text:
            assert "[red]" in found.replace(" ", "").replace("\n", "")

    def test_a_signature_is_never_wrapped(self) -> None:
        out = io.StringIO()
        long = tallied(MIXED, cell(signature="gsm8k@d|" + "x" * 300))
        print_signatures(run_of(long), Console(file=out, width=80, color_system=None))
        assert out.getvalue() == long.signature + "\n"
