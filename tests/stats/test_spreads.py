"""Bootstrap intervals of one column: coverage, scipy's own, and no interval where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.intervals import mean
from bakeoff.stats.spreads import bca, skewed_mean, tail

LIGHT = settings(deadline=None, database=None, max_examples=40)
SECONDS = np.random.default_rng(8).lognormal(0, 1, 60).tolist()


class TestSkewedMean:
    def test_reaches_further_where_the_tail_is(self) -> None:
        found = skewed_mean(SECONDS)
        assert found.value == pytest.approx(np.mean(SECONDS)) and found.method == "bootstrap-t95"
        assert found.low is not None and found.value is not None and found.high is not None
        assert found.high - found.value > 1.2 * (found.value - found.low)

    def test_against_a_loop(self) -> None:
        draw, n = np.random.default_rng(5), 60
        values = np.array(SECONDS)
        told = []
        for _ in range(6000):
            drawn = values[draw.integers(0, n, n)]
            told.append((drawn.mean() - values.mean()) / (drawn.std(ddof=1) / math.sqrt(n)))
        error = values.std(ddof=1) / math.sqrt(n)
        under, over = np.quantile(told, [0.025, 0.975])
        found = skewed_mean(SECONDS, resamples=6000)
        assert found.low == pytest.approx(values.mean() - over * error, rel=0.03)
        assert found.high == pytest.approx(values.mean() - under * error, rel=0.05)

    @pytest.mark.parametrize(
        ("n", "method"), [(2, "t95"), (9, "t95"), (10, "bootstrap-t95"), (99, "bootstrap-t95"), (100, "t95")]
    )
    def test_which_way_for_how_many(self, n: int, method: str) -> None:
        assert skewed_mean([0.1 * i for i in range(n)]).method == method

    def test_t_is_that_of_the_plain_mean(self) -> None:
        values = [0.2, 0.3, 0.7, 0.4]
        found, plain = skewed_mean(values, bounds=(0.0, 1.0)), mean(values, 0)
        assert (found.low, found.high) == pytest.approx((plain.low, plain.high))

    def test_nothing_one_and_alike(self) -> None:
        assert skewed_mean([], n_missing=2).value is None
        one = skewed_mean([3.0])
        assert (one.value, one.low, one.high) == (3.0, None, None)
        assert skewed_mean([3.0] * 20).low is None
        assert skewed_mean([0.5] * 20, bounds=(0.0, 1.0)).low == pytest.approx(0.5 - 0.5 * (1 - 0.05 ** (1 / 20)))
        with pytest.raises(ValueError, match="no finite number"):
            skewed_mean([1.0, math.inf])

    def test_resamples_that_are_alike_do_not_count(self) -> None:
        found = skewed_mean([0.0] * 11 + [1.0])
        assert found.high is not None and math.isfinite(found.high)

    def test_the_seed_repeats_it(self) -> None:
        assert skewed_mean(SECONDS, seed=1) == skewed_mean(SECONDS, seed=1) != skewed_mean(SECONDS, seed=2)


class TestTail:
    def test_between_ordered_values(self) -> None:
        """The median of 20: 6th to 15th value, which hold it with chance 1 - 2 × 0.0207 (tables of the sign test)."""
        found = tail([float(i) for i in range(1, 21)])
        assert (found.value, found.low, found.high, found.method) == (10.5, 6.0, 15.0, "order95")

    def test_the_bootstrap_is_as_if_values_were_resampled(self) -> None:
        values = np.array(SECONDS * 2)
        draw = np.random.default_rng(1)
        looped = [np.quantile(values[draw.integers(0, 120, 120)], 0.9) for _ in range(4000)]
        found = tail(values.tolist(), 0.9, way="bootstrap")
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(looped, [0.025, 0.975])), rel=0.05)
        assert found.method == "percentile-bootstrap95"

    @pytest.mark.parametrize(("n", "has"), [(71, False), (72, True), (200, True)])
    def test_no_interval_beyond_the_values(self, n: int, has: bool) -> None:
        assert (tail([float(i) for i in range(n)], 0.95).high is not None) == has

    def test_nothing_alike_and_senseless(self) -> None:
        assert tail([]).value is None
        assert tail([2.0] * 100).low is None
        with pytest.raises(ValueError, match="95 is no share"):
            tail([1.0], 95)
        with pytest.raises(ValueError, match="no finite number"):
            tail([math.nan])

    @LIGHT
    @given(
        st.lists(st.floats(0, 100), min_size=8, max_size=80),
        st.floats(0.3, 0.7),
        st.sampled_from(["order", "bootstrap"]),
    )
    def test_laws(self, values: list[float], share: float, way: str) -> None:
        found = tail(values, share, way="order" if way == "order" else "bootstrap")
        assert found.value == pytest.approx(float(np.quantile(values, share)))
        if found.low is not None and found.high is not None and found.value is not None:
            assert min(values) <= found.low <= found.value <= found.high <= max(values)


class TestBca:
    def test_is_scipys(self) -> None:
        from scipy.stats import bootstrap

        values = np.random.default_rng(2).random(60)
        theirs = bootstrap((values,), np.mean, n_resamples=1999, method="BCa", rng=np.random.default_rng(0))
        found = bca([values.tolist()], lambda x: float(np.mean(x)))
        assert (found.low, found.high) == pytest.approx(tuple(theirs.confidence_interval), rel=1e-9)
        assert found.method == "bca95"

    def test_columns_stay_together(self) -> None:
        draw = np.random.default_rng(3)
        a = draw.normal(size=80)
        b = a + 0.3 * draw.normal(size=80)
        found = bca([a.tolist(), b.tolist()], lambda x, y: float(np.corrcoef(x, y)[0, 1]))
        assert found.low is not None and found.low > 0.9

    def test_too_few_have_no_interval(self) -> None:
        found = bca([[0.1 * i for i in range(49)]], lambda x: float(np.median(x)))
        assert found.value == pytest.approx(2.4)
        assert (found.low, found.high) == (None, None)

    def test_what_gives_no_number_has_none(self) -> None:
        assert bca([[]], lambda x: 0.0).value is None
        assert bca([[0.0] * 60], lambda x: float(x.mean() / x.std())).value is None
        same = bca([[1.0] * 60], lambda x: float(x.mean()))
        assert (same.value, same.low) == (1.0, None)
        with pytest.raises(ValueError, match="2, 1 values are not the same items"):
            bca([[1.0, 2.0], [1.0]], lambda x, y: 0.0)


@pytest.mark.statistical
def test_coverage_of_skewed_values() -> None:
    """Lognormal: the mean of 20 where t has .87, the 95th percentile of 100 where its bootstrap has .88."""
    draw, reps = np.random.default_rng(20), 600
    of_mean = of_t = of_tail = of_bootstrap = 0
    for seed in range(reps):
        few, more = draw.lognormal(0, 1, 20).tolist(), draw.lognormal(0, 1, 100).tolist()
        found, whole = skewed_mean(few, seed=seed), np.array(few)
        ordered, drawn = tail(more, 0.95), tail(more, 0.95, way="bootstrap", seed=seed)
        for estimate in (found, ordered, drawn):
            assert estimate.low is not None and estimate.high is not None
        of_mean += float(found.low or 0) <= math.exp(0.5) <= float(found.high or 0)
        of_t += abs(whole.mean() - math.exp(0.5)) <= 2.093 * whole.std(ddof=1) / math.sqrt(20)
        truth = math.exp(1.6448536)
        of_tail += float(ordered.low or 0) <= truth <= float(ordered.high or 0)
        of_bootstrap += float(drawn.low or 0) <= truth <= float(drawn.high or 0)
    assert of_mean / reps >= 0.89 > 0.88 >= of_t / reps - 0.015
    assert of_mean > of_t
    assert of_tail / reps >= 0.935
    assert of_bootstrap / reps < 0.93
