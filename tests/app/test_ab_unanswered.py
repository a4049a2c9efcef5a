"""An A/B test whose rule counts replies without an answer as wrong says so, everywhere, and how many did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Outcome
from bakeoff.reports.as_json import comparison_json, summary_json
from bakeoff.reports.document import rule_text
from bakeoff.reports.summary import RunSummary

MODELS = [
    {"model": "fake/u1", "args": {"accuracy": 0.9, "truncate_rate": 0.6}},
    {"model": "fake/u2", "args": {"accuracy": 0.8, "fault_rate": 0.1}},
]


@pytest.fixture
def laboratory(home: Path) -> Iterator[Laboratory]:
    opened = Laboratory(replace(Settings.load(), home=home))
    yield opened
    opened.close()


def decided(laboratory: Laboratory, **decision: Any) -> RunSummary:
    """A test asked in full: one arm is right more often where it answers, and often does not."""
    spec = {"name": "uw", "models": MODELS, "benchmarks": "question_answering", "limit": 40, "retries": 0}
    prepared = laboratory.prepare(parse_spec({**spec, "decision": {"early": False, **decision}}))
    try:
        laboratory.execute(prepared, lambda progress, schedule: None)
    finally:
        prepared.close()
    return Results(laboratory.runs, laboratory.trials).summary("uw")


def test_the_verdict_and_its_rule_say_so(laboratory: Laboratory) -> None:
    summary = decided(laboratory, unanswered="wrong")
    verdict = summary.verdict
    assert verdict is not None and verdict.unanswered == "wrong"
    missing = [[cell.outcomes.get(kind, 0) for kind in ("truncated", "refused", "unparsed")] for cell in summary.cells]
    assert [arm.counted_wrong for arm in verdict.arms] == [sum(counts) for counts in missing]
    assert summary.cells[1].outcomes.get(Outcome.ERROR.value)  # which is never wrong
    wrong = verdict.counted_wrong
    assert wrong > 5 and f"Replies without an answer count as wrong: {wrong} of 'fake/u1'." in verdict.sentence
    assert f"unanswered counts as wrong ({wrong} replies)" in rule_text(verdict)
    told: Any = summary_json(summary)
    assert told["decision"]["unanswered"] == "wrong"
    assert [arm["counted_wrong"] for arm in told["decision"]["arms"]] == [wrong, 0]


def test_its_arms_are_compared_by_the_same_rule(laboratory: Laboratory) -> None:
    summary = decided(laboratory, unanswered="wrong", early=True, batch=40)
    assert summary.verdict is not None
    found = Results(laboratory.runs, laboratory.trials).compare("uw:0", "uw:1")
    assert found.difference.value == summary.verdict.duels[0].difference.value
    assert (found.difference.value or 0) > 0 and found.counted_wrong == (summary.verdict.counted_wrong, 0)
    assert "count as wrong" in found.verdict and "decision rule" in found.verdict
    told: Any = comparison_json(found)
    assert told["unanswered"] == "wrong" and told["counted_wrong"] == list(found.counted_wrong)


def test_the_usual_rule_has_them_missing(laboratory: Laboratory) -> None:
    verdict = decided(laboratory).verdict
    assert (
        verdict is not None and verdict.unanswered == "missing" and "wrong" not in verdict.sentence + rule_text(verdict)
    )
    found = Results(laboratory.runs, laboratory.trials).compare("uw:0", "uw:1")
    assert found.counted_wrong is None and found.difference.n_missing > 5
