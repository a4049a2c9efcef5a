"""Intervals for one score: reference values, laws, and what there is when nothing was graded."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.intervals import (
    at_most,
    clopper_pearson,
    guaranteed,
    mean,
    mean_of_sums,
    proportion,
    quantile,
    wilson,
)
from tests.conftest import require

LIGHT = settings(deadline=None, database=None, max_examples=60)
SHARES = st.floats(0, 1)


class TestWilson:
    @pytest.mark.parametrize(
        ("successes", "n", "low", "high"),
        [
            (81, 263, 0.2552885199, 0.366209577),
            (15, 148, 0.06238639953, 0.1604872417),
            (0, 20, 0.0, 0.1611251581),
            (1, 29, 0.006113214293, 0.1717552188),
            (8, 10, 0.4901624715, 0.9433178485),
        ],
    )
    def test_reference_values(self, successes: int, n: int, low: float, high: float) -> None:
        assert wilson(successes, n) == pytest.approx((low, high), abs=1e-9)

    @LIGHT
    @given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_laws(self, case: tuple[int, int]) -> None:
        successes, n = case
        low, high = wilson(successes, n)
        assert 0 <= low <= successes / n <= high <= 1
        assert low < high
        assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low), abs=1e-12)
        narrow = wilson(successes, n, 0.5)
        assert low <= narrow[0] <= narrow[1] <= high
        if successes < n:
            above = wilson(successes + 1, n)
            assert above[0] > low
            assert above[1] >= high
        wide = high - low
        double = wilson(2 * successes, 2 * n)
        assert double[1] - double[0] < wide

    @LIGHT
    @given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_bounds_solve_the_score_equation(self, case: tuple[int, int]) -> None:
        """Wilson's bounds are the p at which |share - p| is z standard errors of p."""
        successes, n = case
        z = statistics.NormalDist().inv_cdf(0.975)
        for bound in wilson(successes, n):
            if 0 < bound < 1:
                assert abs(successes / n - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / n), rel=1e-9)

    @pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5), (1, -1)])
    def test_what_is_no_proportion_is_refused(self, successes: int, n: int) -> None:
        with pytest.raises(ValueError, match="no proportion"):
            wilson(successes, n)

    @pytest.mark.parametrize(("n", "least"), [(10, 0.914), (30, 0.930), (100, 0.933)])
    def test_coverage(self, n: int, least: float) -> None:
        """The smallest coverage of a nominal 95 % over p from 0.02 to 0.98, enumerated exactly."""
        bounds = [wilson(k, n) for k in range(n + 1)]
        coverages = []
        for i in range(2, 99):
            p = i / 100
            chances = (math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1))
            coverages.append(
                sum(chance for chance, (low, high) in zip(chances, bounds, strict=True) if low <= p <= high)
            )
        assert min(coverages) == pytest.approx(least, abs=0.002)
        assert statistics.fmean(coverages) == pytest.approx(0.953, abs=0.004)


class TestProportion:
    def test_the_accuracy_of_nothing_is_not_zero(self) -> None:
        nothing = proportion(0, 0, 0)
        assert (nothing.value, nothing.low, nothing.high, nothing.n) == (None, None, None, 0)
        assert (nothing.lowest, nothing.highest) == (None, None)
        lost = proportion(0, 0, 7)
        assert (lost.value, lost.n_missing, lost.lowest, lost.highest) == (None, 7, 0.0, 1.0)
        assert str(lost) == "no estimate (n=0, missing=7)"

    def test_missing_items_move_the_bounds_and_not_the_value(self) -> None:
        found = proportion(18, 20, n_missing=5)
        assert found.value == 0.9
        assert (found.lowest, found.highest) == (18 / 25, 23 / 25)
        assert (found.low, found.high) == wilson(18, 20)
        assert found.method == "wilson95"
        assert str(found) == "0.900 [0.699, 0.972] (n=20, missing=5)"

    def test_the_confidence_is_in_the_name(self) -> None:
        assert proportion(1, 2, 0, confidence=0.9).method == "wilson90"
        assert proportion(1, 2, 0, confidence=0.995).method == "wilson99.5"

    @LIGHT
    @given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
    def test_laws(self, right: int, wrong: int, missing: int) -> None:
        found = proportion(right, right + wrong, missing)
        if found.value is not None and found.lowest is not None and found.highest is not None:
            assert 0 <= found.lowest <= found.value <= found.highest <= 1
            assert found.highest - found.lowest == pytest.approx(missing / (right + wrong + missing))
        else:
            assert right + wrong == 0


