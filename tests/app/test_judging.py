"""Judges in a run: their calls are journalled, found again, counted in the budget and resumed like any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.experiments import Execution, Laboratory
from bakeoff.app.forecast import forecast
from bakeoff.app.regrading import regrade
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.grading import rule_of
from bakeoff.core.records import RunStatus
from bakeoff.core.signature import read
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Outcome, Trial

SAMPLES = 3
CALLS = 2 * 2 * SAMPLES  # two turns, each answered and judged


def _prompt(name: str, template: str) -> dict[str, str]:
    return {"name": name, "system_prompt": "You are a judge.", "prompt_template": template}


@pytest.fixture(autouse=True)
def mt_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three conversations in FastChat's layout, written for this test."""
    folder = tmp_path / "data" / "mt_bench"
    questions = [
        {"question_id": n, "category": category, "turns": [f"Count to {n}.", "And back."]}
        for n, category in enumerate(("writing", "math", "stem"), 1)
    ]
    replies = [{"question_id": 2, "choices": [{"index": 0, "turns": ["1, 2", "2, 1"]}]}]
    turn = "{question_1}|{answer_1}|{question_2}|{answer_2}"
    prompts = [_prompt(name, "{question}|{answer}") for name in ("single-v1", "single-math-v1")]
    prompts += [_prompt(f"{name}-multi-turn", turn) for name in ("single-v1", "single-math-v1")]
    for path, rows in (
        ("mt_bench/question.jsonl", questions),
        ("mt_bench/reference_answer/gpt-4.jsonl", replies),
        ("judge_prompts.jsonl", prompts),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.setenv("BAKEOFF_DATA", str(folder.parent))


@pytest.fixture
def laboratory() -> Iterator[Laboratory]:
    opened = Laboratory(Settings.load(None))
    yield opened
    opened.close()


def run(laboratory: Laboratory, **fields: Any) -> Execution:
    asked = {"models": "fake/a", "benchmarks": {"benchmark": "mt_bench", "profile": "official"}, "judges": "fake/j"}
    prepared = laboratory.prepare(parse_spec(asked | fields))
    try:
        return laboratory.execute(prepared, lambda progress, schedule: None)
    finally:
        prepared.close()


def trials(laboratory: Laboratory, execution: Execution) -> list[Trial]:
    return list(laboratory.trials.trials(laboratory.runs.cells(execution.run.id)[0].id))


def test_judge_calls_are_calls_and_stay_with_the_trial(laboratory: Laboratory) -> None:
    execution = run(laboratory)
    assert execution.ending.status is RunStatus.COMPLETE
    assert execution.counts.calls == CALLS
    found = trials(laboratory, execution)
    assert {trial.outcome for trial in found} == {Outcome.SCORED}
    for trial in found:
        said = laboratory.trials.find(trial.keys)
        judged, answered = trial.keys[:2], trial.keys[2:]
        assert all("Rating" in said[key].text for key in judged)
        assert trial.answer is not None and said[answered[-1]].text in trial.answer
        assert trial.value == pytest.approx((trial.parts["turn_1"] + trial.parts["turn_2"]) / 20)
        assert trial.parts["judge_calls"] == 2


def test_nothing_is_judged_twice(laboratory: Laboratory) -> None:
    first, again = run(laboratory, name="one"), run(laboratory, name="two")
    assert (first.counts.calls, again.counts.calls) == (CALLS, 0)
    other = run(laboratory, name="three", judges="fake/other")
    assert other.counts.calls == CALLS // 2  # the answers are there, this judge's verdicts are not


def test_a_budget_counts_judge_calls_and_a_resume_goes_on(laboratory: Laboratory) -> None:
    calls = 0
    for _ in range(CALLS):
        execution = run(laboratory, name="slow", budget={"calls": 5}, concurrency=1)
        calls += execution.counts.calls
        assert execution.counts.calls <= 5
        if execution.ending.status is RunStatus.COMPLETE:
            break
        assert execution.ending.status is RunStatus.BUDGET
    assert calls == CALLS
    assert len(trials(laboratory, execution)) == SAMPLES


def test_no_verdict_is_missing_and_not_zero(laboratory: Laboratory) -> None:
    execution = run(laboratory, judges={"model": "fake/j", "args": {"ramble_rate": 1.0}})
    found = trials(laboratory, execution)
    assert {(trial.outcome, trial.value) for trial in found} == {(Outcome.UNPARSED, None)}
    assert all(len(trial.keys) == 4 for trial in found)


def test_passing_faults_of_a_judge_are_retried(laboratory: Laboratory) -> None:
    execution = run(laboratory, judges={"model": "fake/j", "args": {"fault_rate": 1.0}})
    assert {trial.outcome for trial in trials(laboratory, execution)} == {Outcome.SCORED}
    assert execution.counts.failed_tries == CALLS // 2


def test_a_dead_judge_stops_what_it_judges_and_is_named(laboratory: Laboratory) -> None:
    nowhere = {"model": "openai_compatible/x", "base_url": "http://127.0.0.1:1/v1"}
    execution = run(laboratory, judges=nowhere, retries=3)
    assert execution.ending.status is RunStatus.STOPPED
    assert "judge 'openai_compatible/x'" in str(execution.ending.dead["fake/a (balanced)"])
    assert trials(laboratory, execution) == []  # owed, not wrong


def test_temperatures_are_the_categories_unless_the_user_names_one(laboratory: Laboratory) -> None:
    spec = parse_spec({"models": "fake/a", "benchmarks": "mt_bench", "judges": "fake/j"})
    for profile, temperature, wanted in (
        ("official", 0.0, {"writing": 0.7, "math": 0.0, "stem": 0.1}),
        ("official", 0.5, {"writing": 0.5, "math": 0.5, "stem": 0.5}),
        ("bakeoff", 0.0, {"writing": 0.0, "math": 0.0, "stem": 0.0}),
    ):
        asked = {"benchmark": "mt_bench", "profile": profile}
        fields = {**spec.model_dump(), "benchmarks": asked, "sampling": {"temperature": temperature}}
        execution = run(laboratory, **fields)
        cell = laboratory.runs.cells(execution.run.id)[0]
        for sample in ("1", "2", "3"):
            trial = laboratory.trials.of_sample(cell.id, sample)[0]
            raw = laboratory.trials.raw(trial.keys)
            assert len(raw) == 4
        prepared = laboratory.prepare(parse_spec(fields))
        ready = prepared.cells[0]
        used = {
            str(sample.meta["category"]): ready.method._sampling(sample, ready.benchmark.task, 0).temperature  # type: ignore[attr-defined]
            for sample in ready.benchmark.draw
        }
        prepared.close()
        assert used == wanted


def test_who_judges_is_said_before_anything_is_spent(laboratory: Laboratory) -> None:
    with pytest.raises(ConfigInvalid, match="name a model with --judge"):
        run(laboratory, judges=[])
    with pytest.raises(ConfigInvalid, match="no profile here asks judge 'fake/j'"):
        run(laboratory, benchmarks="question_answering")
    with pytest.raises(ConfigInvalid, match="use method naive"):
        run(laboratory, methods="cot")
    with pytest.raises(ConfigInvalid, match="scorer 'judge' has no option 'rubrik': did you mean 'rubric'"):
        run(laboratory, benchmarks={"benchmark": "mt_bench", "options": {"rubrik": "x"}})


def test_any_benchmark_can_be_judged(laboratory: Laboratory) -> None:
    asked = {"benchmark": "question_answering", "scorer": "judge", "options": {"rubric": "brevity", "reference": True}}
    execution = run(laboratory, benchmarks=asked, judges="fake/j,fake/k", limit=4)
    found = trials(laboratory, execution)
    assert {len(trial.keys) for trial in found} == {3}
    assert all("turn_1_judge_2" in trial.parts for trial in found)


def test_the_signature_names_judge_scorer_and_options(laboratory: Laboratory) -> None:
    asked = {"benchmark": "question_answering", "scorer": "judge", "options": {"rubric": "a|b: c"}}
    execution = run(laboratory, benchmarks=asked, limit=2)
    cell = laboratory.runs.cells(execution.run.id)[0]
    fields, _ = read(cell.signature)
    assert parse_spec(fields).hash() == execution.run.spec.hash()


def test_a_scorer_from_a_file_that_raises_is_counted_and_owed(laboratory: Laboratory, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "class Mine:\n    def score(self, sample, extracted):\n"
        "        if sample.id.endswith('1'):\n            raise ValueError('no idea')\n        return 1.0\n"
    )
    execution = run(
        laboratory, judges=[], benchmarks={"benchmark": "question_answering", "scorer": f"{path}:Mine"}, limit=10
    )
    found = trials(laboratory, execution)
    failed = [trial for trial in found if trial.sample_id.endswith("1")]
    assert {trial.outcome for trial in found if trial not in failed} <= {Outcome.CORRECT, Outcome.UNPARSED}
    for trial in failed:
        assert (trial.outcome, trial.error_code, trial.value) == (Outcome.ERROR, "scorer-failed", None)
        assert "no idea" in str(trial.error)


def test_specs_without_judges_keep_their_hash() -> None:
    spec = parse_spec({"models": "fake/a", "benchmarks": "gsm8k"})
    measured = spec.measured()
    assert "judges" not in measured
    assert measured["benchmarks"] == [{"benchmark": "gsm8k", "split": None, "profile": "bakeoff"}]


def test_grading_again_asks_no_judge_but_finds_what_it_said(laboratory: Laboratory) -> None:
    execution = run(laboratory, name="judged")
    before = [(trial.sample_id, trial.value) for trial in trials(laboratory, execution)]
    (same,) = regrade(laboratory, "judged", "official")
    assert same.moved == [] and same.after == same.before and same.before.n == len(before)
    (unasked,) = regrade(laboratory, "judged", "bakeoff")  # its prompts are others
    assert unasked.after.n == 0
    assert "was not asked this" in str(unasked.moved[0].after.error)


def test_a_dry_run_counts_turns_and_judge_calls(laboratory: Laboratory) -> None:
    spec = {"models": "fake/a", "benchmarks": {"benchmark": "mt_bench", "profile": "official"}, "judges": "fake/j"}
    prepared = laboratory.prepare(parse_spec(spec))
    expected = forecast(prepared, laboratory.runs)
    prepared.close()
    assert expected["calls"] == CALLS
    assert run(laboratory).counts.calls == CALLS


def test_judges_are_part_of_the_cells_that_they_grade_alone(laboratory: Laboratory) -> None:
    """Another judge of one benchmark makes the cells of the other no less comparable, nor unfit to be pasted back."""
    asked: list[Any] = [{"benchmark": "mt_bench", "profile": "official"}, "question_answering"]
    prepared = laboratory.prepare(parse_spec({"models": "fake/a", "benchmarks": asked, "judges": "fake/j"}))
    try:
        judged, alone = (cell.record for cell in prepared.cells)
    finally:
        prepared.close()
    assert str(rule_of(judged)) == "official, judges fake/j"
    assert str(rule_of(alone)) == "bakeoff"
    assert "judges" not in read(alone.signature)[0]
