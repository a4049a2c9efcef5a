"""What a comparison says when the cells do not fit each other, or do not say anything: never a made-up number."""

from __future__ import annotations

import pytest

from bakeoff.core.errors import NotComparable
from bakeoff.core.records import CellRecord
from bakeoff.core.types import ModelIdentity, Outcome, Trial
from bakeoff.reports.compare import Comparison, compare

CELL = CellRecord(1, 0, "m", "balanced", "gsm8k", "cot", "bakeoff", ModelIdentity("fake", "m"), "r", "d", 10, "sig")


def trials(first: int, outcomes: list[Outcome], value: float | None = None) -> list[Trial]:
    values = {Outcome.CORRECT: 1.0, Outcome.INCORRECT: 0.0, Outcome.SCORED: value}
    return [Trial(0, f"s{first + i}", 0, outcome, values.get(outcome)) for i, outcome in enumerate(outcomes)]


def compared(a: list[Trial], b: list[Trial], looked: str = "") -> Comparison:
    return compare(("a", "b"), (CELL, CELL), (a, b), looked)


RIGHT, WRONG, CUT = [Outcome.CORRECT], [Outcome.INCORRECT], [Outcome.TRUNCATED]


def test_the_shared_samples_are_stated_where_the_cells_have_others_too() -> None:
    found = compared(trials(0, RIGHT * 30), trials(10, WRONG * 30))
    assert (found.asked, found.shared, found.difference.n) == ((30, 30), 20, 20)
    assert "20 samples shared, of 30 and 30" in found.verdict
    assert "shared" not in compared(trials(0, RIGHT * 30), trials(0, WRONG * 30)).verdict


def test_a_small_cell_within_a_large_one_is_compared() -> None:
    assert compared(trials(0, RIGHT * 1000), trials(0, WRONG * 20)).difference.n == 20


@pytest.mark.parametrize(("first", "said"), [(30, "share no samples"), (25, "too few to speak for either")])
def test_too_few_shared_samples_are_no_comparison(first: int, said: str) -> None:
    with pytest.raises(NotComparable, match=said):
        compared(trials(0, RIGHT * 30), trials(first, WRONG * 30))


def test_all_missing_is_nothing_to_compare() -> None:
    found = compared(trials(0, CUT * 30), trials(0, RIGHT * 30))
    assert (found.difference.value, found.p, found.difference.n_missing) == (None, None, 30)
    assert found.verdict.startswith("Nothing to compare") and not found.shown


@pytest.mark.parametrize("looked", ["", "run 'x' is not finished"])
@pytest.mark.parametrize("outcomes", [RIGHT * 30, WRONG * 30])
def test_alike_in_everything_shows_nothing(outcomes: list[Outcome], looked: str) -> None:
    found = compared(trials(0, outcomes), trials(0, outcomes), looked)
    assert found.difference.value == 0 and found.p == 1 and not found.shown
    assert found.difference.low is not None and found.difference.low < 0  # and is not certain


@pytest.mark.parametrize("looked", ["", "run 'x' is not finished"])
def test_one_sample_shows_nothing(looked: str) -> None:
    found = compared(trials(0, RIGHT), trials(0, WRONG), looked)
    assert not found.shown and found.verdict.startswith("No difference shown")


def test_a_peeked_test_costs_what_it_has_to() -> None:
    a = trials(0, RIGHT * 8 + WRONG * 32)
    b = trials(0, WRONG * 8 + RIGHT * 22 + WRONG * 10)
    fixed, peeked = compared(a, b), compared(a, b, "run 'x' is not finished")
    assert fixed.shown and not peeked.shown
    assert peeked.p is not None and fixed.p is not None and peeked.p > fixed.p
    assert "holds at any look" in peeked.verdict


def test_scores_of_one_value_have_no_certain_difference() -> None:
    found = compared(trials(0, [Outcome.SCORED] * 5, 0.5), trials(0, [Outcome.SCORED] * 5, 0.5))
    assert found.difference.value == 0 and not found.shown
    assert found.difference.low is not None and found.difference.low < 0


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        compared(trials(0, [Outcome.SCORED] * 5, float("nan")), trials(0, [Outcome.SCORED] * 5, 0.5), "looked at")
