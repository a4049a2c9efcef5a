"""Repeats of a sample are one sample: twenty answers to twelve questions are twelve questions."""

from __future__ import annotations

import pytest

from bakeoff.core.records import Measure
from bakeoff.core.types import Estimate, Outcome, Trial
from bakeoff.reports.compare import compare
from bakeoff.reports.summary import CellTally
from tests.reports.test_renderers import cell


def measure(sample: int, value: float | None, outcome: Outcome | None = None) -> Measure:
    kind = outcome or (Outcome.CORRECT if value else Outcome.INCORRECT)
    return Measure(kind, value, 0.1, 1, 1, 0.0, 0, f"s{sample}")


def summed(values: list[list[float | None]]) -> CellTally:
    tally = CellTally()
    for sample, repeats in enumerate(values):
        for value in repeats:
            tally.add(measure(sample, value, Outcome.ERROR if value is None else None))
    return tally


def estimate(values: list[list[float | None]]) -> Estimate:
    planned = sum(map(len, values))
    return summed(values).summary(cell(planned=planned), "0").estimate


def width(found: Estimate) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_identical_repeats_say_no_more_than_one() -> None:
    once = estimate([[1.0], [0.0], [1.0], [1.0], [0.0], [1.0]])
    often = estimate([[1.0] * 20, [0.0] * 20, [1.0] * 20, [1.0] * 20, [0.0] * 20, [1.0] * 20])
    assert often.n == once.n == 6
    assert often.value == pytest.approx(once.value)
    assert width(often) >= width(once)


def test_repeats_that_vary_tell_more_than_one_and_less_than_as_many_samples() -> None:
    values: list[list[float | None]] = [[float((i + j) % 2) for j in range(4)] for i in range(10)]
    found = estimate(values)
    once = estimate([row[:1] for row in values])
    assert found.n == 10
    assert found.value == 0.5
    assert width(found) < width(once)


def test_a_sample_is_missing_when_none_of_its_repeats_was_graded() -> None:
    found = estimate([[1.0, None], [None, None], [0.0, 1.0]])
    assert (found.n, found.n_missing) == (2, 1)
    assert found.value == pytest.approx(0.75)


def trial(sample: int, repeat: int, value: float) -> Trial:
    return Trial(0, f"s{sample}", repeat, Outcome.CORRECT if value else Outcome.INCORRECT, value)


def test_repeats_do_not_make_a_difference_out_of_none() -> None:
    a = [trial(s, r, float(s % 2)) for s in range(12) for r in range(20)]
    b = [trial(s, r, float(s % 2 if s < 9 else 0)) for s in range(12) for r in range(20)]
    found = compare(("a", "b"), (cell(), cell()), (a, b))
    assert found.difference.n == 12
    assert (found.both, found.improved, found.regressed, found.neither) == (4, 0, 2, 6)
    assert found.p is not None
    assert found.p > 0.05
    assert len(found.pairs) == 40


def test_a_scorer_of_partial_credit_has_one_mean_over_all_that_it_graded() -> None:
    """It gives 0, 0.5 or 1: what is stored as wrong and right is a score like the others."""
    tally = CellTally()
    for place, value in enumerate([1.0, 1.0, 1.0, 0.5, 0.0, 0.0]):
        tally.add(measure(place, value, Outcome.SCORED if value == 0.5 else None))
    tally.add(measure(6, None, Outcome.UNPARSED))
    found = tally.summary(cell(planned=8), "0").estimate
    assert (found.n, found.n_missing, found.method) == (6, 2, "t95")
    assert found.value == pytest.approx(3.5 / 6)
    assert found.low is not None and found.value is not None and found.high is not None
    assert found.low < found.value < found.high
    assert found.lowest == pytest.approx(3.5 / 8)
    assert found.highest == pytest.approx(5.5 / 8)
