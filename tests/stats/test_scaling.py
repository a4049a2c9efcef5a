"""Small against large: a published pair of models, prices that exist and prices that do not, and laws."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.discrete.discrete_model import Logit

from bakeoff.core.types import Estimate
from bakeoff.stats.effects import error_cut, relative_risk
from bakeoff.stats.intervals import proportion
from bakeoff.stats.paired import compare_binary
from bakeoff.stats.scaling import (
    Contender,
    chance_corrected,
    icer,
    logit_slope,
    parameter_efficiency,
    pareto,
    per_unit,
    quantile_ratio,
    rate_ratio,
    ratio,
    scaled,
)

LIGHT = settings(deadline=None, database=None, max_examples=40)
Floats = NDArray[np.float64]
SWE_BENCH = (274, 25, 79, 122)  # gpt-5-mini and sonnet-4.5 on 500 items; counts that give the published figures
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)


def _interval(found: Estimate) -> tuple[float, float, float]:
    assert found.value is not None and found.low is not None and found.high is not None
    return found.value, found.low, found.high


def _answers(counts: tuple[int, int, int, int]) -> tuple[Floats, Floats]:
    """The scores of A and B on as many items."""
    cells = [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]
    table = np.repeat(np.array(cells), counts, axis=0)
    return table[:, 0], table[:, 1]


class TestPublishedPair:
    def test_the_difference(self) -> None:
        assert _interval(compare_binary(*SWE_BENCH).difference) == pytest.approx((0.108, 0.070, 0.148), abs=5e-4)

    def test_the_ratio(self) -> None:
        assert _interval(relative_risk(*SWE_BENCH)) == pytest.approx((1.181, 1.110, 1.256), abs=6e-4)

    def test_the_errors(self) -> None:
        assert error_cut(*SWE_BENCH).value == pytest.approx((201 - 147) / 201)

    def test_the_price(self) -> None:
        """The costs are made up to have the published means: $0.035 and $0.558 an item, so $4.84 a solved one."""
        right_a, right_b = _answers(SWE_BENCH)
        rng = np.random.default_rng(1)
        spread = rng.gamma(2.0, 0.5, (2, 500))
        cost_a, cost_b = 0.0354 * spread[0] / spread[0].mean(), 0.5584 * spread[1] / spread[1].mean()
        found = icer(right_a, right_b, cost_a, cost_b)
        assert found.reason is None
        assert found.cost.value == pytest.approx(0.523)
        value, low, high = _interval(found.icer)
        assert value == pytest.approx(4.843, abs=0.001)
        assert (low, high) == pytest.approx((3.52, 7.46), rel=0.06)
        assert per_unit(right_a, cost_a).value == pytest.approx(16.9, abs=0.05)
        assert per_unit(right_b, cost_b).value == pytest.approx(1.26, abs=0.005)


class TestChanceCorrected:
    def test_guessing_is_nothing(self) -> None:
        assert chance_corrected(proportion(25, 100, 0), 4).value == 0.0
        assert chance_corrected(proportion(100, 100, 0), 4).value == 1.0

    def test_all_of_it_is_moved(self) -> None:
        plain = proportion(70, 100, 5)
        found = chance_corrected(plain, 4)
        assert found.low is not None and plain.low is not None
        assert found.low == pytest.approx((plain.low - 0.25) / 0.75)
        assert (found.n, found.n_missing, found.method) == (100, 5, "wilson95-chance4")
        assert found.lowest == pytest.approx((70 / 105 - 0.25) / 0.75)
        assert chance_corrected(proportion(0, 0, 3), 2).value is None

    def test_one_choice(self) -> None:
        with pytest.raises(ValueError, match="at least two"):
            chance_corrected(proportion(1, 2, 0), 1)


class TestLogitSlope:
    def test_by_hand(self) -> None:
        value, low, high = _interval(logit_slope(SWE_BENCH, 8, 14))
        gain = math.log(353 / 147) - math.log(299 / 201)
        assert value == pytest.approx(gain / math.log2(14 / 8))
        assert low < value < high

    def test_the_error_is_that_of_clustered_logistic_regression(self) -> None:
        right = np.stack(_answers(SWE_BENCH), axis=1).ravel()
        large = np.tile([0.0, 1.0], 500)
        fit = Logit(right, np.column_stack([np.ones(1000), large])).fit(
            disp=0, cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(500), 2), "use_correction": False}
        )
        value, low, _ = _interval(logit_slope(SWE_BENCH, 1, 2))
        assert value == pytest.approx(float(fit.params[1]), abs=1e-6)
        assert (value - low) / 1.959964 == pytest.approx(float(fit.bse[1]), rel=1e-4)

    @LIGHT
    @given(COUNTS, st.floats(0.5, 100), st.floats(1.5, 20))
    def test_the_order_of_the_two_does_not_matter(
        self, counts: tuple[int, int, int, int], size: float, times: float
    ) -> None:
        both, only_a, only_b, neither = counts
        one = logit_slope(counts, size, size * times)
        other = logit_slope((both, only_b, only_a, neither), size * times, size)
        assert (one.value is None) == (other.value is None)
        if one.value is not None:
            assert one.value == pytest.approx(other.value, abs=1e-9)

    def test_nothing_to_say(self) -> None:
        assert logit_slope((0, 0, 0, 0), 1, 2).value is None
        assert logit_slope((5, 0, 5, 0), 1, 2).value is None
        never_apart = logit_slope((5, 0, 0, 5), 1, 2)
        assert (never_apart.value, never_apart.low) == (0.0, None)
        for sizes in ((8, 8), (0, 8), (8, math.nan)):
            with pytest.raises(ValueError, match="size"):
                logit_slope(SWE_BENCH, *sizes)
        with pytest.raises(ValueError, match="negative"):
            logit_slope((1, -1, 2, 3), 1, 2)

    def test_against_parameters(self) -> None:
        found = parameter_efficiency(relative_risk(*SWE_BENCH), 7, 14)
        assert found.value == pytest.approx(353 / 299 / 2)


class TestRatios:
    def test_of_means_and_rates(self) -> None:
        rng = np.random.default_rng(2)
        a = rng.lognormal(0, 0.3, 400)
        b = 2 * a * rng.lognormal(0, 0.1, 400)
        value, low, high = _interval(ratio(a, b))
        assert value == pytest.approx(b.mean() / a.mean())
        assert low < value < high
        assert high - low < 0.1  # pairs: the spread of a itself does not count
        tokens = np.full(400, 100.0)
        assert rate_ratio(tokens, a, tokens, b).value == pytest.approx(1 / value)
        assert quantile_ratio(a, b, 0.95).value == pytest.approx(np.quantile(b, 0.95) / np.quantile(a, 0.95))

    def test_neighbours_that_hang_together_widen_the_interval(self) -> None:
        rng = np.random.default_rng(3)
        slow = np.repeat(rng.lognormal(0, 0.5, 50), 20)
        a, b = np.ones(1000), slow
        alone, together = ratio(a, b, block=1), ratio(a, b, block=20)
        assert _width(together) > 2 * _width(alone)
        for share in (0.5, 0.95):
            assert _width(quantile_ratio(a, b, share, block=20)) > _width(quantile_ratio(a, b, share, block=1))

    def test_the_seed(self) -> None:
        a, b = [1.0, 2.0, 3.0, 5.0] * 8, [2.0, 2.0, 1.0, 9.0] * 8
        assert quantile_ratio(a, b, 0.5, seed=1) == quantile_ratio(a, b, 0.5, seed=1)
        assert ratio(a, b, seed=1) != ratio(a, b, seed=2)

    def test_nothing_to_say(self) -> None:
        for found in (ratio([], []), rate_ratio([], [], [], []), quantile_ratio([], [], 0.5), per_unit([], [])):
            assert (found.value, found.low, found.n) == (None, None, 0)
        one = ratio([2.0], [3.0])
        assert (one.value, one.low, one.high) == (1.5, None, None)
        assert quantile_ratio([2.0], [3.0], 0.5).low is None
        assert ratio([0.0, 0.0], [1.0, 2.0]).value is None
        assert quantile_ratio([0.0, 0.0], [1.0, 2.0], 0.5).value is None
        assert per_unit([1.0, 0.0], [0.0, 0.0]).value is None

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="same items"):
            ratio([1.0], [1.0, 2.0])
        with pytest.raises(ValueError, match="no finite numbers"):
            ratio([1.0, math.nan], [1.0, 2.0])
        with pytest.raises(ValueError, match="block of 0"):
            ratio([1.0, 2.0], [1.0, 2.0], block=0)
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile_ratio([1.0], [1.0], 95)

    @pytest.mark.statistical
    def test_coverage_of_the_ratio_of_p50(self) -> None:
        rng = np.random.default_rng(4)
        covered = 0
        for number in range(200):
            a = rng.lognormal(0, 0.4, 200)
            b = rng.lognormal(math.log(1.5), 0.4, 200)
            _, low, high = _interval(quantile_ratio(a, b, 0.5, resamples=400, seed=number, block=1))
            covered += low <= 1.5 <= high
        assert covered / 200 >= 0.91


def _width(found: Estimate) -> float:
    _, low, high = _interval(found)
    return high - low


class TestPerUnit:
    def test_units(self) -> None:
        scores, tokens = [1.0, 0.0, 1.0, 1.0], [500.0, 1500.0, 1000.0, 1000.0]
        assert per_unit(scores, tokens, unit=1000).value == pytest.approx(0.75)
        gigabytes = scaled(proportion(60, 80, 2), 1 / 5)
        assert gigabytes.value == pytest.approx(0.15)
        assert gigabytes.lowest == pytest.approx(60 / 82 / 5)
        assert scaled(proportion(0, 0, 0), 2).value is None
        with pytest.raises(ValueError, match="above 0"):
            scaled(gigabytes, 0)


class TestIcer:
    COSTS = ([0.1] * 99 + [0.2], [0.3] * 99 + [0.5])

    def test_no_difference_no_price(self) -> None:
        right_a, right_b = _answers((50, 10, 12, 28))
        found = icer(right_a, right_b, *self.COSTS)
        assert found.icer.value is None
        assert found.reason == "no difference in quality shown, so there is no price for it"
        assert found.quality.value == pytest.approx(0.02)

    def test_better_and_cheaper(self) -> None:
        right_a, right_b = _answers((30, 5, 40, 25))
        assert icer(right_a, right_b, *self.COSTS).reason is None
        dear, cheap = self.COSTS[1], self.COSTS[0]
        assert icer(right_a, right_b, dear, cheap).reason == "B is better and costs less: there is no price to pay"
        worse = icer(right_b, right_a, cheap, dear)
        assert worse.reason == "A is better and costs less: there is no price to pay"

    def test_swapping_the_two_keeps_the_price(self) -> None:
        right_a, right_b = _answers((30, 5, 40, 25))
        one, other = icer(right_a, right_b, *self.COSTS), icer(right_b, right_a, self.COSTS[1], self.COSTS[0])
        assert one.icer.value == pytest.approx(other.icer.value)
        assert _interval(one.icer) == pytest.approx(_interval(other.icer), rel=0.03)

    def test_graded_scores(self) -> None:
        rng = np.random.default_rng(5)
        a = rng.uniform(0, 0.5, 60)
        found = icer(a, a + rng.uniform(0.1, 0.3, 60), np.full(60, 1.0), np.full(60, 2.0))
        assert found.quality.method == "paired-t95"
        assert found.icer.value == pytest.approx(1 / _interval(found.quality)[0])

    def test_nothing(self) -> None:
        assert icer([], [], [], []).reason == "no item was graded for both"
        assert icer([1.0], [0.0], [1.0], [2.0]).icer.value is None
        with pytest.raises(ValueError, match="same items"):
            icer([1.0], [1.0], [1.0], [1.0, 2.0])


class TestPareto:
    @staticmethod
    def _contender(name: str, quality: Sequence[float] | Floats, cost: float) -> Contender:
        wobble = 1 + 0.1 * np.sin(np.arange(len(quality)))
        return Contender(name, quality, cost * wobble)

    def test_dominated_where_it_is_shown(self) -> None:
        worse, better = _answers((40, 5, 35, 20))
        found = pareto([self._contender("dear", worse, 3.0), self._contender("good", better, 1.0)])
        assert found.names == ("good",)
        assert [(d.loser, d.winner) for d in found.dominated] == [("dear", "good")]

    def test_what_is_not_shown_does_not_count(self) -> None:
        a, b = _answers((50, 10, 14, 26))
        found = pareto([self._contender("dear", a, 3.0), self._contender("cheap", b, 1.0)])
        assert found.names == ("dear", "cheap")

    def test_exactly_the_same_quality_at_a_lower_price(self) -> None:
        a, _ = _answers((50, 10, 14, 26))
        found = pareto([self._contender("dear", a, 3.0), self._contender("cheap", a, 1.0)])
        assert found.names == ("cheap",)

    def test_twins_both_stay(self) -> None:
        a, _ = _answers((50, 10, 14, 26))
        assert pareto([self._contender("x", a, 1.0), self._contender("y", a, 1.0)]).names == ("x", "y")

    def test_better_and_dearer_both_stay(self) -> None:
        worse, better = _answers((40, 5, 35, 20))
        assert pareto([self._contender("x", worse, 1.0), self._contender("y", better, 2.0)]).names == ("x", "y")

    def test_few_or_none(self) -> None:
        assert pareto([]).names == ()
        assert pareto([Contender("x", [], []), Contender("y", [], [])]).names == ("x", "y")
        assert pareto([Contender("x", [0.0], [2.0]), Contender("y", [1.0], [1.0])]).names == ("x", "y")
        with pytest.raises(ValueError, match="not measured on the same items"):
            pareto([Contender("x", [1.0], [1.0]), Contender("y", [1.0, 0.0], [1.0, 1.0])])

    @LIGHT
    @given(st.lists(st.tuples(st.integers(0, 2**12 - 1), st.floats(0.1, 5)), min_size=1, max_size=4))
    def test_somebody_is_always_left(self, models: list[tuple[int, float]]) -> None:
        field = [
            self._contender(str(i), [float(bits >> place & 1) for place in range(12)], cost)
            for i, (bits, cost) in enumerate(models)
        ]
        found = pareto(field)
        assert found.names
        assert {*found.names} | {d.loser for d in found.dominated} == {c.name for c in field}