class TestMean:
    def test_reference_value(self) -> None:
        """t interval of 0.1..0.9, computed by hand: mean .5, s .2738613, t(8) 2.306004."""
        found = mean([i / 10 for i in range(1, 10)], 0)
        half = 2.3060041352 * 0.27386127875 / 3
        assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - half, 0.5 + half), abs=1e-9)
        assert found.method == "t95"

    def test_nothing_and_one(self) -> None:
        assert mean([], 0).value is None
        assert (mean([], 3).lowest, mean([], 3).highest) == (0.0, 1.0)
        one = mean([0.7], 1)
        assert (one.value, one.low, one.high, one.lowest, one.highest) == (0.7, 0.0, 1.0, 0.35, 0.85)

    @LIGHT
    @given(st.lists(SHARES, min_size=2, max_size=50), st.integers(0, 20))
    def test_laws(self, values: list[float], missing: int) -> None:
        found = mean(values, missing)
        assert found.value is not None and found.low is not None and found.high is not None
        assert found.lowest is not None and found.highest is not None
        assert found.value == pytest.approx(statistics.fmean(values))
        assert 0 <= found.low <= found.value + 1e-12
        assert found.value - 1e-12 <= found.high <= 1
        assert found.lowest <= found.value + 1e-12
        assert found.value - 1e-12 <= found.highest
        mirrored = mean([1 - value for value in values], missing)
        assert mirrored.low == pytest.approx(1 - found.high, abs=1e-6)
        assert mirrored.high == pytest.approx(1 - found.low, abs=1e-6)

    @LIGHT
    @given(st.lists(SHARES, min_size=2, max_size=50))
    def test_sums_say_as_much_as_the_values(self, values: list[float]) -> None:
        summed = mean_of_sums(len(values), sum(values), sum(value * value for value in values), 0)
        listed = mean(values, 0)
        assert (summed.value, summed.low, summed.high) == pytest.approx(
            (listed.value, listed.low, listed.high), abs=1e-6
        )


class TestQuantile:
    @pytest.mark.parametrize(
        ("values", "share", "expected"),
        [([1.0], 0.95, 1.0), ([1.0, 2.0], 0.5, 1.5), ([1.0, 2.0, 3.0, 4.0], 0.25, 1.75), ([1.0, 2.0, 3.0], 1.0, 3.0)],
    )
    def test_is_interpolated(self, values: list[float], share: float, expected: float) -> None:
        assert quantile(values, share) == expected

    def test_of_nothing_is_none(self) -> None:
        assert quantile([], 0.5) is None

    @LIGHT
    @given(st.lists(st.floats(0, 1000), min_size=2, max_size=40))
    def test_agrees_with_the_standard_library(self, values: list[float]) -> None:
        ordered = sorted(values)
        cuts = statistics.quantiles(ordered, n=20, method="inclusive")
        assert quantile(ordered, 0.95) == pytest.approx(cuts[-1])
        assert quantile(ordered, 0.5) == pytest.approx(statistics.median(ordered))


def test_equal_values_are_not_certain() -> None:
    found = mean([1.0, 1.0, 1.0], 0)
    assert found.low == pytest.approx(0.05 ** (1 / 3))  # of three alike: up to 63 % of the rest may differ
    assert found.high == 1.0
    many = mean([0.7] * 1000, 0)
    assert many.low is not None
    assert 0.697 < many.low < 0.7


class TestGuarantees:
    def test_reference_value(self) -> None:
        assert clopper_pearson(8, 10) == pytest.approx((0.4439045377, 0.9747892737), abs=1e-9)

    @LIGHT
    @given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
    def test_agrees_with_scipy_and_holds_wilson_less_tightly(self, case: tuple[int, int]) -> None:
        from scipy.stats import binomtest

        successes, n = case
        theirs = binomtest(successes, n).proportion_ci(method="exact")
        assert clopper_pearson(successes, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
        low, high = clopper_pearson(n - successes, n)
        assert (1 - high, 1 - low) == pytest.approx(clopper_pearson(successes, n), abs=1e-9)

    @pytest.mark.parametrize("n", [10, 30, 100])
    def test_covers_at_least_as_often_as_it_says(self, n: int) -> None:
        bounds = [clopper_pearson(k, n) for k in range(n + 1)]
        for i in range(2, 99):
            p = i / 100
            chances = (math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1))
            covered = sum(chance for chance, (low, high) in zip(chances, bounds, strict=True) if low <= p <= high)
            assert covered >= 0.95

    @pytest.mark.parametrize("n", [1, 20, 60, 1000])
    def test_no_failure_is_at_most_three_in_n(self, n: int) -> None:
        found = at_most(0, n)
        assert (found.value, found.low) == (0.0, 0.0)
        assert found.high == pytest.approx(1 - 0.05 ** (1 / n))
        if n >= 20:
            assert found.high == pytest.approx(3 / n, rel=0.08)

    def test_as_estimates(self) -> None:
        found = guaranteed(8, 10, n_missing=5)
        assert (found.low, found.high) == clopper_pearson(8, 10)
        assert (found.n, found.n_missing, found.method) == (10, 5, "clopper-pearson95")
        assert (found.lowest, found.highest) == (8 / 15, 13 / 15)
        assert at_most(2, 50).method == "clopper-pearson-upper95"
        assert (guaranteed(0, 0).value, guaranteed(0, 0).low, at_most(0, 0).low) == (None, None, None)
        with pytest.raises(ValueError, match="no proportion"):
            clopper_pearson(3, 2)

    def test_agrees_with_statsmodels(self) -> None:
        require("statsmodels")
        from statsmodels.stats.proportion import proportion_confint

        for successes, n in ((0, 20), (3, 7), (81, 263), (20, 20)):
            assert clopper_pearson(successes, n) == pytest.approx(proportion_confint(successes, n, method="beta"))
            assert wilson(successes, n) == pytest.approx(proportion_confint(successes, n, method="wilson"))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="no finite number"):
        mean([0.1, bad], 0)
    with pytest.raises(ValueError, match="no finite number"):
        mean([bad], 0)
