"""`bakeoff.run`: the one call of the Python door."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import Any

import pytest

import bakeoff
from bakeoff.core.errors import ConfigInvalid, Unavailable, UnknownName
from bakeoff.core.records import RunStatus
from tests.conftest import DataFolder

NOWHERE: dict[str, Any] = {"model": "openai_compatible/x", "base_url": "http://127.0.0.1:1/v1"}


def test_the_fields_of_a_spec_are_its_arguments() -> None:
    summary = bakeoff.run(models="fake/a", benchmarks="question_answering", presets="balanced", limit=10)
    assert summary.status is RunStatus.COMPLETE
    assert [cell.estimate.n for cell in summary.cells] == [10]


def test_the_same_call_asks_nothing_twice() -> None:
    first = bakeoff.run(models="fake/a", benchmarks="question_answering", limit=5)
    again = bakeoff.run(models="fake/a", benchmarks="question_answering", limit=5)
    assert again.name == first.name
    assert again.cells[0].estimate == first.cells[0].estimate


def test_changed_data_make_another_automatic_run_and_end_a_named_one(gsm8k_folder: DataFolder) -> None:
    gsm8k_folder(5)
    asked: dict[str, Any] = {"models": "fake/a", "benchmarks": "gsm8k"}
    first, named = bakeoff.run(**asked), bakeoff.run(**asked, name="mine")
    gsm8k_folder(7)
    with pytest.warns(RuntimeWarning, match="data-changed"):
        other = bakeoff.run(**asked)
        assert other.name.startswith(first.name + "-") and other.cells[0].estimate.n == 7
        assert bakeoff.run(**asked).name == other.name
        with pytest.raises(ConfigInvalid, match=f"data of 'gsm8k' changed since run '{named.name}' was started"):
            bakeoff.run(**asked, name="mine")
    gsm8k_folder(5)
    assert bakeoff.run(**asked).name == first.name


def test_a_mistake_is_an_error_of_the_tree() -> None:
    with pytest.raises(UnknownName, match="did you mean 'question_answering'"):
        bakeoff.run(models="fake/a", benchmarks="question_answer")


def test_inside_of_a_running_loop_it_works_as_outside() -> None:
    async def notebook() -> Any:
        return bakeoff.run(models="fake/a,fake/b", benchmarks="question_answering", limit=5)

    summary = asyncio.run(notebook())
    assert summary.status is RunStatus.COMPLETE
    assert [(cell.cell.model, cell.estimate.n) for cell in summary.cells] == [("fake/a", 5), ("fake/b", 5)]


def test_a_mistake_inside_of_a_running_loop_is_the_same_error() -> None:
    async def notebook() -> None:
        bakeoff.run(models="fake/a", benchmarks="question_answer")

    with pytest.raises(UnknownName, match="did you mean"):
        asyncio.run(notebook())


def test_an_interrupt_in_a_notebook_keeps_what_was_answered() -> None:
    slow = {"model": "fake/slow", "args": {"latency": 0.4}}

    async def notebook() -> None:
        threading.Timer(1.0, signal.raise_signal, (signal.SIGINT,)).start()
        bakeoff.run(models=slow, benchmarks="question_answering", limit=40, concurrency=2, name="cut")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(notebook())
    summary = bakeoff.run(models=slow, benchmarks="question_answering", limit=40, concurrency=40, name="cut")
    assert summary.status is RunStatus.COMPLETE and summary.seconds > 0.5


@pytest.mark.parametrize("running", [True, False])
def test_a_dead_engine_is_an_error_where_nothing_came_of_it(running: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.runner.calls.BACKOFF_FIRST", 0.001)

    def call() -> None:
        bakeoff.run(models=NOWHERE, benchmarks="question_answering", limit=3, concurrency=1)

    async def notebook() -> None:
        call()

    with pytest.raises(Unavailable, match="nothing answers at"):
        asyncio.run(notebook()) if running else call()


def test_an_engine_that_stopped_beside_one_that_did_not_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bakeoff.runner.calls.BACKOFF_FIRST", 0.001)
    with pytest.warns(RuntimeWarning, match=r"stopped openai_compatible/x \(balanced\): error\[unavailable\]"):
        summary = bakeoff.run(models=["fake/a", NOWHERE], benchmarks="question_answering", limit=3, concurrency=1)
    assert summary.status is RunStatus.STOPPED
    assert [cell.estimate.n for cell in summary.cells] == [3, 0]


def test_true_is_no_limit() -> None:
    with pytest.raises(ConfigInvalid, match="'limit': true or false is not expected here"):
        bakeoff.run(models="fake/a", benchmarks="question_answering", limit=True)
