"""Effect sizes: known values, agreement with the tests beside them, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.effects import cohens_d, cohens_dz, cohens_g, cohens_h, error_cut, relative_risk
from bakeoff.stats.paired import compare_means

LIGHT = settings(deadline=None, database=None, max_examples=60)
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
Counts = tuple[int, int, int, int]
TABLE = (299, 28, 54, 119)
D = [1.1, 2.3, -0.7, 3.1, 0.4, 1.9, -0.2, 2.8]


def test_relative_risk() -> None:
    """(299 + 54)/(299 + 28), and √((28 + 54)/(327 × 353)) for the error of its logarithm."""
    found = relative_risk(*TABLE, n_missing=2)
    reach = math.exp(1.959963985 * math.sqrt(82 / (327 * 353)))
    assert (found.value, found.low, found.high) == pytest.approx((353 / 327, 353 / 327 / reach, 353 / 327 * reach))
    assert (found.n, found.n_missing, found.method) == (500, 2, "log-ratio95")


def test_relative_risk_without_numbers() -> None:
    assert relative_risk(0, 0, 5, 5).value is None
    never = relative_risk(0, 5, 0, 5)
    assert (never.value, never.low) == (0.0, None)
    same = relative_risk(50, 0, 0, 50)
    assert same.value == 1.0
    assert (same.low, same.high) == pytest.approx((1 / (1 + 2 * (1 - 0.05**0.01)), 1 + 2 * (1 - 0.05**0.01)))
    assert relative_risk(0, 0, 0, 0).n == 0


def test_error_cut() -> None:
    found = error_cut(*TABLE)
    assert found.value == pytest.approx((173 - 147) / 173)
    reach = math.exp(1.959963985 * math.sqrt(82 / (173 * 147)))
    assert (found.low, found.high) == pytest.approx((1 - 147 / 173 * reach, 1 - 147 / 173 / reach))
    assert error_cut(10, 0, 2, 0).value == 1.0
    assert error_cut(10, 2, 0, 0).value is None


def test_cohens_h_and_g() -> None:
    found = cohens_h(0, 25, 50, 25)
    assert found.value == pytest.approx(2 * math.asin(math.sqrt(0.5)) - 2 * math.asin(0.5))
    assert cohens_h(5, 0, 0, 5).low is None
    g = cohens_g(10, 25)
    assert g.value == pytest.approx(25 / 35 - 0.5) and g.n == 35
    assert g.low is not None and g.low > 0
    assert cohens_g(0, 0).value is None
    assert cohens_h(0, 0, 0, 0).value is None


@LIGHT
@given(COUNTS)
def test_swapped_effects_are_turned_around(counts: Counts) -> None:
    both, only_a, only_b, neither = counts
    swapped = (both, only_b, only_a, neither)
    for effect in (cohens_h, lambda *four: cohens_g(four[1], four[2])):
        one, other = effect(*counts), effect(*swapped)
        if one.value is None or one.low is None or one.high is None:
            continue
        assert one.low <= one.value <= one.high
        assert (other.low, other.value, other.high) == pytest.approx((-one.high, -one.value, -one.low), abs=1e-9)
    one, other = relative_risk(*counts), relative_risk(*swapped)
    if one.low and one.high and one.value and only_a + only_b:
        assert one.low <= one.value <= one.high
        assert other.low is not None and other.value is not None
        assert (other.value, other.low) == pytest.approx((1 / one.value, 1 / one.high))


class TestCohensD:
    def test_dz_is_t_over_the_root_of_n(self) -> None:
        found = cohens_dz([0.0] * 8, D)
        assert found.value == pytest.approx(2.680870833 / math.sqrt(8))
        assert (found.n, found.method) == (8, "noncentral-t95")

    def test_the_bounds_are_where_t_is_as_extreme(self) -> None:
        from scipy.stats import nct

        found = cohens_dz([0.0] * 8, D)
        assert found.low is not None and found.high is not None
        assert nct.sf(2.680870833, 7, found.low * math.sqrt(8)) == pytest.approx(0.025, abs=1e-6)
        assert nct.cdf(2.680870833, 7, found.high * math.sqrt(8)) == pytest.approx(0.025, abs=1e-6)

    @LIGHT
    @given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=30))
    def test_excludes_0_when_t_does(self, pairs: list[tuple[float, float]]) -> None:
        a, b = [x for x, _ in pairs], [y for _, y in pairs]
        found, p = cohens_dz(a, b), compare_means(a, b).p
        if found.low is None or found.high is None or found.value is None or p is None or abs(found.value) > 20:
            return
        assert found.low <= found.value <= found.high
        if abs(p - 0.05) > 1e-6:
            assert (found.low > 0 or found.high < 0) == (p < 0.05)
        turned = cohens_dz(b, a)
        assert (turned.value, turned.low) == pytest.approx((-found.value, -found.high), abs=1e-6)

    def test_d_is_on_the_scale_of_the_scores(self) -> None:
        draw = np.random.default_rng(1)
        base = draw.normal(size=400)
        a, b = base, base + 0.5 + 0.1 * draw.normal(size=400)
        found = cohens_d(a.tolist(), b.tolist())
        assert found.value == pytest.approx(0.5, abs=0.05)
        wide = cohens_dz(a.tolist(), b.tolist()).value
        assert wide is not None and wide > 4

    def test_no_number(self) -> None:
        assert cohens_dz([], []).value is None
        assert cohens_dz([0.1], [0.2]).value is None
        assert cohens_d([0.1, 0.2], [0.3, 0.4]).value is None
        with pytest.raises(ValueError, match="no pairs"):
            cohens_d([0.1], [])
        with pytest.raises(ValueError, match="no finite number"):
            cohens_dz([float("nan"), 1.0], [1.0, 2.0])


@pytest.mark.statistical
def test_coverage() -> None:
    """Of the ratio and of dz: nominal 95 %, at least 93.5 over 1,200 tables of 164 and samples of 20."""
    draw, reps = np.random.default_rng(3), 1200
    ratio = effect = asin = 0
    for only_a, both, only_b, neither in draw.multinomial(164, [0.1, 0.5, 0.16, 0.24], reps).tolist():
        found, h = relative_risk(both, only_a, only_b, neither), cohens_h(both, only_a, only_b, neither)
        ratio += float(found.low or 9) <= 0.66 / 0.6 <= float(found.high or 0)
        truth = 2 * (math.asin(math.sqrt(0.66)) - math.asin(math.sqrt(0.6)))
        asin += float(h.low or -9) <= truth <= float(h.high or 9)
    for row in draw.normal(0.5, 1, (reps, 20)):
        found = cohens_dz([0.0] * 20, row.tolist())
        effect += float(found.low or 0) <= 0.5 <= float(found.high or 0)
    assert min(ratio, asin, effect) / reps >= 0.935
    assert max(ratio, asin, effect) / reps <= 0.965
