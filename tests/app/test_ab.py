"""A/B tests through the runner: stopped when decided, resumed to the same end, told for what they are."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from bakeoff.app.experiments import Execution, Laboratory, Progress
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.app.verdicts import Verdicts
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.records import RunStatus
from bakeoff.core.specs import parse_spec
from bakeoff.reports.verdict import Verdict, VerdictKind
from bakeoff.runner.schedule import Schedule

Lab = Callable[[], Laboratory]


@pytest.fixture
def laboratory(home: Path) -> Iterator[Laboratory]:
    opened = Laboratory(replace(Settings.load(), home=home))
    yield opened
    opened.close()


def fake(name: str, accuracy: float, **args: float) -> dict[str, Any]:
    return {"model": f"fake/{name}", "args": {"accuracy": accuracy, **args}}


def ab_run(
    laboratory: Laboratory, stop_after: int | None = None, decision: dict[str, Any] | None = None, **fields: Any
) -> tuple[Execution, Verdict]:
    """Run an A/B test, by default of two models that are far apart; with `stop_after` it is interrupted."""
    usual = {"name": "ab", "models": [fake("a", 0.4), fake("b", 0.75)], "benchmarks": "gsm8k"}
    spec = parse_spec({**usual, "decision": decision or {}, **fields})
    prepared = laboratory.prepare(spec)

    def watch(progress: Progress, schedule: Schedule) -> None:
        if stop_after is not None:
            noting = progress.note

            def note(trial: Any) -> None:
                noting(trial)
                if progress.done >= stop_after:
                    schedule.stop()

            schedule._on_trial = note

    try:
        execution = laboratory.execute(prepared, watch)
    finally:
        prepared.close()
    verdict = Verdicts(laboratory.runs, laboratory.trials).of(spec.name or "")
    assert verdict is not None
    return execution, verdict


@pytest.fixture
def questions(gsm8k_folder: Callable[[int], Path]) -> Path:
    return gsm8k_folder(640)


def test_it_stops_when_decided_and_says_who_won(questions: Path, laboratory: Laboratory) -> None:
    execution, verdict = ab_run(laboratory)
    assert execution.ending.status is execution.run.status is RunStatus.DECIDED
    assert (verdict.kind, verdict.winner) == (VerdictKind.WINNER, "fake/b")
    assert verdict.asked < 320 and verdict.early
    assert execution.counts.calls <= 2 * (verdict.asked + 32)  # at most one batch beside what decided
    assert "Winner: 'fake/b'" in verdict.sentence and "fake/a" in verdict.sentence


def test_what_was_spared_is_not_missing(questions: Path, laboratory: Laboratory) -> None:
    ab_run(laboratory)
    summary = Results(laboratory.runs, laboratory.trials).summary("ab")
    for cell in summary.cells:
        assert cell.outcomes["not_run"] > 300
        assert cell.estimate.n_missing == 0


def test_going_on_with_a_decided_run_asks_nothing(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory)
    execution, again = ab_run(laboratory)
    assert execution.counts.calls == execution.counts.cached == 0
    assert execution.ending.status is RunStatus.DECIDED
    assert again == verdict


@pytest.mark.parametrize("stop_after", [1, 40, 70])
def test_a_resumed_run_comes_to_the_same_decision(stop_after: int, questions: Path, laboratory: Laboratory) -> None:
    _, whole = ab_run(laboratory, name="whole")
    interrupted, halfway = ab_run(laboratory, stop_after, name="resumed")
    if interrupted.ending.status is RunStatus.INTERRUPTED:
        assert halfway.kind in (VerdictKind.UNFINISHED, VerdictKind.NOTHING) and halfway.winner is None
    _, resumed = ab_run(laboratory, name="resumed")
    assert resumed == whole


@pytest.mark.parametrize("concurrency", [1, 64])
def test_how_many_are_in_flight_decides_nothing(concurrency: int, questions: Path, laboratory: Laboratory) -> None:
    _, usual = ab_run(laboratory, name="usual")
    _, other = ab_run(laboratory, name="other", concurrency=concurrency)
    assert other == usual


def test_equal_models_are_asked_everything_and_no_difference_is_shown(questions: Path, laboratory: Laboratory) -> None:
    execution, verdict = ab_run(laboratory, models=[fake("a", 0.6), fake("b", 0.61)])
    assert execution.ending.status is RunStatus.COMPLETE
    assert verdict.kind is VerdictKind.NO_DIFFERENCE and verdict.winner is None
    assert "inner" not in verdict.sentence and "No difference shown" in verdict.sentence
    assert verdict.duels[0].final


def test_a_budget_is_told_apart_from_a_decision(questions: Path, laboratory: Laboratory) -> None:
    execution, verdict = ab_run(laboratory, models=[fake("a", 0.6), fake("b", 0.61)], budget={"calls": 200})
    assert execution.ending.status is RunStatus.BUDGET
    assert verdict.kind is VerdictKind.BUDGET and verdict.stop == "budget"
    assert not verdict.duels[0].final  # the run may go on: the one test at the end is not made
    assert "budget" in verdict.sentence and "inner" not in verdict.sentence


def test_faults_are_missing_and_a_resume_mends_them(questions: Path, laboratory: Laboratory) -> None:
    models = [fake("a", 0.4), fake("b", 0.75, fault_rate=0.2)]
    execution, verdict = ab_run(laboratory, models=models, retries=0)
    assert verdict.duels[0].difference.n_missing > 0
    assert verdict.winner == "fake/b"
    assert execution.ending.status is RunStatus.DECIDED


def test_benchmarks_are_mixed_in_proportion(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory, benchmarks="gsm8k,question_answering")
    assert verdict.planned == 640 + 44
    summary = Results(laboratory.runs, laboratory.trials).summary("ab")
    asked = {cell.cell.benchmark: cell.trials for cell in summary.cells}
    assert asked["question_answering"] <= 0.15 * asked["gsm8k"]
    _, again = ab_run(laboratory, benchmarks="gsm8k,question_answering")
    assert again == verdict


def test_repeats_count_once_a_sample(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory, repeats=3, sampling={"temperature": 0.7})
    assert verdict.duels[0].only_a is None  # means of three: not right or wrong
    assert verdict.duels[0].difference.n <= verdict.asked
    assert verdict.winner == "fake/b"


def test_methods_and_presets_are_arms_too(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory, models="fake/a", methods="naive,cot", limit=64)
    assert [arm.label for arm in verdict.arms] == ["naive", "cot"]
    assert verdict.planned == 64


def test_arms_that_lose_are_asked_no_more(questions: Path, laboratory: Laboratory) -> None:
    models = [fake("a", 0.1), fake("b", 0.55), fake("c", 0.8)]
    execution, verdict = ab_run(laboratory, models=models)
    assert verdict.winner == "fake/c"
    summary = Results(laboratory.runs, laboratory.trials).summary("ab")
    assert summary.cells[0].trials < summary.cells[1].trials <= summary.cells[2].trials
    assert execution.counts.calls == sum(cell.trials for cell in summary.cells)


def test_a_release_gate(questions: Path, laboratory: Laboratory) -> None:
    models = [fake("a", 0.6), fake("b", 0.75)]
    _, verdict = ab_run(laboratory, decision={"rule": "not_worse", "margin": 0.1}, models=models)
    assert verdict.kind is VerdictKind.NOT_WORSE and verdict.winner is None
    assert "not worse than 'fake/a' by 10 points" in verdict.sentence


def test_a_guard_speaks_against_a_winner(questions: Path, laboratory: Laboratory) -> None:
    models = [fake("a", 0.4), fake("b", 0.75, latency=0.02)]
    guards = [{"metric": "latency", "at_most": 1.2}, {"metric": "errors", "at_most": 0.1}]
    _, verdict = ab_run(laboratory, decision={"guards": guards}, models=models)
    assert verdict.kind is VerdictKind.GUARDED and verdict.winner is None
    assert "not to be taken" in verdict.sentence and "latency" in verdict.sentence
    assert [guard.holds for guard in verdict.guards] == [False, True]
    assert verdict.guards[1].found.high is not None and verdict.guards[1].found.high > 0.01  # no errors seen, not none


def test_two_that_are_free_hold_a_guard_on_cost(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory, decision={"guards": [{"metric": "cost", "at_most": 1.1}]})
    assert verdict.guards[0].holds and verdict.kind is VerdictKind.WINNER


def test_many_missing_answers_are_told(questions: Path, laboratory: Laboratory) -> None:
    models = [fake("a", 0.3), fake("b", 0.9, truncate_rate=0.4)]
    _, verdict = ab_run(laboratory, models=models)
    assert any("lack an answer in one arm" in note for note in verdict.notes)
    _, strict = ab_run(laboratory, name="strict", models=models, decision={"unanswered": "wrong"})
    assert not any("lack an answer" in note for note in strict.notes)


def test_asked_in_full_it_is_tested_once(questions: Path, laboratory: Laboratory) -> None:
    execution, verdict = ab_run(laboratory, decision={"early": False})
    assert execution.counts.calls == 2 * 640 and execution.ending.status is RunStatus.COMPLETE
    assert verdict.kind is VerdictKind.WINNER and verdict.duels[0].final
    assert verdict.duels[0].difference.method == "tango95" and verdict.duels[0].e is None


def test_a_fixed_test_that_was_not_finished_shows_nothing(questions: Path, laboratory: Laboratory) -> None:
    _, verdict = ab_run(laboratory, stop_after=400, decision={"early": False})
    assert verdict.kind is VerdictKind.UNFINISHED and verdict.duels[0].p is None


def test_a_dead_engine_ends_the_comparison(questions: Path, laboratory: Laboratory, stub: str) -> None:
    models = [
        {"model": "openai_compatible/knows-60", "base_url": f"{stub}/v1"},
        {"model": "openai_compatible/gone", "base_url": "http://127.0.0.1:9/v1"},
    ]
    execution, verdict = ab_run(laboratory, models=models, retries=0)
    assert execution.ending.dead and execution.ending.status is RunStatus.STOPPED
    assert verdict.kind in (VerdictKind.UNFINISHED, VerdictKind.NOTHING) and verdict.winner is None


def test_the_server_sees_no_more_than_what_was_needed(questions: Path, laboratory: Laboratory, stub: str) -> None:
    models = [{"model": f"openai_compatible/knows-{share}", "base_url": f"{stub}/v1"} for share in (40, 75)]
    _, verdict = ab_run(laboratory, models=models, concurrency=8)
    assert verdict.winner == "openai_compatible/knows-75"
    with urlopen(f"{stub}/stats") as reply:
        assert json.load(reply)["n"] <= 2 * (verdict.asked + 32)


def test_cells_of_a_test_are_compared_by_a_test_that_holds_at_any_look(questions: Path, laboratory: Laboratory) -> None:
    ab_run(laboratory)
    results = Results(laboratory.runs, laboratory.trials)
    assert results.comparisons("ab") == []
    compared = results.compare("ab:0", "ab:1")
    assert compared.test == "anytime test" and compared.p_mid is None
    assert "holds at any look" in compared.verdict and "decision rule" in compared.verdict


def test_an_unfinished_run_is_compared_so_too(questions: Path, laboratory: Laboratory) -> None:
    spec = {"name": "plain", "models": [fake("a", 0.4), fake("b", 0.75)], "benchmarks": "gsm8k"}
    prepared = laboratory.prepare(parse_spec(spec))
    try:
        laboratory.execute(prepared, lambda progress, schedule: schedule.stop())
    finally:
        prepared.close()
    results = Results(laboratory.runs, laboratory.trials)
    assert laboratory.runs.get("plain").status is RunStatus.INTERRUPTED
    assert all(found.looked for found in results.comparisons("plain"))


def test_verdicts_of_one_question_are_its_history(questions: Path, laboratory: Laboratory) -> None:
    _, first = ab_run(laboratory, name="monday")
    _, second = ab_run(laboratory, name="tuesday", seed=1)
    ab_run(laboratory, name="other", models=[fake("a", 0.4), fake("c", 0.7)])
    verdicts = Verdicts(laboratory.runs, laboratory.trials)
    assert [(run.name, found) for run, found in verdicts.history("monday")] == [("monday", first), ("tuesday", second)]
    assert [run.name for run, _ in verdicts.history()] == ["monday", "tuesday", "other"]


def test_a_run_without_a_rule_has_no_verdict(questions: Path, laboratory: Laboratory) -> None:
    prepared = laboratory.prepare(parse_spec({"name": "plain", "models": "fake/a", "benchmarks": "gsm8k", "limit": 5}))
    try:
        laboratory.execute(prepared, lambda progress, schedule: None)
    finally:
        prepared.close()
    verdicts = Verdicts(laboratory.runs, laboratory.trials)
    assert verdicts.of("plain") is None
    with pytest.raises(ConfigInvalid, match="no decision rule"):
        list(verdicts.history("plain"))


def test_a_baseline_that_is_none_of_the_arms(questions: Path, laboratory: Laboratory) -> None:
    with pytest.raises(UnknownName, match="arm 'fake/c'"):
        ab_run(laboratory, decision={"baseline": "fake/c"})


def test_a_latency_guard_is_not_judged_by_the_calls_of_another_run(questions: Path, laboratory: Laboratory) -> None:
    guards = [{"metric": "latency_p95", "at_most": 1.2}, {"metric": "latency", "at_most": 1.2}]
    slow: dict[str, Any] = {"models": [fake("a", 0.4), fake("b", 0.75, latency=0.01)], "limit": 64}
    _, first = ab_run(laboratory, name="first", decision={"early": False, "guards": guards}, **slow)
    assert not any(guard.unjudged for guard in first.guards)
    execution, again = ab_run(laboratory, name="again", decision={"early": False, "guards": guards}, **slow)
    assert execution.counts.calls == 0
    for guard in again.guards:
        assert guard.holds is None
        assert guard.said.endswith("is not judged: all replies came from the store")
    for cell in Results(laboratory.runs, laboratory.trials).summary("again").cells:
        assert (cell.latency.p50, cell.latency.p95, cell.tokens_per_s) == (None, None, None)
        assert cell.timing.seconds == array("d") and cell.estimate.n == 64


def test_a_latency_guard_names_the_arm_whose_replies_were_stored(questions: Path, laboratory: Laboratory) -> None:
    decision = {"early": False, "guards": [{"metric": "latency", "at_most": 1.2}]}
    ab_run(laboratory, name="first", decision=decision, limit=64, models=[fake("a", 0.4), fake("b", 0.75)])
    _, mixed = ab_run(laboratory, name="mixed", decision=decision, limit=64, models=[fake("a", 0.4), fake("c", 0.75)])
    assert mixed.guards[0].holds is None
    assert "is not judged: all replies of 'fake/a' came from the store" in mixed.guards[0].said
