"""The planner's formulas: reference values, each way back, and the power that the tests then really have."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.power import TTestPower

from bakeoff.stats.paired import mcnemar_mid_p
from bakeoff.stats.power import (
    crossed_mde,
    crossed_n,
    crossed_power,
    design_effect,
    difference_variance,
    discordance,
    equivalence_margin,
    equivalence_n,
    equivalence_power,
    mde,
    mean_mde,
    mean_n,
    mean_power,
    noninferiority_margin,
    noninferiority_n,
    noninferiority_power,
    paired_n,
    paired_power,
    shared_variance,
    t_n,
    t_power,
    unpaired_mde,
    unpaired_n,
    unpaired_power,
)

LIGHT = settings(deadline=None, database=None, max_examples=60)
DELTAS = st.floats(0.005, 0.3)
POWERS = st.floats(0.3, 0.99)
ALPHAS = st.floats(0.001, 0.2)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[float, float]:
    """A difference and a discordance that allows it."""
    delta = draw(DELTAS)
    return delta, draw(st.floats(min(1.0, delta * 1.05), 1.0))


class TestReferenceValues:
    @pytest.mark.parametrize(
        ("delta", "n80", "n90"),
        [(0.16, 110.02, 146.29), (0.10, 277.44, 370.42), (0.05, 1101.58, 1473.71), (0.02, 6870.51, 9196.67)],
    )
    def test_paired(self, delta: float, n80: float, n90: float) -> None:
        psi = discordance(0.5 - delta / 2, 0.5 + delta / 2, 0.3)
        assert paired_n(delta, psi) == pytest.approx(n80, abs=0.005)
        assert paired_n(delta, psi, 0.9) == pytest.approx(n90, abs=0.005)

    def test_unpaired(self) -> None:
        assert unpaired_n(0.42, 0.58) == pytest.approx(152.11, abs=0.005)
        assert unpaired_n(0.42, 0.58, 0.9) == pytest.approx(203.14, abs=0.005)

    @pytest.mark.parametrize(("k", "n"), [(1, 3875.99), (10, 1259.70), (1e15, 968.997)])
    def test_miller(self, k: float, n: float) -> None:
        assert mean_n(0.03, difference_variance(1 / 9, 1 / 6, 1 / 6, k, k)) == pytest.approx(n, abs=0.005)

    def test_t(self) -> None:
        assert t_n(0.2) == pytest.approx(198.15, abs=0.005)

    @pytest.mark.parametrize(("n", "psi", "points"), [(1319, 0.35, "4.56"), (164, 0.25, "10.9")])
    def test_smallest_effect(self, n: int, psi: float, points: str) -> None:
        found = 100 * mde(n, psi)
        assert f"{found:.2f}".startswith(points) or f"{found:.1f}" == points

    def test_smallest_effect_is_close_to_the_formula_of_one_line(self) -> None:
        assert mde(1319, 0.35) == pytest.approx((1.959964 + 0.841621) * math.sqrt(0.35 / 1319), rel=0.002)


class TestTStatistic:
    @pytest.mark.parametrize("size", [0.05, 0.3, 1.0, 2.5])
    @pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
    def test_agrees_with_statsmodels(self, size: float, power: float) -> None:
        wanted = TTestPower().solve_power(size, power=power, alpha=0.05)
        assert t_n(size, power) == pytest.approx(wanted, rel=1e-6)

    @pytest.mark.parametrize(("n", "size"), [(5, 0.01), (12, 0.9), (200, 0.2), (2000, 0.5)])
    def test_power_agrees(self, n: int, size: float) -> None:
        assert t_power(n, size) == pytest.approx(TTestPower().power(size, n, 0.05), abs=1e-9)

    def test_it_takes_more_than_the_normal_does(self) -> None:
        assert 0 < t_n(0.2) - mean_n(0.2, 1.0) < 3


class TestEachWayBack:
    @LIGHT
    @given(pairs(), POWERS, ALPHAS)
    def test_paired(self, pair: tuple[float, float], power: float, alpha: float) -> None:
        delta, psi = pair
        n = paired_n(delta, psi, power, alpha)
        assert paired_power(n, delta, psi, alpha) == pytest.approx(power, abs=1e-9)
        assert mde(n, psi, power, alpha) == pytest.approx(delta, rel=1e-6)

    @LIGHT
    @given(st.floats(0.02, 0.9), DELTAS, st.floats(0.5, 0.99))
    def test_unpaired(self, accuracy: float, delta: float, power: float) -> None:
        better = min(0.99, accuracy + delta)
        n = unpaired_n(accuracy, better, power)
        assert unpaired_power(n, accuracy, better) == pytest.approx(power, abs=1e-9)
        assert unpaired_mde(n, accuracy, power) == pytest.approx(better - accuracy, rel=1e-6)

    @LIGHT
    @given(DELTAS, st.floats(0.01, 4), POWERS)
    def test_means(self, delta: float, variance: float, power: float) -> None:
        n = mean_n(delta, variance, power)
        assert mean_power(n, delta, variance) == pytest.approx(power, abs=1e-9)
        assert mean_mde(n, variance, power) == pytest.approx(delta)

    @LIGHT
    @given(st.floats(0.01, 0.2), st.floats(-0.009, 0.2), st.floats(0.25, 1), POWERS)
    def test_margins(self, margin: float, delta: float, psi: float, power: float) -> None:
        n = noninferiority_n(margin, psi, delta, power)
        assert noninferiority_power(n, margin, psi, delta) == pytest.approx(power, abs=1e-9)
        assert noninferiority_margin(n, psi, delta, power) == pytest.approx(margin)
        if abs(delta) < margin * 0.9:
            both = equivalence_n(margin, psi, delta, power)
            assert equivalence_power(both, margin, psi, delta) == pytest.approx(power, abs=1e-6)
            alike = equivalence_n(margin, psi, 0.0, power)
            assert equivalence_margin(alike, psi, power) == pytest.approx(margin, rel=1e-6)
            assert both >= noninferiority_n(margin, psi, -abs(delta), power) * (1 - 1e-9)


class TestLaws:
    @LIGHT
    @given(pairs(), st.floats(1, 5000))
    def test_more_items_show_more(self, pair: tuple[float, float], n: float) -> None:
        delta, psi = pair
        assert paired_power(2 * n, delta, psi) >= paired_power(n, delta, psi)
        assert paired_n(delta, psi, 0.9) > paired_n(delta, psi, 0.8)
        assert paired_n(-delta, psi) == paired_n(delta, psi)

    @LIGHT
    @given(st.floats(0.1, 0.8), st.floats(0.01, 0.1), st.floats(0.2, 0.8))
    def test_pairing_never_costs_when_the_models_agree(self, accuracy: float, delta: float, phi: float) -> None:
        try:
            psi = discordance(accuracy, accuracy + delta, phi)
        except ValueError:
            return
        assert paired_n(delta, psi) < unpaired_n(accuracy, accuracy + delta)

    def test_discordance(self) -> None:
        assert discordance(0.5, 0.5, 1.0) == 0.0
        assert discordance(0.5, 0.5, 0.0) == 0.5
        assert discordance(0.42, 0.58, 0.3) == discordance(0.58, 0.42, 0.3)
        assert discordance(0.0, 1.0, 0.0) == 1.0

    def test_clusters(self) -> None:
        assert design_effect(1, 0.7) == 1.0
        assert design_effect(5, 0.3) == pytest.approx(2.2)

    def test_crossed_prompts(self) -> None:
        """Over these prompts it is `mean_n`; over prompts at large the prompts set a floor."""
        variance = shared_variance(0.3, 0.5, 5)
        assert variance == pytest.approx(0.3 * 0.6)
        assert crossed_n(0.05, variance, 0.0, 5) == pytest.approx(mean_n(0.05, variance))
        n = crossed_n(0.05, variance, 0.01, 5)
        assert n > mean_n(0.05, variance)
        assert crossed_mde(n, variance, 0.01, 5) == pytest.approx(0.05)
        assert crossed_power(n, 0.05, variance, 0.01, 5) == pytest.approx(0.8)
        with pytest.raises(ValueError, match="take more prompts"):
            crossed_n(0.05, variance, 0.05, 5)
        with pytest.raises(ValueError, match="at least two"):
            crossed_n(0.05, variance, 0.01, 1)

    def test_one_answer_an_item_is_the_cheapest_where_items_are_free_to_choose(self) -> None:
        for k in (2, 4, 16):
            assert k * mean_n(0.05, shared_variance(0.3, 0.25, k)) > mean_n(0.05, 0.3)

    def test_all_repeats_of_an_item_are_worth_one_at_most_of_its_own_variance(self) -> None:
        assert difference_variance(0.1, 0.2, 0.2, 4, 2) == pytest.approx(0.1 + 0.05 + 0.1)


class TestOutOfReach:
    @pytest.mark.parametrize(
        ("ask", "words"),
        [
            (lambda: paired_n(0.3, 0.2), "out of reach"),
            (lambda: paired_n(0.0, 0.2), "difference of 0"),
            (lambda: paired_n(math.nan, 0.2), "out of range"),
            (lambda: paired_n(0.1, math.nan), "discordance"),
            (lambda: paired_n(0.1, 1.2), "discordance"),
            (lambda: paired_n(0.1, 0.3, power=1.0), "power is between"),
            (lambda: paired_n(0.1, 0.3, power=0.01), "chance alone"),
            (lambda: paired_n(0.1, 0.3, alpha=0.0), "alpha is between"),
            (lambda: paired_power(0, 0.1, 0.3), "0 items"),
            (lambda: mde(0, 0.3), "0 items"),
            (lambda: mde(-5, 0.3), "-5 items"),
            (lambda: mde(math.inf, 0.3), "inf items"),
            (lambda: mde(10, 0.3), "10 items cannot show any difference"),
            (lambda: mde(1, 0.3), "1 item cannot"),
            (lambda: mde(100, 0.0), "cannot show any difference"),
            (lambda: unpaired_n(0.5, 0.5), "difference of 0"),
            (lambda: unpaired_n(0.5, 1.5), "accuracy"),
            (lambda: unpaired_mde(5, 0.8), "cannot show any rise"),
            (lambda: unpaired_mde(5, 1.0), "cannot show any rise"),
            (lambda: mean_n(0.1, -1.0), "variance"),
            (lambda: difference_variance(0.1, 0.1, 0.1, 0, 1), "0 items"),
            (lambda: t_power(1, 0.5), "more than one item"),
            (lambda: design_effect(0.5, 0.1), "at least one item"),
            (lambda: design_effect(3, 1.1), "intraclass"),
            (lambda: noninferiority_n(0.0, 0.3), "margin"),
            (lambda: noninferiority_n(0.05, 0.3, -0.05), "inside of the margin"),
            (lambda: equivalence_n(0.05, 0.3, 0.06), "inside of the margin"),
            (lambda: discordance(0.5, 1.1), "accuracy"),
            (lambda: discordance(0.1, 0.9, 0.9), "cannot have a correlation"),
            (lambda: discordance(0.5, 0.5, 1.5), "correlation"),
        ],
    )
    def test_it_says_why(self, ask: Callable[[], float], words: str) -> None:
        with pytest.raises(ValueError, match=words) as caught:
            ask()
        assert "\n" not in str(caught.value)


def _exact_power(n: int, delta: float, psi: float) -> float:
    """Of McNemar's mid-p test at 5 %, summed over every table."""
    m = np.arange(n + 1)
    weights = binom.pmf(m, n, psi)
    total = 0.0
    for differ in map(int, m[weights > 1e-10]):
        shown = next((k for k in range(differ // 2, -1, -1) if mcnemar_mid_p(k, differ - k) <= 0.05), None)
        if shown is not None:
            share = (psi + delta) / 2 / psi
            tail = binom.cdf(shown, differ, share) + binom.sf(differ - shown - 1, differ, share)
            total += float(weights[differ] * tail)
    return total


@pytest.mark.statistical
@pytest.mark.parametrize("delta", [0.16, 0.10, 0.05])
@pytest.mark.parametrize(("power", "low", "high"), [(0.8, 0.795, 0.825), (0.9, 0.895, 0.915)])
def test_the_power_is_what_was_planned(delta: float, power: float, low: float, high: float) -> None:
    psi = discordance(0.5 - delta / 2, 0.5 + delta / 2, 0.3)
    assert low <= _exact_power(math.ceil(paired_n(delta, psi, power)), delta, psi) <= high
