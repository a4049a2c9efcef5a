"""Two cells on the same samples: reference values, brute force, and laws."""

from __future__ import annotations

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.paired import (
    EXACT_COINS,
    compare_binary,
    compare_means,
    mcnemar_exact,
    mcnemar_mid_p,
    sign_flip,
    tango,
)

LIGHT = settings(deadline=None, database=None, max_examples=50)
COUNTS = st.tuples(*[st.integers(0, 60)] * 4).filter(any)
Z = statistics.NormalDist().inv_cdf(0.975)


class TestMcNemar:
    @pytest.mark.parametrize(
        ("only_a", "only_b", "exact", "mid"),
        [
            (10, 25, 0.0166738478, 0.01133098418),
            (1, 9, 0.021484375, 0.01171875),
            (5, 15, 0.04138946533, 0.02660369873),
            (0, 6, 0.03125, 0.015625),
            (3, 3, 1.0, 1.0),
            (28, 54, 0.005435924878, 0.004039208887),
            (86, 150, 3.71593614e-05, None),
        ],
    )
    def test_reference_values(self, only_a: int, only_b: int, exact: float, mid: float | None) -> None:
        assert mcnemar_exact(only_a, only_b) == pytest.approx(exact, rel=1e-9)
        if mid is not None:
            assert mcnemar_mid_p(only_a, only_b) == pytest.approx(mid, rel=1e-9)

    @pytest.mark.parametrize("n", range(9))
    def test_agrees_with_every_way_to_toss_the_coins(self, n: int) -> None:
        tosses = [sum(toss) for toss in itertools.product((0, 1), repeat=n)]
        for b in range(n + 1):
            a = n - b
            least = min(a, b)
            extreme = sum(1 for heads in tosses if min(heads, n - heads) <= least)
            at = sum(1 for heads in tosses if heads == least)
            assert mcnemar_exact(a, b) == pytest.approx(extreme / 2**n)
            tail = sum(1 for heads in tosses if heads <= least)
            assert mcnemar_mid_p(a, b) == pytest.approx(1.0 if a == b else (2 * tail - at) / 2**n)

    @LIGHT
    @given(st.integers(0, 400), st.integers(0, 400))
    def test_laws(self, a: int, b: int) -> None:
        exact, mid = mcnemar_exact(a, b), mcnemar_mid_p(a, b)
        assert 0 <= mid <= exact <= 1
        assert (exact, mid) == (mcnemar_exact(b, a), mcnemar_mid_p(b, a))
        if b >= a:
            assert mcnemar_exact(a, b + 1) <= exact
            assert mcnemar_mid_p(a, b + 1) <= mid

    def test_no_discordant_pair_shows_nothing(self) -> None:
        assert mcnemar_exact(0, 0) == mcnemar_mid_p(0, 0) == 1.0

    def test_counts_of_numpy_do_not_overflow(self) -> None:
        a, b = np.array([30, 90])
        assert mcnemar_mid_p(a, b) == mcnemar_mid_p(30, 90)
        assert mcnemar_exact(a, b) == mcnemar_exact(30, 90)

    def test_large_counts_are_exact_too(self) -> None:
        assert mcnemar_exact(0, 5000) == 0.0 or mcnemar_exact(0, 5000) < 1e-300
        assert mcnemar_exact(2500, 2600) == pytest.approx(0.1658, abs=0.002)

    @pytest.mark.parametrize(("least", "n"), [(950, 2001), (1000, 2002), (1400, 3000), (2500, 5100), (9000, 20_000)])
    def test_beyond_whole_numbers_nothing_is_lost(self, least: int, n: int) -> None:
        """scipy's beta function against sums of whole numbers: twelve digits, also in a tail of 1e-45."""
        assert n > EXACT_COINS
        term = tail = 1
        for i in range(1, least + 1):
            term = term * (n - i + 1) // i
            tail += term
        exact, mid = Fraction(2 * tail, 2**n), Fraction(2 * tail - term, 2**n)
        assert mcnemar_exact(least, n - least) == pytest.approx(float(min(exact, Fraction(1))), rel=1e-12)
        if 2 * least != n:
            assert mcnemar_mid_p(n - least, least) == pytest.approx(float(mid), rel=1e-12)

    def test_a_hundred_thousand_pairs(self) -> None:
        assert mcnemar_mid_p(49_000, 51_000) == pytest.approx(2.536769446e-10, rel=1e-8)
        assert mcnemar_exact(49_900, 50_100) == pytest.approx(math.erfc(199 / math.sqrt(200_000)), rel=1e-3)
        assert mcnemar_exact(50_000, 50_000) == mcnemar_mid_p(50_000, 50_000) == 1.0


