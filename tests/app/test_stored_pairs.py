"""A discordance from the store: what is counted, and when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.app.stored_pairs import LEAST, find_discordance
from bakeoff.cli.main import main

ARMS = [("fake/a", "naive"), ("fake/b", "naive")]


@pytest.fixture
def laboratory() -> Iterator[Laboratory]:
    found = Laboratory(Settings.load(None))
    yield found
    found.close()


def _run(*args: str) -> None:
    with pytest.raises(SystemExit):
        main(["run", "-m", "fake/a,fake/b", "-q", *args])


def _find(laboratory: Laboratory, benchmark: str = "question_answering") -> str | None:
    found = find_discordance(benchmark, ARMS, laboratory.runs, laboratory.trials)
    return None if found is None else found.told


def test_none_is_stored(laboratory: Laboratory) -> None:
    assert _find(laboratory) is None
    _run("-b", "question_answering", "--name", "other")
    assert _find(laboratory, "text_generation") is None


def test_too_few_shared_samples_say_too_little(laboratory: Laboratory) -> None:
    _run("-b", "question_answering", "-n", str(LEAST - 1), "--name", "small")
    assert _find(laboratory) is None
    _run("-b", "question_answering", "-n", str(LEAST), "--name", "enough")
    assert "on 30 samples" in (_find(laboratory) or "")


def test_the_newest_of_equally_near_runs(laboratory: Laboratory) -> None:
    _run("-b", "question_answering", "--name", "old")
    _run("-b", "question_answering", "--seed", "4", "--name", "new")
    assert (_find(laboratory) or "").endswith("in run 'new'")


def test_faults_are_left_out_and_repeats_count_once(laboratory: Laboratory) -> None:
    _run("-b", "question_answering", "--repeats", "3", "--name", "thrice")
    found = find_discordance("question_answering", ARMS, laboratory.runs, laboratory.trials)
    assert found is not None and found.estimate is not None
    assert found.estimate.n == 44
    assert not found.graded


def test_graded_scores_have_a_mean_squared_difference(laboratory: Laboratory) -> None:
    _run("-b", "summarisation", "--name", "graded")
    found = find_discordance("summarisation", ARMS, laboratory.runs, laboratory.trials)
    assert found is not None
    assert found.graded
    assert found.told.startswith("mean squared difference of scores, measured on")
    assert found.share is not None and 0 < found.share < 1


def test_models_set_up_as_planned_come_before_newer_ones(laboratory: Laboratory) -> None:
    """A run of the same names with other arguments says little: here all of its answers are right."""
    _run("-b", "question_answering", "--name", "alike")
    _run("-b", "question_answering", "--model-args", "accuracy=1", "--name", "sure")
    run = next(run for run in laboratory.runs.all() if run.name == "alike")
    planned = {cell.identity for cell in laboratory.runs.cells(run.id)}
    found = find_discordance("question_answering", ARMS, laboratory.runs, laboratory.trials, planned)
    assert found is not None and found.told.endswith("in run 'alike'")
    assert (_find(laboratory) or "").endswith("in run 'sure'")
    other = {replace(one, settings="other") for one in planned}
    found = find_discordance("question_answering", ARMS, laboratory.runs, laboratory.trials, other)
    assert found is not None and found.told.endswith("; other settings or address than planned")


def test_a_run_that_stopped_early_comes_last_and_is_named(laboratory: Laboratory) -> None:
    early = ("-b", "text_generation,function_calling", "--decide", "difference", "--alpha", "0.49", "--batch", "32")
    _run(*early, "--name", "early")
    told = _find(laboratory, "function_calling") or ""
    assert told.endswith("in run 'early'; it was stopped early")
    _run("-b", "function_calling", "--name", "full")
    _run(*early, "--seed", "5", "--name", "again")
    assert (_find(laboratory, "function_calling") or "").endswith("in run 'full'")
