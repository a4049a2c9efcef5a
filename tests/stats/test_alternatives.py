"""Named tests and intervals of pairs: published values, scipy and statsmodels, and the defaults they stand beside."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.alternatives import (
    bonett_price,
    credible,
    mcnemar_chi2,
    newcombe,
    outcomes,
    paired_difference,
    tango_many,
    wilcoxon,
)
from bakeoff.stats.paired import tango
from tests.conftest import require

LIGHT = settings(deadline=None, database=None, max_examples=60)
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
Counts = tuple[int, int, int, int]


class TestMcNemar:
    @pytest.mark.parametrize(
        ("counts", "chi2", "p", "corrected", "p_corrected"),
        [
            ((10, 25), 6.428571429, 0.01122988665, 5.6, 0.01796047753),
            ((86, 150), 17.3559322, 3.099293441e-05, 16.81779661, None),
        ],
    )
    def test_reference_values(
        self, counts: tuple[int, int], chi2: float, p: float, corrected: float, p_corrected: float | None
    ) -> None:
        plain, legacy = mcnemar_chi2(*counts), mcnemar_chi2(*counts, corrected=True)
        assert (plain.statistic, plain.p) == pytest.approx((chi2, p), rel=1e-8)
        assert legacy.statistic == pytest.approx(corrected, rel=1e-8)
        if p_corrected:
            assert legacy.p == pytest.approx(p_corrected, rel=1e-8)
        assert (plain.method, legacy.method, plain.n) == ("mcnemar-chi2", "mcnemar-chi2-cc", sum(counts))

    def test_nothing_discordant(self) -> None:
        assert mcnemar_chi2(0, 0).p == mcnemar_chi2(4, 4).p == mcnemar_chi2(4, 4, corrected=True).p == 1.0

    @LIGHT
    @given(st.integers(0, 300), st.integers(0, 300))
    def test_the_correction_makes_it_cautious(self, a: int, b: int) -> None:
        plain, legacy = mcnemar_chi2(a, b), mcnemar_chi2(b, a, corrected=True)
        assert plain.p is not None and legacy.p is not None
        assert plain.p <= legacy.p <= 1


class TestIntervals:
    @pytest.mark.parametrize(
        ("counts", "low", "high"),
        [
            ((36, 12, 2, 0), -0.3404276, -0.0569296),
            ((43, 0, 1, 0), -0.0597180, 0.1180771),
            ((299, 28, 54, 119), 0.0165465, 0.0873302),
        ],
    )
    def test_newcombe(self, counts: Counts, low: float, high: float) -> None:
        assert newcombe(*counts) == pytest.approx((low, high), abs=6e-8)

    def test_bonett_price(self) -> None:
        assert bonett_price(299, 28, 54, 119) == pytest.approx((0.0162972, 0.0872884), abs=6e-8)

    def test_by_name(self) -> None:
        counts = (299, 28, 54, 119)
        for name, bounds in (("tango", tango(*counts)), ("newcombe10", newcombe(*counts))):
            found = paired_difference(counts, "tango" if name == "tango" else "newcombe10", n_missing=4)
            assert (found.low, found.high) == bounds
            assert (found.value, found.n, found.n_missing, found.method) == (26 / 500, 500, 4, f"{name}95")
        assert paired_difference((0, 0, 0, 0), "bonett-price").value is None

    @LIGHT
    @given(COUNTS)
    def test_laws(self, counts: Counts) -> None:
        both, only_a, only_b, neither = counts
        for interval in (newcombe, bonett_price):
            low, high = interval(*counts)
            value = (only_b - only_a) / sum(counts)
            assert -1 - 1e-9 <= low <= value + 0.34 and value - 0.34 <= high <= 1 + 1e-9
            assert low < high
            assert interval(both, only_b, only_a, neither) == pytest.approx((-high, -low), abs=1e-12)

    @LIGHT
    @given(st.lists(COUNTS, min_size=1, max_size=8))
    def test_many_tables_are_one_by_one(self, tables: list[Counts]) -> None:
        low, high = tango_many(tables)
        for i, table in enumerate(tables):
            assert (low[i], high[i]) == pytest.approx(tango(*table), abs=1e-9)

    def test_many_tables_need_pairs(self) -> None:
        with pytest.raises(ValueError, match="a pair in each"):
            tango_many([[0, 0, 0, 0]])
        with pytest.raises(ValueError, match="shape"):
            tango_many([1, 2, 3, 4])


class TestWilcoxon:
    def test_reference_value(self) -> None:
        found = wilcoxon([0.0] * 8, [1.1, 2.3, -0.7, 3.1, 0.4, 1.9, -0.2, 2.8])
        assert (found.statistic, found.p, found.n) == (4.0, 0.0546875, 8)

    def test_ratings(self) -> None:
        a, b = [3, 4, 2, 5, 3, 3, 1, 4] * 5, [4, 4, 3, 5, 4, 2, 2, 5] * 5
        found = wilcoxon(a, b)
        assert found.p == wilcoxon(b, a).p and found.p is not None and found.p < 0.05
        assert found.n == 30  # equal ratings are left out

    def test_nothing_equal_and_unequal(self) -> None:
        assert wilcoxon([], []).p is None
        assert (wilcoxon([1, 2], [1, 2]).p, wilcoxon([1, 2], [1, 2]).note) == (1.0, "no pair differs")
        with pytest.raises(ValueError, match="no pairs"):
            wilcoxon([1], [])
        with pytest.raises(ValueError, match="no finite number"):
            wilcoxon([float("nan")], [1])


class TestOutcomes:
    def test_agrees_with_scipy(self) -> None:
        """[[20, 5], [10, 15]]: 25/3 without correction."""
        found = outcomes([20, 5], [10, 15])
        assert found.statistic == pytest.approx(25 / 3)
        assert found.p == pytest.approx(0.003892417, abs=1e-8)
        assert (found.n, found.note) == (50, "")

    def test_what_neither_has_does_not_count(self) -> None:
        assert outcomes([20, 5, 0], [10, 15, 0]) == outcomes([20, 5], [10, 15])

    def test_few_are_noted(self) -> None:
        assert "an expected count is 1.0" in outcomes([48, 2], [50, 0]).note

    def test_nothing_to_test(self) -> None:
        assert outcomes([], []).p is None
        assert outcomes([5, 5], [0, 0]).p is None
        assert outcomes([5, 0], [7, 0]).p == 1.0
        with pytest.raises(ValueError, match="no table"):
            outcomes([1], [1, 2])


def test_mcnemar_agrees_with_statsmodels() -> None:
    require("statsmodels")
    from statsmodels.stats.contingency_tables import mcnemar

    from bakeoff.stats.paired import mcnemar_exact

    for only_a, only_b in ((3, 11), (86, 150), (1, 0), (40, 41)):
        table = [[5, only_a], [only_b, 7]]
        assert mcnemar_exact(only_a, only_b) == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-10)
        for corrected in (False, True):
            theirs = mcnemar(table, exact=False, correction=corrected)
            ours = mcnemar_chi2(only_a, only_b, corrected)
            assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)


@pytest.mark.statistical
@pytest.mark.parametrize("n", [50, 164])
def test_tango_covers(n: int) -> None:
    """Nominal 95 % for seven pairs of accuracies and three correlations: 94 % at the least, where Wald has 74."""
    draw = np.random.default_rng(n)
    tango_has, wald_has = [], []
    for a, b in ((0.5, 0.5), (0.42, 0.58), (0.8, 0.85), (0.9, 0.9), (0.95, 0.97), (0.3, 0.5), (0.1, 0.15)):
        for phi in (0.0, 0.3, 0.6):
            both = a * b + phi * (a * (1 - a) * b * (1 - b)) ** 0.5
            chances = np.array([both, a - both, b - both, 1 - a - b + both])
            if chances.min() < 0:
                continue
            counts = draw.multinomial(n, chances, 20_000).astype(float)
            tables, times = np.unique(counts, axis=0, return_counts=True)
            low, high = tango_many(tables)
            tango_has.append(times[(low <= b - a + 1e-9) & (b - a - 1e-9 <= high)].sum() / 20_000)
            value = (tables[:, 2] - tables[:, 1]) / n
            half = 1.96 * np.sqrt(((tables[:, 1] + tables[:, 2]) / n - value**2) / n)
            wald_has.append(times[np.abs(value - b + a) <= half].sum() / 20_000)
    assert min(tango_has) >= 0.94
    assert statistics.fmean(tango_has) == pytest.approx(0.954, abs=0.006)
    assert min(wald_has) < 0.93


@pytest.mark.parametrize(
    ("prior", "low", "high"), [(0.5, 0.4972255036, 0.9559405864), (1.0, 0.4822441476, 0.9397822658)]
)
def test_credible_intervals_of_8_in_10(prior: float, low: float, high: float) -> None:
    """Reference values: Jeffreys and Beta(1, 1)."""
    assert credible(8, 10, prior) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("successes", "n", "prior"), [(11, 10, 0.5), (0, 0, 0.5), (-1, 10, 0.5), (8, 10, 0.0)])
def test_what_has_no_credible_interval(successes: int, n: int, prior: float) -> None:
    with pytest.raises(ValueError):
        credible(successes, n, prior)
