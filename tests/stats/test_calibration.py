"""Calibration: hand values, a loop as reference, laws, and simulated models whose error is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.calibration import Calibration, calibration, edges_of
from bakeoff.stats.intervals import mean, wilson

LIGHT = settings(deadline=None, database=None, max_examples=40)
ITEMS = st.lists(st.tuples(st.floats(0, 1).map(lambda x: round(x, 3)), st.booleans()), min_size=1, max_size=80)


def of(pairs: list[tuple[float, bool]], seed: int = 0) -> Calibration:
    found = calibration([said for said, _ in pairs], [right for _, right in pairs], seed=seed, resamples=200)
    assert found is not None
    return found


class TestByHand:
    SAID = [0.9] * 10 + [0.6] * 10
    RIGHT = [True] * 8 + [False] * 2 + [True] * 5 + [False] * 5

    def test_two_bins(self) -> None:
        found = calibration(self.SAID, self.RIGHT)
        assert found is not None
        assert [(one.low, one.high, one.right.n) for one in found.bins] == [(0.6, 0.6, 10), (0.9, 0.9, 10)]
        assert [one.confidence for one in found.bins] == pytest.approx([0.6, 0.9])
        assert [one.right.value for one in found.bins] == [0.5, 0.8]
        assert (found.bins[1].right.low, found.bins[1].right.high) == pytest.approx(wilson(8, 10))
        assert found.plain == pytest.approx(0.5 * 0.1 + 0.5 * 0.1)
        assert found.brier.value == pytest.approx((8 * 0.01 + 2 * 0.81 + 5 * 0.16 + 5 * 0.36) / 20)
        assert (found.confidence, found.share) == pytest.approx((0.75, 0.65))

    def test_the_brier_interval_is_t_of_squared_errors(self) -> None:
        found = calibration(self.SAID, self.RIGHT, n_missing=3)
        squared = [(said - right) ** 2 for said, right in zip(self.SAID, self.RIGHT, strict=True)]
        assert found is not None and found.brier == mean(squared, 3)
        assert (found.ece.n, found.ece.n_missing, found.ece.method) == (20, 3, "debiased-bootstrap95")

    def test_what_chance_adds_is_taken_off(self) -> None:
        """One bin: the mean of |N(gap, error)| by numbers, against the closed form."""
        said, right = [0.7] * 10, [True] * 6 + [False] * 4
        gaps = np.array(said) - np.array(right)
        gap, error = gaps.mean(), gaps.std(ddof=1) / math.sqrt(10)
        folded = abs(np.random.default_rng(3).normal(gap, error, 2_000_000)).mean()
        found = calibration(said, right)
        assert found is not None and found.plain == pytest.approx(0.1)
        assert found.ece.value == pytest.approx(max(0.0, 2 * abs(gap) - folded), abs=5e-4)

    def test_sure_and_always_wrong(self) -> None:
        found = of([(1.0, False)] * 30)
        assert (found.plain, found.ece.value, found.ece.low, found.brier.value) == (1.0, 1.0, 1.0, 1.0)
        assert found.shown and found.p == pytest.approx(1 / 201)

    def test_sure_and_always_right(self) -> None:
        found = of([(1.0, True)] * 30)
        assert (found.plain, found.ece.value, found.ece.low, found.ece.high) == (0.0, 0.0, 0.0, 0.0)
        assert not found.shown and found.p == 1.0


class TestBins:
    def test_as_many_items_each(self) -> None:
        assert edges_of(np.linspace(0, 1, 100)) == list(range(0, 101, 10))
        assert edges_of(np.linspace(0, 1, 25)) == [0, 12, 25]
        assert edges_of(np.linspace(0, 1, 9)) == [0, 9]

    def test_equal_confidences_are_not_parted(self) -> None:
        said = np.array([0.2] * 15 + [0.5] * 70 + [0.9] * 15)
        assert edges_of(said) == [0, 15, 85, 100]

    def test_against_a_loop(self) -> None:
        """Quantile bins as scikit-learn's `calibration_curve` draws them, where no two are equal."""
        draw = np.random.default_rng(5)
        said = draw.uniform(0.3, 1, 200)
        right = draw.random(200) < said**2
        found = calibration(said, right.tolist())
        assert found is not None and len(found.bins) == 10
        ece = 0.0
        for chosen, one in zip(np.array_split(np.argsort(said), 10), found.bins, strict=True):
            assert one.confidence == pytest.approx(said[chosen].mean())
            assert one.right.value == pytest.approx(right[chosen].mean())
            ece += len(chosen) / 200 * abs(said[chosen].mean() - right[chosen].mean())
        assert found.plain == pytest.approx(ece)
        assert found.brier.value == pytest.approx(np.mean((said - right) ** 2))