class TestTango:
    @pytest.mark.parametrize(
        ("counts", "low", "high"),
        [
            ((36, 12, 2, 0), -0.3447087, -0.0611124),
            ((43, 0, 1, 0), -0.0593932, 0.1180771),
            ((299, 28, 54, 119), 0.0168713, 0.0883032),
        ],
    )
    def test_reference_values(self, counts: tuple[int, int, int, int], low: float, high: float) -> None:
        assert tango(*counts) == pytest.approx((low, high), abs=6e-8)

    @LIGHT
    @given(COUNTS)
    def test_bounds_are_where_the_score_is_z(self, counts: tuple[int, int, int, int]) -> None:
        """The restricted estimate of p(only A), maximised over a grid, gives the same statistic."""
        both, only_a, only_b, neither = counts
        n = sum(counts)
        for bound in tango(*counts):
            if -0.999 < bound < 0.999 and abs(bound - (only_b - only_a) / n) > 1e-6:
                share = _restricted(both + neither, only_a, only_b, bound)
                error = math.sqrt(n * (2 * share + bound * (1 - bound)))
                assert abs(only_b - only_a - n * bound) / error == pytest.approx(Z, rel=1e-3)

    @LIGHT
    @given(COUNTS)
    def test_laws(self, counts: tuple[int, int, int, int]) -> None:
        both, only_a, only_b, neither = counts
        n = sum(counts)
        low, high = tango(*counts)
        assert -1 <= low <= (only_b - only_a) / n <= high <= 1
        assert low < high
        assert tango(both, only_b, only_a, neither) == pytest.approx((-high, -low), abs=1e-9)
        assert tango(neither, only_a, only_b, both) == pytest.approx((low, high), abs=1e-9)
        narrow = tango(*counts, confidence=0.5)
        assert low - 1e-9 <= narrow[0] <= narrow[1] <= high + 1e-9
        if only_a:  # one pair more for B
            moved = tango(both, only_a - 1, only_b + 1, neither)
            assert moved[0] >= low - 1e-9
            assert moved[1] >= high - 1e-9

    @LIGHT
    @given(COUNTS)
    def test_excludes_zero_when_the_uncorrected_test_rejects(self, counts: tuple[int, int, int, int]) -> None:
        _, only_a, only_b, _ = counts
        low, high = tango(*counts)
        if only_a + only_b:
            score = abs(only_b - only_a) / math.sqrt(only_a + only_b)
            if abs(score - Z) > 1e-6:
                assert (low > 0 or high < 0) == (score > Z)
        else:
            assert low < 0 < high

    @pytest.mark.parametrize(("counts", "bound"), [((0, 5, 0, 0), (-1.0, None)), ((0, 0, 5, 0), (None, 1.0))])
    def test_the_ends(self, counts: tuple[int, int, int, int], bound: tuple[float | None, float | None]) -> None:
        for found, wanted in zip(tango(*counts), bound, strict=True):
            if wanted is None:
                assert -1 < found < 1
            else:
                assert found == wanted


def _restricted(ties: int, only_a: int, only_b: int, delta: float) -> float:
    """The p(only A) that makes the counts most likely when p(only B) is p(only A) + delta, by search."""

    def fit(share: float) -> float:
        terms = ((only_a, share), (only_b, share + delta), (ties, 1 - 2 * share - delta))
        return sum(count * math.log(max(chance, 1e-300)) for count, chance in terms if count)

    low, high = max(0.0, -delta), (1 - delta) / 2
    for _ in range(100):  # the likelihood has one peak
        third = (high - low) / 3
        if fit(low + third) < fit(high - third):
            low += third
        else:
            high -= third
    return (low + high) / 2


class TestCompareBinary:
    def test_all_of_it(self) -> None:
        found = compare_binary(299, 28, 54, 119, n_missing=3)
        assert found.difference.value == 26 / 500
        assert (found.difference.low, found.difference.high) == tango(299, 28, 54, 119)
        assert (found.difference.n, found.difference.n_missing) == (500, 3)
        assert found.difference.method == "tango95"
        assert found.p_exact == mcnemar_exact(28, 54)
        assert found.p_mid == mcnemar_mid_p(28, 54)

    def test_nothing_compared_is_no_difference_of_zero(self) -> None:
        found = compare_binary(0, 0, 0, 0, n_missing=4)
        assert (found.difference.value, found.difference.low, found.difference.high) == (None, None, None)
        assert (found.difference.n, found.difference.n_missing) == (0, 4)
        assert found.p_exact is None
        assert found.p_mid is None

    @LIGHT
    @given(COUNTS)
    def test_swapping_the_cells_negates_the_difference(self, counts: tuple[int, int, int, int]) -> None:
        both, only_a, only_b, neither = counts
        one, other = compare_binary(*counts), compare_binary(both, only_b, only_a, neither)
        assert one.difference.value is not None
        assert other.difference.value == -one.difference.value
        assert (one.p_exact, one.p_mid) == (other.p_exact, other.p_mid)


