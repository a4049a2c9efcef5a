"""Whether scores are right or wrong or graded is known before the first of them, and decides how an A/B test tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app import wiring
from bakeoff.app.contests import replayed
from bakeoff.app.experiments import Laboratory
from bakeoff.app.score_kind import may_be_between, right_or_wrong
from bakeoff.app.settings import Settings
from bakeoff.app.verdicts import Verdicts
from bakeoff.core.errors import ScorerFailed
from bakeoff.core.records import noted
from bakeoff.core.signature import graded_test
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Sample, Score
from bakeoff.scorers import SCORERS
from bakeoff.stats.contest import Contest

SAMPLE = Sample("q1", "?", "a", "a")
PARTIAL = """
class Part:
    def score(self, sample, extracted):
        return 0.5 * len(extracted) / max(1, len(extracted)) + 0.5 * (extracted == sample.target)
"""


@pytest.fixture
def laboratory(home: Path) -> Iterator[Laboratory]:
    opened = Laboratory(replace(Settings.load(), home=home))
    yield opened
    opened.close()


def contest(laboratory: Laboratory, benchmarks: object, **fields: Any) -> Contest:
    """An A/B test that was run; what its signatures say of its kind is what its contest went by."""
    models = [{"model": f"fake/{name}", "args": {"accuracy": share}} for name, share in (("a", 0.3), ("b", 0.8))]
    usual = {"name": "ab", "models": models, "limit": 40, "decision": {"batch": 1}}
    prepared = laboratory.prepare(parse_spec({**usual, "benchmarks": benchmarks, **fields}))
    try:
        run = laboratory.execute(prepared, lambda progress, schedule: None).run
    finally:
        prepared.close()
    cells = noted(laboratory.runs.cells(run.id), run.spec)
    found = replayed(run, cells, laboratory.trials).contest
    assert {graded_test(cell.signature) for cell in cells} == {found.rule.graded}
    return found


@pytest.mark.parametrize("name", SCORERS.names())
def test_every_scorer_says_which_kind_it_is(name: str) -> None:
    made: Any = SCORERS.load(name)
    assert hasattr(made, "continuous") or "continuous" in made.__init__.__code__.co_names


@pytest.mark.parametrize(
    ("name", "options", "between"),
    [
        ("choice", {}, False),
        ("token_f1", {}, True),
        ("token_f1", {"metric": "em"}, False),
        ("drop", {}, True),
        ("drop", {"metric": "em"}, False),
        ("likelihood", {}, False),
        ("likelihood", {"metric": "mc2"}, True),
        ("supporting_facts", {}, True),
        ("supporting_facts", {"metric": "sp_em"}, False),
        ("ifeval", {}, False),
        ("ifeval", {"metric": "inst_loose"}, True),
    ],
)
def test_the_metric_settles_it(name: str, options: Mapping[str, object], between: bool) -> None:
    assert may_be_between(wiring.build_scorer(name, options)) is between


class Silent:
    def score(self, sample: Sample, extracted: str) -> Score:
        return Score(0.5)


class Held(Silent):
    continuous = False


class HeldLater:
    continuous = False

    async def score(self, sample: Sample, extracted: str) -> Score:
        return Score(1.0, continuous=True)


def test_a_scorer_that_says_nothing_may_give_anything_and_one_that_does_is_held_to_it() -> None:
    assert may_be_between(Silent()) and not may_be_between(Held())
    with pytest.raises(ScorerFailed, match="0\\.5 is neither 0 nor 1"):
        right_or_wrong(Held().score)(SAMPLE, "a")

    async def later() -> object:
        found: Any = right_or_wrong(HeldLater().score)(SAMPLE, "a")
        return await found

    with pytest.raises(ScorerFailed, match="neither 0 nor 1"):
        asyncio.run(later())


def test_right_or_wrong_is_tested_by_the_e_process(laboratory: Laboratory) -> None:
    found = contest(laboratory, "question_answering")
    assert found.rule.graded is False and not found.duel(0, 1).graded


def test_graded_scores_are_tested_as_such_whatever_the_first_one_is(laboratory: Laboratory) -> None:
    asked = {"benchmark": "question_answering", "scorer": "token_f1"}
    found = contest(laboratory, [asked])
    assert found.rule.graded is True and found.duel(0, 1).graded


def test_a_scorer_of_the_users_own_may_give_partial_credit(laboratory: Laboratory, tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text(PARTIAL)
    found = contest(laboratory, [{"benchmark": "question_answering", "scorer": f"{tmp_path / 'part.py'}:Part"}])
    assert found.rule.graded is True and found.duel(0, 1).graded


def test_one_graded_benchmark_makes_a_pooled_test_graded(laboratory: Laboratory) -> None:
    asked = {"benchmark": "question_answering", "scorer": "token_f1"}
    assert contest(laboratory, ["classification", asked], limit=20).duel(0, 1).graded


def test_the_mean_of_repeats_lies_between(laboratory: Laboratory) -> None:
    assert contest(laboratory, "question_answering", repeats=2, limit=10).rule.graded is True


def test_a_run_of_before_is_replayed_as_it_was(laboratory: Laboratory) -> None:
    """Its signatures do not tell the kind, so the first batch does, as it did then."""
    contest(laboratory, "question_answering")
    run = laboratory.runs.get("ab")
    verdict = Verdicts(laboratory.runs, laboratory.trials).of("ab")
    cells = noted(laboratory.runs.cells(run.id), run.spec)
    old = [replace(cell, signature=cell.signature.partition("|decision:")[0]) for cell in cells]
    found = replayed(run, old, laboratory.trials).contest
    assert found.rule.graded is None and verdict is not None
    assert found.items == verdict.asked and found.decided == (verdict.stop == "decided")