class TestLaws:
    @LIGHT
    @given(ITEMS, st.randoms(use_true_random=False))
    def test_the_order_of_items_says_nothing(self, pairs: list[tuple[float, bool]], draw: random.Random) -> None:
        turned = list(pairs)
        draw.shuffle(turned)
        assert of(turned) == of(pairs)

    @LIGHT
    @given(ITEMS)
    def test_the_bins_hold_every_item_once_and_the_numbers_have_their_bounds(
        self, pairs: list[tuple[float, bool]]
    ) -> None:
        found = of(pairs)
        assert sum(one.right.n for one in found.bins) == len(pairs)
        ends = [end for one in found.bins for end in (one.low, one.high)]
        assert ends == sorted(ends) and all(one.low <= one.confidence <= one.high for one in found.bins)
        ece = found.ece
        assert ece.value is not None and ece.low is not None and ece.high is not None
        assert 0 <= ece.low <= ece.value <= ece.high <= 1
        assert ece.value <= found.plain + 1e-12 and 0 < found.p <= 1
        assert abs(found.confidence - found.share) <= found.plain + 1e-12  # the gap of one bin over all

    @LIGHT
    @given(st.lists(st.booleans(), min_size=1, max_size=60))
    def test_a_coin_that_says_a_half_has_a_brier_score_of_a_quarter(self, right: list[bool]) -> None:
        assert of([(0.5, one) for one in right]).brier.value == pytest.approx(0.25)


class TestOdd:
    def test_nothing_and_one(self) -> None:
        assert calibration([], []) is None
        found = of([(0.75, True)])
        assert (found.brier.value, found.brier.low, found.brier.high) == (0.0625, 0.0, 1.0)
        assert (found.ece.low, found.ece.high) == (0.0, 1.0)

    @pytest.mark.parametrize("said", [[1.2], [-0.1], [math.nan]])
    def test_what_is_no_probability(self, said: list[float]) -> None:
        with pytest.raises(ValueError, match="confidences"):
            calibration(said, [True])

    def test_two_lengths(self) -> None:
        with pytest.raises(ValueError, match="2 confidences do not fit 1"):
            calibration([0.5, 0.6], [True])

    def test_the_seed_repeats_it(self) -> None:
        pairs = [(0.5 + i / 200, i % 3 > 0) for i in range(90)]
        assert of(pairs, 1) == of(pairs, 1) != of(pairs, 2)

    def test_many_items_are_drawn_in_sums(self) -> None:
        """Beyond 20,000 items as normal numbers: the interval is that of the items themselves."""
        draw = np.random.default_rng(2)
        said = draw.uniform(0.5, 1, 20_001)
        right = (draw.random(20_001) < said - 0.1).tolist()
        many, fewer = calibration(said, right), calibration(said[:-1], right[:-1])
        assert many is not None and fewer is not None
        for one, other in ((many.ece.low, fewer.ece.low), (many.ece.high, fewer.ece.high)):
            assert one is not None and other is not None and one == pytest.approx(other, abs=1e-3)


def covered(items: int, runs: int, truth: Callable[[float], float], seed: int) -> tuple[float, float, float, float]:
    """Coverage of the ECE interval, mean debiased and plain ECE, and how often an error was shown."""
    draw = np.random.default_rng(seed)

    def said(count: int) -> list[float]:
        return [1 / (1 + math.exp(-abs(logit))) for logit in draw.normal(0, 2, count)]

    error = float(np.mean([abs(one - truth(one)) for one in said(100_000)]))
    hits, debiased, plain, shown = 0, 0.0, 0.0, 0
    for _ in range(runs):
        confidences = said(items)
        right = [bool(draw.random() < truth(one)) for one in confidences]
        found = calibration(confidences, right, resamples=400)
        assert found is not None and found.ece.low is not None and found.ece.high is not None
        hits += found.ece.low <= error <= found.ece.high
        debiased, plain, shown = debiased + (found.ece.value or 0.0), plain + found.plain, shown + found.shown
    return hits / runs, debiased / runs, plain / runs, shown / runs


@pytest.mark.statistical
@pytest.mark.parametrize("items", [100, 500])
def test_a_calibrated_model_is_covered_and_seldom_called_miscalibrated(items: int) -> None:
    coverage, debiased, plain, shown = covered(items, 400, lambda said: said, seed=items)
    assert coverage >= 0.93 and shown <= 0.08
    assert debiased < 0.75 * plain


@pytest.mark.statistical
@pytest.mark.parametrize(("items", "temperature"), [(100, 1.3), (100, 2.0), (500, 1.3), (500, 4.0)])
def test_an_overconfident_model_is_covered(items: int, temperature: float) -> None:
    """Its logits are too large by a factor, as those of Guo et al. 2017."""

    def truth(said: float) -> float:
        return float(1 / (1 + ((1 - said) / said) ** (1 / temperature)))

    coverage, debiased, plain, _ = covered(items, 300, truth, seed=items + int(10 * temperature))
    assert coverage >= 0.92
    assert debiased < plain