class TestCompareMeans:
    def test_reference_value(self) -> None:
        differences = [1.1, 2.3, -0.7, 3.1, 0.4, 1.9, -0.2, 2.8]
        found = compare_means([0.0] * 8, differences)
        assert found.p == pytest.approx(0.03149949, abs=1e-8)
        error = statistics.stdev(differences) / math.sqrt(8)
        assert statistics.fmean(differences) / error == pytest.approx(2.680870833, abs=1e-9)

    def test_the_interval(self) -> None:
        a, b = [0.1, 0.4, 0.2, 0.5], [0.3, 0.5, 0.4, 0.5]
        found = compare_means(a, b, n_missing=2).difference
        half = 3.1824463053 * statistics.stdev([0.2, 0.1, 0.2, 0.0]) / 2
        assert (found.value, found.low, found.high) == pytest.approx((0.125, 0.125 - half, 0.125 + half), abs=1e-9)
        assert (found.n, found.n_missing, found.method) == (4, 2, "paired-t95")

    def test_nothing_one_and_unequal(self) -> None:
        nothing = compare_means([], [], n_missing=1)
        assert (nothing.difference.value, nothing.p) == (None, None)
        one = compare_means([0.2], [0.7])
        assert (one.difference.low, one.difference.high, one.p) == (-1.0, 1.0, None)
        with pytest.raises(ValueError, match="no pairs"):
            compare_means([0.1], [])

    @pytest.mark.parametrize(("n", "p"), [(2, 0.5), (5, 0.0625), (10, 0.001953125)])
    def test_equal_differences_claim_no_more_than_their_number_allows(self, n: int, p: float) -> None:
        assert compare_means([0.0] * n, [1.0] * n).p == p
        assert compare_means([0.2 + 0.1 * i for i in range(n)], [0.3 + 0.1 * i for i in range(n)]).p == p

    def test_no_difference_at_all(self) -> None:
        found = compare_means([0.3, 0.6], [0.3, 0.6])
        assert (found.difference.value, found.p) == (0.0, 1.0)

    @LIGHT
    @given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=40))
    def test_laws(self, pairs: list[tuple[float, float]]) -> None:
        a, b = [x for x, _ in pairs], [y for _, y in pairs]
        one, other = compare_means(a, b), compare_means(b, a)
        low, value, high = one.difference.low, one.difference.value, one.difference.high
        assert low is not None and value is not None and high is not None
        assert -1 <= low <= value <= high <= 1
        assert (other.difference.low, other.difference.value, other.difference.high) == pytest.approx(
            (-high, -value, -low), abs=1e-12
        )
        assert one.p == pytest.approx(other.p)
        assert one.p is not None
        assert 0 <= one.p <= 1

    def test_what_is_no_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no finite number"):
            compare_means([0.1, math.nan], [0.2, 0.3])


class TestSignFlip:
    DIFFERENCES = (1.1, 2.3, -0.7, 3.1, 0.4, 1.9, -0.2, 2.8)

    def test_reference_value(self) -> None:
        found = sign_flip(self.DIFFERENCES)
        assert found.p == 0.046875
        assert (found.n, found.method) == (8, "sign-flip-exact")
        assert found.statistic == pytest.approx(1.3375)

    @LIGHT
    @given(st.lists(st.integers(-3, 3).map(lambda i: i / 10), min_size=1, max_size=9))
    def test_agrees_with_every_way_to_flip_them(self, differences: list[float]) -> None:
        """Tenths add up differently in another order: sums that are equal have to count as equal."""
        tenths = [round(10 * number) for number in differences]
        ways = [
            abs(sum(s * t for s, t in zip(signs, tenths, strict=True)))
            for signs in itertools.product((-1, 1), repeat=len(tenths))
        ]
        assert sign_flip(differences).p == sum(way >= abs(sum(tenths)) for way in ways) / len(ways)

    def test_draws_agree_with_the_exact_one(self) -> None:
        draw = np.random.default_rng(6)
        for shift in (0.1, 0.4):
            differences = draw.normal(shift, 1, 14).tolist()
            exact, drawn = sign_flip(differences), sign_flip([*differences, 0.0])  # a 0 changes no sum
            assert (exact.method, drawn.method) == ("sign-flip-exact", "sign-flip-9999")
            assert exact.p is not None and drawn.p == pytest.approx(exact.p, abs=0.015)

    def test_of_many_it_is_the_t_test(self) -> None:
        draw = np.random.default_rng(7)
        differences = draw.normal(0.1, 1, 3000).tolist()
        assert sign_flip(differences).p == pytest.approx(compare_means([0.0] * 3000, differences).p, abs=1e-3)
        around = draw.normal(0, 1, 1000)
        around -= around.mean() - 0.02
        found = sign_flip(around.tolist()).p
        assert found == pytest.approx(compare_means([0.0] * 1000, around.tolist()).p, abs=0.02)

    def test_seeds_ties_and_nothing(self) -> None:
        many = [0.1, -0.05] * 20
        assert sign_flip(many, seed=3) == sign_flip(many, seed=3)
        assert sign_flip(many, seed=3).p != sign_flip(many, seed=4).p
        assert sign_flip([0.0] * 20).p == sign_flip([0.0]).p == 1.0
        assert sign_flip([1.0] * 20).p == 1 / 10_000  # never 0 from draws
        assert sign_flip([]).p is None
        with pytest.raises(ValueError, match="no finite number"):
            sign_flip([math.inf])
