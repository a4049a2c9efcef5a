"""The paired bootstrap: the right distribution both ways, the same numbers for a seed, honest ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.resample import Resampled, resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

LIGHT = settings(deadline=None, database=None, max_examples=30)


def answers(n: int, shares: list[float], seed: int = 1) -> NDArray[np.float64]:
    return (np.random.default_rng(seed).random((n, len(shares))) < shares).astype(float)


@pytest.mark.parametrize("binary", [True, False], ids=["items drawn by pattern", "items drawn one by one"])
def test_the_spread_is_that_of_the_mean(binary: bool) -> None:
    scores = answers(400, [0.3, 0.8]) if binary else np.random.default_rng(1).random((400, 2))
    drawn = resample(scores, 20_000)
    assert drawn.observed == pytest.approx(scores.mean(axis=0))
    assert drawn.means.shape == (20_000, 2)
    assert drawn.means.mean(axis=0) == pytest.approx(drawn.observed, abs=1e-3)
    assert np.cov(drawn.means.T) == pytest.approx(np.cov(scores.T, bias=True) / 400, abs=4e-6 if not binary else 1.5e-5)


def test_every_way_to_draw_three_items_is_as_likely_as_it_should_be() -> None:
    """Of items 0, 1, 5 there are ten draws: sums 0 and 15 have chance 1/27, 6 = 0 + 1 + 5 has 6/27."""
    drawn = resample([[0.0], [1.0], [5.0]], 27_000)
    sums = np.round(drawn.means[:, 0] * 3)
    wanted = {0: 1, 1: 3, 2: 3, 3: 1, 5: 3, 6: 6, 7: 3, 10: 3, 11: 3, 15: 1}
    for total, ways in wanted.items():
        assert (sums == total).mean() == pytest.approx(ways / 27, abs=0.01)


def test_both_ways_agree_with_copying_items() -> None:
    scores = answers(60, [0.4, 0.6, 0.7])
    draw = np.random.default_rng(0)
    copied = np.array([scores[draw.integers(0, 60, 60)].mean(axis=0) for _ in range(8000)])
    for table in (scores, scores + 1e-9 * np.arange(60)[:, None]):  # alike rows, and none alike
        ours = resample(table, 8000).means
        shares = [0.025, 0.25, 0.5, 0.75, 0.975]
        assert np.quantile(ours, shares, axis=0) == pytest.approx(np.quantile(copied, shares, axis=0), abs=0.02)


def test_the_seed_repeats_it() -> None:
    scores = np.random.default_rng(3).random((50, 3))
    assert (resample(scores, 100, seed=4).means == resample(scores, 100, seed=4).means).all()
    assert (resample(scores, 100, seed=4).means != resample(scores, 100, seed=5).means).any()


def test_whole_numbers_are_exact() -> None:
    """Two models with the same answers in another order tie where they tie, to the last bit."""
    scores = answers(3000, [0.5, 0.5, 0.4, 0.3, 0.2, 0.1, 0.5, 0.5, 0.6, 0.7])
    means = resample(scores, 200).means
    assert (means == np.round(means * 3000) / 3000).all()


def test_blocks_leave_no_seam() -> None:
    drawn = resample(np.random.default_rng(2).random((70_000, 1)), 40)  # fifteen resamples in a block
    assert len(np.unique(drawn.means)) == 40
    assert drawn.means.std() == pytest.approx((1 / 12 / 70_000) ** 0.5, rel=0.5)


def test_paired_is_narrower() -> None:
    hard = np.random.default_rng(5).random(500)
    scores = np.column_stack([hard, hard + 0.01])
    found = resample(scores, 1000).difference(0, 1)
    assert (found.low, found.value, found.high) == pytest.approx((0.01, 0.01, 0.01))
    assert (found.n, found.method) == (500, "bootstrap95")


def test_clusters_are_drawn_whole() -> None:
    """Twenty clusters of ten answers alike are twenty answers; unequal clusters weigh by their size."""
    by_cluster = answers(20, [0.5], seed=9)
    scores = np.repeat(by_cluster, 10, axis=0)
    labels = [f"passage {i // 10}" for i in range(200)]
    alone, whole = resample(scores, 4000), resample(scores, 4000, clusters=labels)
    assert whole.means.std() == pytest.approx(by_cluster.std() / 20**0.5, rel=0.05)
    assert whole.means.std() > 2.5 * alone.means.std()
    uneven = resample([[1.0], [1.0], [1.0], [0.0]], 4000, clusters=["a", "a", "a", "b"])
    assert set(np.round(uneven.means[:, 0], 9)) == {0.0, 0.75, 1.0}
    with pytest.raises(ValueError, match="3 cluster labels do not fit 4 items"):
        resample(np.zeros((4, 1)), clusters=["a", "b", "c"])


class TestRatio:
    def test_dollars_for_each_further_item_solved(self) -> None:
        """Against a plain loop over the same statistic."""
        draw = np.random.default_rng(7)
        right = answers(500, [0.4, 0.52], seed=7)
        table = np.column_stack([right, draw.gamma(2, 0.05, 500), draw.gamma(2, 0.3, 500)])
        found = resample(table, 8000).ratio([0, 0, -1, 1], [-1, 1, 0, 0])

        def ratio(rows: NDArray[np.float64]) -> float:
            means = rows.mean(axis=0)
            return float((means[3] - means[2]) / (means[1] - means[0]))

        looped = [ratio(table[draw.integers(0, 500, 500)]) for _ in range(8000)]
        assert found.value == pytest.approx(ratio(table))
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(looped, [0.025, 0.975])), rel=0.06)

    def test_no_interval_where_the_lower_sum_may_be_0(self) -> None:
        table = np.column_stack([answers(40, [0.5, 0.5]), np.random.default_rng(1).random((40, 2))])
        found = resample(table, 2000).ratio([0, 0, -1, 1], [-1, 1, 0, 0])
        assert (found.low, found.high, found.method) == (None, None, "bootstrap95-unbounded")

    def test_a_division_by_0_is_no_number(self) -> None:
        found = resample([[0.0, 1.0], [0.0, 0.5]], 50).ratio([0, 1], [1, 0])
        assert found.value is None

    def test_the_few_on_the_other_side_are_the_far_end(self) -> None:
        means = np.column_stack([np.ones(1000), np.linspace(-0.01, 0.99, 1000)])
        found = Resampled(np.array([1.0, 0.5]), means, 100).ratio([1, 0], [0, 1])
        assert found.value == 2.0
        assert found.low == pytest.approx(1.04, abs=0.01) and found.high is not None and found.high > 50

    def test_weights_have_to_fit(self) -> None:
        with pytest.raises(ValueError, match="2 models need as many weights, not 1 and 2"):
            resample(answers(5, [0.5, 0.5]), 10).ratio([1], [0, 1])


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([[0.1, float("nan")]], "missing or infinite"),
        ([[0.1], [float("inf")]], "missing or infinite"),
        ([0.1, 0.2], "items × models"),
        (np.zeros((0, 3)), "items × models"),
    ],
)
def test_what_cannot_be_resampled_is_refused(scores: NDArray[np.float64], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        resample(scores, 10)


def test_a_resample_at_least() -> None:
    with pytest.raises(ValueError, match="0 resamples"):
        resample([[1.0]], 0)


def test_one_item_has_no_interval() -> None:
    found = resample([[0.2, 0.7]], 10, n_missing=3).difference(0, 1)
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.n_missing) == (None, 3)


@LIGHT
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=30), st.integers(0, 99))
def test_laws(pairs: list[tuple[float, float]], seed: int) -> None:
    drawn = resample(pairs, 200, seed=seed)
    assert (drawn.means >= np.min(pairs, axis=0) - 1e-12).all()
    assert (drawn.means <= np.max(pairs, axis=0) + 1e-12).all()
    one, other = drawn.difference(0, 1), drawn.difference(1, 0)
    assert one.low is not None and one.high is not None and other.high is not None
    assert other.high == pytest.approx(-one.low, abs=1e-12)
    assert one.low <= one.high
