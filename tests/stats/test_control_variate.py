"""A score from part of the items: what other models' runs add, and what they do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bakeoff.core.types import Estimate
from bakeoff.stats.control_variate import control_variate, difficulty_strata, post_stratified, proportional_draw
from bakeoff.stats.intervals import mean

LIGHT = settings(deadline=None, database=None, max_examples=40)


def benchmark(seed: int, items: int = 1000, models: int = 8) -> NDArray[np.float64]:
    """Right and wrong of models × items under one ability each and a difficulty of each item."""
    draw = np.random.default_rng(seed)
    difficulty = draw.normal(0, 1.8, items)
    ability = draw.normal(0.4, 0.5, models)
    return (draw.random((models, items)) < 1 / (1 + np.exp(difficulty - ability[:, None]))).astype(float)


def holds(estimate: Estimate, value: float) -> bool:
    return estimate.low is not None and estimate.high is not None and estimate.low <= value <= estimate.high


class TestControlVariate:
    def test_by_the_formula(self) -> None:
        table = benchmark(0, items=200)
        answered = np.random.default_rng(1).choice(200, 50, replace=False)
        y, f = table[0][answered], table[1:].mean(axis=0)
        found = control_variate(y, answered.tolist(), f)
        slope, level = np.polyfit(f[answered], y, 1)
        assert found.value == pytest.approx(y.mean() - slope * (f[answered].mean() - f.mean()))
        left = ((y - level - slope * f[answered]) ** 2).sum()
        error = math.sqrt(left / 48 / 50 * (1 - 50 / 200))
        assert found.high == pytest.approx((found.value or 0) + 2.010634758 * error)
        assert (found.n, found.method) == (50, "control-variate95")

    def test_a_reference_that_says_nothing_leaves_the_mean(self) -> None:
        y = [1.0, 0.0] * 10
        assert control_variate(y, range(20), [0.5] * 100) == mean(y, 0)
        assert control_variate(y[:4], range(4), list(np.linspace(0, 1, 100))) == mean(y[:4], 0)
        assert control_variate([], [], [0.5] * 10).value is None

    def test_a_perfect_reference_is_not_certain(self) -> None:
        reference = np.array([1.0, 0.0] * 50)
        found = control_variate(reference[:20], range(20), reference)
        assert found.value == pytest.approx(0.5)
        assert found.low is not None and found.high is not None and found.high - found.low > 0.1

    def test_refusals(self) -> None:
        reference = [0.0, 0.5, 1.0]
        with pytest.raises(ValueError, match="all 3 items were answered"):
            control_variate([1.0, 0.0, 1.0], [0, 1, 2], reference)
        with pytest.raises(ValueError, match="answered twice"):
            control_variate([1.0, 0.0], [0, 0], reference)
        with pytest.raises(ValueError, match="none of the 3 items"):
            control_variate([1.0], [3], reference)
        with pytest.raises(ValueError, match="2 scores for 1"):
            control_variate([1.0, 0.0], [1], reference)
        with pytest.raises(ValueError, match="no finite numbers"):
            control_variate([math.nan], [1], reference)


class TestStrata:
    def test_fifths_from_the_hardest(self) -> None:
        assert difficulty_strata([0.9, 0.1, 0.5, 0.3, 0.7]) == [4, 0, 2, 1, 3]
        with pytest.raises(ValueError, match="2 items cannot be parted into 5"):
            difficulty_strata([0.1, 0.2])

    @LIGHT
    @given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 80), st.integers(0, 100))
    def test_a_draw_is_proportional(self, strata: list[int], n: int, seed: int) -> None:
        n = min(n, len(strata))
        chosen = proportional_draw(strata, n, seed)
        assert len(set(chosen)) == len(chosen) == n
        assert chosen == proportional_draw(strata, n, seed) == sorted(chosen)
        for label in set(strata):
            share = n * strata.count(label) / len(strata)
            assert abs(sum(strata[place] == label for place in chosen) - share) < 1

    def test_weighted_by_hand(self) -> None:
        strata = [0] * 60 + [1] * 40
        answered = [0, 1, 2, 3, 60, 61, 62, 63, 64, 65]
        found = post_stratified([1.0, 0, 1, 0, 1, 1, 1, 1, 1, 0], answered, strata)
        assert found.value == pytest.approx(0.6 * 0.5 + 0.4 * 5 / 6)
        variance = 0.36 * (1 / 3) / 4 * (1 - 4 / 60) + 0.16 * (1 / 6) / 6 * (1 - 6 / 40)
        assert found.low == pytest.approx((found.value or 0) - 2.306004135 * math.sqrt(variance))

    def test_a_stratum_without_answers_is_refused(self) -> None:
        with pytest.raises(ValueError, match="stratum 1 has 1 answers of 20 items, and needs 2"):
            post_stratified([1.0, 0.0] * 6, [*range(11), 30], [0] * 20 + [1] * 20)


@pytest.mark.statistical
def test_coverage_and_gain_for_one_score_and_none_for_a_difference() -> None:
    draw = np.random.default_rng(5)
    squares: dict[str, list[float]] = {"plain": [], "variate": [], "strata": [], "d plain": [], "d variate": []}
    held = {"variate": 0, "strata": 0}
    for seed in range(40):
        table = benchmark(seed)
        a, b, reference = table[0], table[1], table[2:].mean(axis=0)
        strata = difficulty_strata(reference)
        half = (b - a + 1) / 2
        for repeat in range(12):
            answered = draw.choice(1000, 100, replace=False)
            found = control_variate(a[answered], answered.tolist(), reference)
            spread = proportional_draw(strata, 100, seed * 100 + repeat)
            part = post_stratified(a[spread], spread, strata)
            difference = control_variate(half[answered], answered.tolist(), reference)
            truth = float(a.mean())
            held["variate"] += holds(found, truth)
            held["strata"] += holds(part, truth)
            squares["plain"].append((a[answered].mean() - truth) ** 2)
            squares["variate"].append(((found.value or 0) - truth) ** 2)
            squares["strata"].append(((part.value or 0) - truth) ** 2)
            squares["d plain"].append((half[answered].mean() - half.mean()) ** 2)
            squares["d variate"].append(((difference.value or 0) - half.mean()) ** 2)
    average = {name: float(np.mean(found)) for name, found in squares.items()}
    assert held["variate"] / 480 >= 0.92
    assert held["strata"] / 480 >= 0.92
    assert average["plain"] / average["variate"] >= 1.2
    assert average["plain"] / average["strata"] >= 1.2
    assert 0.9 <= average["d plain"] / average["d variate"] <= 1.1
