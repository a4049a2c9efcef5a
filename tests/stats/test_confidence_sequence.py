"""The confidence sequence and its gates: reference values, brute force, laws, coverage and error rates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bakeoff.stats.confidence_sequence import (
    EXACT_VALUES,
    SHARES,
    ConfidenceSequence,
    Equivalence,
    NonInferiority,
    equivalence,
    noninferiority,
)

LIGHT = settings(deadline=None, database=None, max_examples=40)
COUNTS = st.tuples(st.integers(0, 200), st.integers(0, 200), st.integers(0, 200))
DIFFERENCES = st.lists(st.floats(-1, 1, allow_subnormal=False), max_size=60)


def counted(plus: int, zero: int, minus: int, alpha: float = 0.05) -> ConfidenceSequence:
    sequence = ConfidenceSequence(alpha)
    sequence.add(plus, zero, minus)
    return sequence


def fed(differences: Sequence[float], running: bool = False) -> ConfidenceSequence:
    sequence = ConfidenceSequence(running=running)
    for d in differences:
        sequence.add_differences([d])
    return sequence


def fortune(differences: Sequence[float], mean: float, above: bool, below: bool) -> float:
    """K by its definition, item by item."""
    m, paths = (mean + 1) / 2, []
    for share in SHARES:
        if above:
            paths.append(math.prod(1 + share * ((d + 1) / 2 - m) / m for d in differences))
        if below:
            paths.append(math.prod(1 - share * ((d + 1) / 2 - m) / (1 - m) for d in differences))
    return sum(paths) / len(paths)


class TestConfidenceSequence:
    @pytest.mark.parametrize(
        ("counts", "low", "high"),
        [
            ((54, 418, 28), -0.005486, 0.112054),
            ((306, 934, 79), 0.126116, 0.219634),
            ((0, 50, 0), -0.120434, 0.120434),
        ],
    )
    def test_reference_values(self, counts: tuple[int, int, int], low: float, high: float) -> None:
        assert counted(*counts).interval() == pytest.approx((low, high), abs=1e-6)

    def test_before_the_first_item(self) -> None:
        for running in (False, True):
            sequence = ConfidenceSequence(running=running)
            assert sequence.interval() == (-1, 1)
            assert sequence.mean is None
            assert (sequence.estimate(3).value, sequence.estimate(3).low, sequence.estimate(3).n) == (None, None, 0)

    def test_one_item_says_next_to_nothing(self) -> None:
        low, high = counted(1, 0, 0).interval()
        assert low < -0.9 and high == 1

    def test_an_estimate(self) -> None:
        estimate = counted(54, 418, 28, alpha=0.1).estimate(n_missing=2)
        assert estimate.value == pytest.approx(0.052)
        assert (estimate.n, estimate.n_missing) == (500, 2)
        assert estimate.method == "confidence-sequence90"
        assert estimate.low is not None and estimate.low > -0.005486

    @LIGHT
    @given(DIFFERENCES, st.floats(-0.95, 0.95))
    def test_wealth_by_its_definition(self, differences: list[float], mean: float) -> None:
        expected = math.log(fortune(differences, mean, above=True, below=True))
        assert fed(differences).log_wealth(mean) == pytest.approx(expected, abs=1e-8)

    @LIGHT
    @given(COUNTS.filter(any))
    def test_laws(self, counts: tuple[int, int, int]) -> None:
        plus, zero, minus = counts
        sequence = counted(*counts)
        low, high = sequence.interval()
        assert sequence.mean is not None
        assert -1 <= low <= sequence.mean <= high <= 1
        assert counted(minus, zero, plus).interval() == pytest.approx((-high, -low), abs=1e-6)
        stricter = counted(*counts, alpha=0.01).interval()
        assert stricter[0] <= low and high <= stricter[1]
        for bound in (low, high):
            if abs(bound) < 1 - 1e-6:
                assert sequence.log_wealth(bound) == pytest.approx(math.log(20), abs=1e-4)

    @LIGHT
    @given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=60))
    def test_counts_and_values_and_their_order_are_the_same(self, differences: list[float]) -> None:
        by_counts = counted(*(differences.count(d) for d in (1.0, 0.0, -1.0)))
        for order in (differences, sorted(differences)):
            assert fed(order).interval() == pytest.approx(by_counts.interval(), abs=1e-9)

    @LIGHT
    @given(DIFFERENCES)
    def test_a_running_interval_lies_inside(self, differences: list[float]) -> None:
        running, plain = fed(differences, running=True), fed(differences)
        if not running.broken:
            assert plain.interval()[0] <= running.interval()[0] <= running.interval()[1] <= plain.interval()[1]

    def test_a_drift_breaks_a_running_interval(self) -> None:
        sequence = ConfidenceSequence(running=True)
        sequence.add(300, 0, 0)
        sequence.add(0, 0, 3000)
        assert sequence.broken
        assert sequence.interval() == counted(300, 0, 3000).interval()

    def test_many_values_are_rounded_outwards(self) -> None:
        rng = np.random.default_rng(1)
        differences = rng.uniform(-0.4, 0.5, EXACT_VALUES)
        exact, rounded = ConfidenceSequence(), ConfidenceSequence()
        exact.add_differences(differences)
        rounded.add_differences([*differences, 0.05])
        exact.add_differences([differences[0]])  # as many items, and none is new
        assert len(exact._below) == EXACT_VALUES and len(rounded._below) < EXACT_VALUES / 2
        (low, high), (lower, higher) = exact.interval(), rounded.interval()
        assert low - 0.002 < lower < low < high < higher < high + 0.002
        rounded.add_differences([0.051])
        assert rounded.n == EXACT_VALUES + 2
        assert rounded.mean == pytest.approx((differences.sum() + 0.101) / rounded.n)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.0001, -2.0, 57.0])
    def test_values_that_are_no_differences(self, value: float) -> None:
        for fresh in (ConfidenceSequence(), noninferiority(0.05), equivalence(0.05)):
            with pytest.raises(ValueError, match=r"must lie in \[-1, 1\]"):
                fresh.add_differences([0.5, value])
            assert fresh.n == 0

    def test_negative_counts_and_impossible_alphas(self) -> None:
        with pytest.raises(ValueError, match="zero is a count and cannot be -1"):
            counted(1, -1, 0)
        for alpha in (0.0, 1.0, math.nan):
            for make in (ConfidenceSequence, lambda alpha: noninferiority(0.1, alpha)):
                with pytest.raises(ValueError, match="alpha must lie"):
                    make(alpha)

    @pytest.mark.parametrize("mean", [-1.0, 1.0, math.nan])
    def test_means_at_the_edge_have_no_wealth(self, mean: float) -> None:
        with pytest.raises(ValueError, match="between -1 and 1"):
            counted(1, 2, 3).log_wealth(mean)

    def test_agrees_with_another_library_on_what_is_likely(self) -> None:
        """Another betting sequence for the same data is of about the same width, and they overlap."""
        from ville import BettingCS

        rng = np.random.default_rng(2)
        for n in (100, 500):
            d = rng.choice([1.0, 0.0, -1.0], n, p=[0.263, 0.634, 0.103])
            oracle = BettingCS(bounds=(-1.0, 1.0), grid=2001)
            oracle.update(d)
            low, high = fed(d.tolist()).interval()
            assert low < oracle.upper_[-1] and oracle.lower_[-1] < high
            assert high - low == pytest.approx(oracle.upper_[-1] - oracle.lower_[-1], rel=0.4)


class TestNonInferiority:
    @LIGHT
    @given(DIFFERENCES, st.floats(0, 0.5))
    def test_wealth_by_its_definition(self, differences: list[float], margin: float) -> None:
        gate = noninferiority(margin)
        gate.add_differences(differences)
        assert gate.wealth == pytest.approx(fortune(differences, -margin, above=True, below=False), rel=1e-8)

    def test_passes_once_and_for_good(self) -> None:
        gate = NonInferiority(0.1)
        for _ in range(20):
            gate.add(4, 25, 3)
        assert gate.passed and gate.passed_at is not None and gate.passed_at < 640
        before = (gate.passed_at, gate.p)
        gate.add(0, 0, 500)
        assert gate.passed and gate.wealth < 1
        assert (gate.passed_at, gate.p) == before
        assert gate.p <= 0.05

    def test_a_worse_model_does_not_pass(self) -> None:
        gate = noninferiority(0.05)
        for _ in range(40):
            gate.add(2, 24, 6)
        assert not gate.passed and gate.passed_at is None and gate.p > 0.05

    def test_a_wider_margin_is_easier(self) -> None:
        wealths = []
        for margin in (0.0, 0.05, 0.1, 0.3):
            gate = noninferiority(margin)
            gate.add(30, 200, 25)
            wealths.append(gate.wealth)
        assert wealths == sorted(wealths)

    def test_extreme_wealth_stays_finite(self) -> None:
        gate = noninferiority(0.05)
        gate.add(50_000, 0, 0)
        assert gate.wealth == pytest.approx(1e300, rel=0.9) and 0 < gate.p < 1e-299

    @pytest.mark.parametrize("margin", [-0.01, 1.0, math.nan, 5.0])
    def test_impossible_margins(self, margin: float) -> None:
        for make in (noninferiority, equivalence):
            with pytest.raises(ValueError, match="margin"):
                make(margin)


class TestEquivalence:
    @LIGHT
    @given(COUNTS, st.floats(0.01, 0.5))
    def test_passes_when_the_interval_lies_inside(self, counts: tuple[int, int, int], margin: float) -> None:
        gate = Equivalence(margin)
        gate.add(*counts)
        low, high = counted(*counts).interval()
        if min(abs(low + margin), abs(high - margin)) > 1e-6:
            assert gate.passed == (-margin < low and high < margin)
        assert gate.log_wealths == pytest.approx([counted(*counts).log_wealth(d) for d in (-margin, margin)], abs=1e-8)

    def test_passes_once_and_for_good(self) -> None:
        gate = equivalence(0.1)
        gate.add(5, 390, 5)
        assert gate.passed and gate.passed_at == 400
        gate.add(400, 0, 0)
        assert gate.passed and gate.passed_at == 400

    def test_a_margin_of_nothing(self) -> None:
        with pytest.raises(ValueError, match="margin of 0"):
            equivalence(0)


def draws(rng: np.random.Generator, runs: int, n: int, plus: float, minus: float) -> NDArray[np.int64]:
    """Counts (plus, zero, minus) of runs × batches of 32."""
    return rng.multinomial(32, [plus, 1 - plus - minus, minus], (runs, n // 32))


@pytest.mark.statistical
class TestErrorRates:
    """STATISTICS.md, acceptance target 6, and the coverage it states."""

    @pytest.mark.parametrize(("margin", "differ"), [(0.05, 0.17), (0.05, 0.35), (0.1, 0.35)])
    def test_false_passes_at_the_margin(self, margin: float, differ: float) -> None:
        rng = np.random.default_rng(6)
        passed = 0
        for run in draws(rng, 1000, 1319, (differ - margin) / 2, (differ + margin) / 2):
            gate = noninferiority(margin)
            for batch in run:
                gate.add(*batch)
            passed += gate.passed
        assert 0.005 <= passed / 1000 <= 0.05  # 0.02 to 0.035 expected

    def test_an_equal_model_passes(self) -> None:
        """Margin of 5 points, 17 % of the pairs differ: 0.95 and 570 items expected (looking at every item: 509)."""
        used, passed = [], 0
        for run in draws(np.random.default_rng(7), 300, 1319, 0.084, 0.084):
            gate = noninferiority(0.05)
            for batch in run:
                gate.add(*batch)
            used.append(gate.passed_at or 1319)
            passed += gate.passed
        assert passed / 300 >= 0.92
        assert np.mean(used) <= 610

    def test_coverage_and_width_at_all_looks(self) -> None:
        widths, covered = [], 0
        for run in draws(np.random.default_rng(8), 200, 1319, 0.263, 0.103):
            sequence, holds = ConfidenceSequence(), True
            for batch in run:
                sequence.add(*batch)
                holds &= sequence.log_wealth(0.16) < math.log(20)  # so 0.16 lies in the interval
            covered += holds
            low, high = sequence.interval()
            widths.append(high - low)
        assert covered / 200 >= 0.95
        assert np.mean(widths) == pytest.approx(0.107, abs=0.004)

    def test_coverage_of_graded_scores(self) -> None:
        """Skewed differences with a mean of 0.05, every value another."""
        rng = np.random.default_rng(10)
        covered = 0
        for _ in range(200):
            sequence, holds = ConfidenceSequence(), True
            for batch in 1.2 * rng.beta(0.5, 1.5, (12, 32)) - 0.25:
                sequence.add_differences(batch)
                holds &= sequence.log_wealth(0.05) < math.log(20)
            covered += holds
        assert covered / 200 >= 0.95

    def test_false_equivalence_at_the_margin(self) -> None:
        passed = 0
        for run in draws(np.random.default_rng(9), 500, 1319, 0.125, 0.075):
            gate = equivalence(0.05)
            for batch in run:
                gate.add(*batch)
            passed += gate.passed
        assert passed / 500 <= 0.05
