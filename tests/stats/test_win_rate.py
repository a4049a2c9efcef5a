"""Judges that lean to what comes first, or to what is long."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.win_rate import length_controlled, win_rate

LIGHT = settings(deadline=None, database=None, max_examples=40)
VERDICTS = st.lists(st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, None])] * 2), max_size=30)


def leaning(n: int, first: float, seed: int, better: float = 0.0) -> tuple[list[float], list[float]]:
    """What A wins when shown first and when shown second, under a judge that picks the first so often."""
    draw = np.random.default_rng(seed)
    return (
        (draw.random(n) < first + better).astype(float).tolist(),
        (draw.random(n) < 1 - first + better).astype(float).tolist(),
    )


class TestWinRate:
    def test_by_hand(self) -> None:
        found = win_rate([1, 1, 0.5, 0, 1], [1, 0, 0.5, 0, None])
        assert found.rate.value == pytest.approx((1 + 0.5 + 0.5 + 0) / 4)
        assert found.position_bias.value == pytest.approx((0.5 + 1 + 0.5 + 0.5) / 4 - 0.5)
        assert found.consistency.value == 0.75
        assert found.rate.n_missing == found.position_bias.n_missing == found.consistency.n_missing == 1
        assert found.rate.method == "both-orders-t95"

    def test_a_judge_that_only_looks_at_the_place(self) -> None:
        found = win_rate([1.0] * 40, [0.0] * 40)
        assert found.rate.value == 0.5
        assert found.p == 1.0
        assert found.position_bias.value == 0.5
        assert found.consistency.value == 0.0
        assert found.rate.low is not None and found.rate.low < 0.5  # alike is not certain

    def test_a_better_model_wins_through_the_bias(self) -> None:
        found = win_rate(*leaning(500, 0.65, 0, better=0.15))
        assert found.rate.low is not None and found.rate.low > 0.5
        assert found.p is not None and found.p < 1e-6
        assert found.position_bias.low is not None and found.position_bias.low > 0

    def test_nothing_and_nonsense(self) -> None:
        nothing = win_rate([None, 1.0], [1.0, None])
        assert (nothing.rate.value, nothing.p, nothing.rate.n_missing) == (None, None, 2)
        assert nothing.position_bias.value is None
        with pytest.raises(ValueError, match="a verdict of nan"):
            win_rate([float("nan")], [1.0])
        with pytest.raises(ValueError, match="no pairs of orders"):
            win_rate([1.0], [])

    @LIGHT
    @given(VERDICTS)
    def test_laws(self, verdicts: list[tuple[float | None, float | None]]) -> None:
        first, second = [a for a, _ in verdicts], [b for _, b in verdicts]
        found = win_rate(first, second)
        other = win_rate(  # the same votes, told of B
            [None if b is None else 1 - b for b in second], [None if a is None else 1 - a for a in first]
        )
        if found.rate.value is None:
            assert other.rate.value is None
            return
        assert other.rate.value == pytest.approx(1 - found.rate.value)
        assert other.p == pytest.approx(found.p)
        assert other.position_bias.value == pytest.approx(found.position_bias.value)
        assert other.consistency == found.consistency
        for estimate, least, most in ((found.rate, 0, 1), (found.position_bias, -0.5, 0.5)):
            assert estimate.value is not None and estimate.low is not None and estimate.high is not None
            assert least <= estimate.low <= estimate.value <= estimate.high <= most


def length_only(seed: int, n: int = 805) -> tuple[list[float], list[float]]:
    """A judge that sees nothing but length, of a model that writes longer: raw it wins."""
    draw = np.random.default_rng(seed)
    longer = draw.normal(0.36, 1.0, n)
    return (draw.random(n) < 1 / (1 + np.exp(-1.8 * np.tanh(longer)))).astype(float).tolist(), longer.tolist()


class TestLengthControlled:
    def test_the_fit_is_that_of_statsmodels(self) -> None:
        won, longer = length_only(3)
        hard = np.random.default_rng(9).normal(size=len(won))
        found = length_controlled(won, longer, hard)
        scaled = np.tanh(np.array(longer) / np.std(longer))
        level = (hard - hard.mean()) / hard.std()
        fitted = sm.Logit(np.array(won), np.stack([np.ones(len(won)), scaled, level], axis=1)).fit(disp=0)
        assert found.length_weight == pytest.approx(fitted.params[1], abs=1e-6)
        even = 1 / (1 + np.exp(-(fitted.params[0] + fitted.params[2] * level)))
        assert found.rate.value == pytest.approx(even.mean(), abs=1e-8)

    def test_without_difficulty_the_interval_is_that_of_the_intercept(self) -> None:
        won, longer = length_only(3)
        found = length_controlled(won, longer)
        scaled = np.tanh(np.array(longer) / np.std(longer))
        fitted = sm.Logit(np.array(won), np.stack([np.ones(len(won)), scaled], axis=1)).fit(disp=0, cov_type="HC0")
        share = 1 / (1 + np.exp(-fitted.params[0]))
        half = 1.963 * share * (1 - share) * fitted.bse[0]
        assert found.rate.value == pytest.approx(share)
        assert found.rate.low == pytest.approx(share - half, rel=1e-3)

    def test_what_cannot_be_fitted_is_told(self) -> None:
        assert length_controlled([1.0] * 20, list(range(20))).reason.startswith("every item ended alike")
        assert length_controlled([1.0, 0.0] * 10, [5.0] * 20).reason.startswith("lengths or difficulties do not vary")
        assert length_controlled([1.0, 0.0], [1.0, 2.0]).reason.startswith("2 items are too few")
        alone = length_controlled([0.0] * 10 + [1.0] * 10, list(range(-10, 10)))
        assert alone.reason.startswith("length or difficulty alone tells who wins")
        assert (alone.rate.value, alone.raw.value, alone.rate.n_missing) == (None, 0.5, 20)
        assert length_controlled([], []).rate.value is None
        with pytest.raises(ValueError, match="of other items"):
            length_controlled([1.0], [1.0, 2.0])
        with pytest.raises(ValueError, match="no finite numbers"):
            length_controlled([1.0], [float("inf")])

    @LIGHT
    @given(st.integers(0, 10_000))
    def test_swapping_the_models_turns_the_rate_around(self, seed: int) -> None:
        won, longer = length_only(seed, n=60)
        found, turned = length_controlled(won, longer), length_controlled([1 - w for w in won], [-x for x in longer])
        assert found.rate.value is not None and turned.rate.value is not None
        assert turned.rate.value == pytest.approx(1 - found.rate.value, abs=1e-7)
        assert turned.length_weight == pytest.approx(found.length_weight, abs=1e-6)


@pytest.mark.statistical
def test_position_bias_makes_a_winner_of_two_equals_unless_both_orders_are_shown() -> None:
    """65 % for the first shown, no difference between models, 500 items: one order 100 %, both 5.5 % false."""
    shown_once = shown_twice = 0
    for seed in range(1000):
        first, second = leaning(500, 0.65, seed)
        wins = sum(first)
        shown_once += abs(wins - 250) / np.sqrt(125) > 1.96
        found = win_rate(first, second)
        assert found.p is not None
        shown_twice += found.p <= 0.05
    assert shown_once / 1000 >= 0.99
    assert shown_twice / 1000 <= 0.065


@pytest.mark.statistical
def test_length_control_takes_a_length_only_judge_to_one_half() -> None:
    found = [length_controlled(*length_only(seed)) for seed in range(300)]
    raw = np.mean([one.raw.value for one in found if one.raw.value is not None])
    even = np.array([one.rate.value for one in found if one.rate.value is not None])
    assert raw > 0.57
    assert abs(even.mean() - 0.5) < 0.005
    assert even.std() < 0.025
    held = sum(
        one.rate.low is not None and one.rate.high is not None and one.rate.low <= 0.5 <= one.rate.high for one in found
    )
    assert held / 300 >= 0.92
