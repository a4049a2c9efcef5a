"""Items × prompts and items × repeats: the analysis of variance, and intervals that hold over prompts."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from bakeoff.stats.crossed import _mean_squares, crossed, flips, repeats
from bakeoff.stats.intervals import mean, wilson

LIGHT = settings(deadline=None, database=None, max_examples=40)
TABLES = arrays.arrays(
    np.float64, st.tuples(st.integers(2, 12), st.integers(2, 6)), elements=st.sampled_from([0.0, 0.25, 1.0])
)


def drawn(seed: int, items: int, prompts: int, spread: float) -> NDArray[np.float64]:
    """Right and wrong, where prompts shift the chance of every item by `spread` (SD); the mean over all is .5."""
    draw = np.random.default_rng(seed)
    chance = 0.5 + draw.normal(0, spread, prompts)[None, :] + draw.uniform(-0.3, 0.3, items)[:, None]
    return (draw.random((items, prompts)) < np.clip(chance, 0, 1)).astype(float)


def named(prompts: int) -> list[str]:
    return [f"p{i}" for i in range(prompts)]


class TestCrossed:
    def test_mean_squares_are_those_of_a_regression(self) -> None:
        table = drawn(1, 9, 4, 0.1)
        rows, columns = np.indices(table.shape).reshape(2, -1)
        y = table.reshape(-1)
        one, items, prompts = np.ones((36, 1)), np.eye(9)[rows][:, 1:], np.eye(4)[columns][:, 1:]
        left = [sm.OLS(y, np.hstack(part)).fit().ssr for part in ([one], [one, items], [one, items, prompts])]
        of_items, of_prompts, residual = _mean_squares(table)
        assert of_items == pytest.approx((left[0] - left[1]) / 8)
        assert of_prompts == pytest.approx((left[1] - left[2]) / 3)
        assert residual == pytest.approx(left[2] / 24)

    def test_by_the_formula(self) -> None:
        table = drawn(1, 200, 6, 0.1)
        found = crossed(table, named(6))
        of_items, of_prompts, left = _mean_squares(table)
        error = np.sqrt((of_items + max(of_prompts - left, 0)) / (200 * 6))
        assert found.over_prompts.value == pytest.approx(table.mean())
        assert found.over_prompts.high == pytest.approx(table.mean() + 2.570581836 * error)
        assert found.over_prompts.method == "crossed-t5-95"
        assert found.these_prompts == mean(table.mean(axis=1).tolist(), 0)
        assert found.sd_observed == pytest.approx(table.mean(axis=0).std(ddof=1))
        means = table.mean(axis=0)
        assert (found.worst, found.best) == (f"p{means.argmin()}", f"p{means.argmax()}")
        assert found.prompts[2][1].value == pytest.approx(means[2])

    def test_prompts_that_do_not_matter_have_no_spread(self) -> None:
        column = [[1.0], [0.0], [1.0], [1.0]]
        found = crossed(np.repeat(column, 5, axis=1), named(5))
        assert (found.sd_prompts, found.sd_observed) == (0.0, 0.0)
        assert found.caution == ""

    def test_little_to_say(self) -> None:
        one = crossed([[1.0], [0.0]], ["only"])
        assert (one.over_prompts.low, one.over_prompts.high) == (0.0, 1.0)
        assert one.caution == "one prompt says nothing of others"
        assert crossed([], []).over_prompts.value is None
        assert crossed([[1.0, 1.0]] * 3, ["a", "b"]).caution == "2 prompts: 5 or more are wanted"
        alike = crossed([[1.0] * 5] * 3, named(5)).over_prompts
        assert alike.low is not None and alike.low < 0.5
        with pytest.raises(ValueError, match="1 names for 2 prompts"):
            crossed([[1.0, 0.0]], ["a"])
        with pytest.raises(ValueError, match="no finite numbers"):
            crossed([[float("nan")]], ["a"])

    @LIGHT
    @given(TABLES)
    def test_laws(self, table: NDArray[np.float64]) -> None:
        found = crossed(table, named(table.shape[1]))
        turned = crossed(table[::-1, ::-1], named(table.shape[1])[::-1])
        over = found.over_prompts
        assert over.value is not None and over.low is not None and over.high is not None
        assert 0 <= over.low <= over.value <= over.high <= 1
        assert turned.over_prompts.low == pytest.approx(over.low)
        assert found.sd_prompts is not None and found.sd_observed is not None
        assert found.sd_prompts <= found.sd_observed + 1e-12


class TestFlips:
    def test_by_hand(self) -> None:
        a = [[1.0, 0, 0, 0, 1], [0.0, 0, 0, 0, 0]]
        b = [[1.0, 1, 1, 1, 0], [0.0, 1, 0, 0, 0]]
        found = flips(a, b)
        assert found.differences == (0.0, 1.0, 0.5, 0.5, -0.5)
        assert found.rate.value == pytest.approx(1.5 / 5)  # one turned around, one equal
        assert (found.rate.low, found.rate.high) == pytest.approx(wilson(1.5, 5))
        assert flips(b, a).rate == found.rate

    def test_no_flip_seen_is_not_none_possible(self) -> None:
        found = flips([[0.0] * 5] * 4, [[1.0] * 5] * 4)
        assert (found.rate.value, found.rate.low) == (0.0, 0.0)
        assert found.rate.high == pytest.approx(0.4345, abs=1e-4)

    def test_no_order_no_flip(self) -> None:
        assert flips([[1.0, 0.0]], [[0.0, 1.0]]).rate.value is None
        assert flips([], []).rate.value is None
        with pytest.raises(ValueError, match="no pairs"):
            flips([[1.0]], [[1.0, 0.0]])


class TestRepeats:
    def test_variance_is_taken_apart(self) -> None:
        draw = np.random.default_rng(0)
        chance = draw.uniform(0, 1, 4000)  # between: 1/12; within: the mean of p(1-p), 1/6
        found = repeats((draw.random((4000, 3)) < chance[:, None]).astype(float))
        assert found.between == pytest.approx(1 / 12, abs=0.006)
        assert found.within == pytest.approx(1 / 6, abs=0.006)
        assert found.within_share == pytest.approx((1 / 18) / (1 / 12 + 1 / 18), abs=0.02)
        assert found.enough in (8, 9)  # 4 x (1/6) / (1/12), as estimated
        assert found.sd_repeats is not None and found.sd_repeats < 0.02

    def test_answers_that_never_change(self) -> None:
        found = repeats([[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])
        assert (found.within, found.within_share, found.sd_repeats, found.enough) == (0.0, 0.0, 0.0, 1)
        assert found.mean == mean([1.0, 0.0, 1.0], 0)

    def test_items_that_do_not_differ_have_no_enough(self) -> None:
        found = repeats([[1.0, 0.0], [0.0, 1.0]])
        assert (found.between, found.enough) == (0.0, None)

    def test_one_repeat_says_nothing_of_luck(self) -> None:
        found = repeats([[1.0], [0.0]])
        assert found.mean.value == 0.5
        assert found.within is None
        assert repeats([]).mean.value is None

    @LIGHT
    @given(TABLES)
    def test_laws(self, table: NDArray[np.float64]) -> None:
        found = repeats(table)
        assert found.between is not None and found.within is not None and found.within_share is not None
        assert found.between >= 0
        assert found.within >= 0
        assert 0 <= found.within_share <= 1


@pytest.mark.statistical
def test_a_claim_over_prompts_holds_and_one_from_items_alone_does_not() -> None:
    """Ten prompts that move the mean by 5 points (SD), 400 items: the truth is that of all such prompts."""
    over = these = 0
    for seed in range(600):
        found = crossed(drawn(seed, 400, 10, 0.05), named(10))
        for estimate, kind in ((found.over_prompts, 0), (found.these_prompts, 1)):
            assert estimate.low is not None and estimate.high is not None
            held = estimate.low <= 0.5 <= estimate.high
            over, these = over + (held and kind == 0), these + (held and kind == 1)
    assert over / 600 >= 0.935
    assert these / 600 <= 0.80
