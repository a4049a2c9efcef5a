"""`bakeoff.run`: the one call of the Python door."""

from __future__ import annotations

import pytest

import bakeoff
from bakeoff.core.errors import UnknownName
from bakeoff.core.records import RunStatus


def test_the_fields_of_a_spec_are_its_arguments() -> None:
    summary = bakeoff.run(models="fake/a", benchmarks="question_answering", presets="balanced", limit=10)
    assert summary.status is RunStatus.COMPLETE
    assert [cell.estimate.n for cell in summary.cells] == [10]


def test_the_same_call_asks_nothing_twice() -> None:
    first = bakeoff.run(models="fake/a", benchmarks="question_answering", limit=5)
    again = bakeoff.run(models="fake/a", benchmarks="question_answering", limit=5)
    assert again.name == first.name
    assert again.cells[0].estimate == first.cells[0].estimate


def test_a_mistake_is_an_error_of_the_tree() -> None:
    with pytest.raises(UnknownName, match="did you mean 'question_answering'"):
        bakeoff.run(models="fake/a", benchmarks="question_answer")
