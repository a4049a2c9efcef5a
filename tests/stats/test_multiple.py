"""Corrections for several tests, against published values, scipy and their laws; simultaneous intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.multiple import benjamini_hochberg, holm, simultaneous
from bakeoff.stats.paired import compare_means

LIGHT = settings(deadline=None, database=None, max_examples=60)
PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_the_reference_values() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_what_was_not_tested_counts_for_nothing() -> None:
    assert holm([None, 0.02, None]) == [None, 0.02, None]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=12))
def test_never_smaller_than_raw_never_over_one_and_in_the_same_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, found in zip(p_values, adjusted, strict=True):
        assert found is not None and raw <= found <= 1
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [adjusted[i] for i in order] == sorted(value for value in adjusted if value is not None)


def test_reference_values_of_benjamini_and_hochberg() -> None:
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])


def test_the_list_of_fifteen_of_1995() -> None:
    assert sum(p is not None and p <= 0.05 for p in benjamini_hochberg(PUBLISHED)) == 4
    assert sum(p is not None and p <= 0.05 for p in holm(PUBLISHED)) == 3


@LIGHT
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_agrees_with_scipy(p_values: list[float]) -> None:
    from scipy.stats import false_discovery_control

    ours = benjamini_hochberg([*p_values, None])
    assert ours.pop() is None
    assert ours == pytest.approx(false_discovery_control(p_values).tolist(), abs=1e-12)
    for raw, found, strict in zip(p_values, ours, holm(p_values), strict=True):
        assert found is not None and strict is not None
        assert raw <= found <= strict + 1e-12


@pytest.mark.parametrize("correct", [holm, benjamini_hochberg])
@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(correct: Callable[[list[float]], object], bad: float) -> None:
    with pytest.raises(ValueError, match="no p value"):
        correct([0.5, bad])


class TestSimultaneous:
    SCORES = (np.random.default_rng(3).random((300, 5)) < [0.5, 0.52, 0.7, 0.5, 0.48]).astype(float)

    def test_wider_than_one_narrower_than_bonferroni(self) -> None:
        found = simultaneous(self.SCORES)
        assert [(one.a, one.b) for one in found] == [(a, b) for a in range(5) for b in range(a + 1, 5)]
        for one in found:
            a, b = self.SCORES[:, one.a].tolist(), self.SCORES[:, one.b].tolist()
            single = compare_means(a, b)
            ten = compare_means(a, b, confidence=1 - 0.05 / 10)
            low, high = one.difference.low, one.difference.high
            assert low is not None and high is not None
            assert single.difference.low is not None and ten.difference.low is not None
            assert ten.difference.low < low < single.difference.low
            assert one.difference.value == pytest.approx(single.difference.value)
            assert single.p is not None and one.p >= single.p - 0.002
            assert (low > 0 or high < 0) == (one.p <= 0.05) or abs(one.p - 0.05) < 0.003

    def test_against_a_baseline_there_are_fewer(self) -> None:
        found, every = simultaneous(self.SCORES, baseline=2), simultaneous(self.SCORES)
        assert [(one.a, one.b) for one in found] == [(2, 0), (2, 1), (2, 3), (2, 4)]
        same = next(one for one in every if (one.a, one.b) == (2, 3))
        assert found[2].difference.high is not None and same.difference.high is not None
        assert found[2].difference.high < same.difference.high
        assert found[2].difference.method == "max-t95"

    def test_equal_models_are_not_certain(self) -> None:
        scores = np.column_stack([self.SCORES[:, 0], self.SCORES[:, 0], self.SCORES[:, 2]])
        same = simultaneous(scores)[0]
        assert (same.difference.value, same.p) == (0.0, 1.0)
        assert same.difference.low == pytest.approx(-(1 - 0.05 ** (1 / 300)))
        alike = simultaneous(np.tile([0.0, 1.0], (8, 1)))[0]
        assert alike.p == 2**-7

    def test_one_item_and_one_model(self) -> None:
        assert simultaneous([[0.1, 0.2]])[0].difference.low is None
        assert simultaneous([[0.1], [0.2]]) == []


@pytest.mark.statistical
def test_simultaneous_intervals_hold_together() -> None:
    """Five equal models, 150 items: one of the ten intervals misses in about 5 % of 250 experiments."""
    draw, missed, single = np.random.default_rng(8), 0, 0
    for seed in range(250):
        hard = draw.normal(size=(150, 1))
        scores = (hard + draw.normal(size=(150, 5)) > 0).astype(float)
        found = simultaneous(scores, resamples=500, seed=seed)
        missed += any(not float(one.difference.low or 0) <= 0 <= float(one.difference.high or 0) for one in found)
        gaps = scores[:, :, None] - scores[:, None, :]
        errors = np.maximum(gaps.std(axis=0, ddof=1), 1e-9) / 150**0.5
        single += bool((np.abs(gaps.mean(axis=0)) > 1.976 * errors).any())
    assert missed / 250 <= 0.09
    assert single / 250 > 0.15
