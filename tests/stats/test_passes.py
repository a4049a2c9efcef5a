"""pass@k against its definition: the share of draws of k programs in which one passes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bakeoff.stats.passes import mean_pass_at_k, pass_at_k, passes


@pytest.mark.parametrize("n", range(1, 8))
def test_it_is_the_share_of_draws_with_a_pass(n: int) -> None:
    for c in range(n + 1):
        programs = [True] * c + [False] * (n - c)
        for k in range(1, n + 1):
            draws = list(combinations(programs, k))
            assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, draws)) / len(draws), abs=1e-15)


def test_it_is_exact_where_floats_are_not() -> None:
    assert pass_at_k(200, 1, 100) == 0.5
    assert pass_at_k(10_000, 1, 1) == 1e-4
    assert pass_at_k(10_000, 0, 10_000) == 0.0


def test_it_is_not_the_biased_one() -> None:
    assert pass_at_k(2, 1, 2) == 1.0  # 1 - (1 - 1/2)^2 would be 0.75


@pytest.mark.parametrize(("n", "c", "k"), [(2, 3, 1), (2, -1, 1), (2, 1, 3), (2, 1, 0), (0, 0, 1)])
def test_what_cannot_be_drawn_is_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="programs"):
        pass_at_k(n, c, k)


def test_every_task_counts_alike() -> None:
    assert mean_pass_at_k([(5, 1), (10, 10)], 2) == pytest.approx((0.4 + 1) / 2)
    with pytest.raises(ValueError, match="no task"):
        mean_pass_at_k([], 1)


@pytest.mark.parametrize(
    ("n", "c", "k", "wanted"),
    [
        (5, 2, 2, 0.7),
        (10, 3, 1, 0.3),
        (10, 3, 5, 0.9166666667),
        (20, 4, 10, 0.9566563467),
        (200, 1, 100, 0.5),
        (5, 0, 1, 0.0),
        (5, 5, 3, 1.0),
    ],
)
def test_reference_values(n: int, c: int, k: int, wanted: float) -> None:
    assert pass_at_k(n, c, k) == pytest.approx(wanted, abs=1e-10)


def test_the_interval_is_over_tasks() -> None:
    found = passes([(5, 1), (10, 10), (5, 0), (5, 1)], 2, n_missing=2)
    values = [0.4, 1.0, 0.0, 0.4]
    half = 3.182446305 * float(np.std(values, ddof=1)) / 2
    assert (found.value, found.high) == pytest.approx((0.45, min(1.0, 0.45 + half)))
    assert (found.n, found.n_missing, found.method) == (4, 2, "t95")
    assert passes([], 1, n_missing=1).value is None
    with pytest.raises(ValueError, match="programs"):
        passes([(1, 1)], 2)


@pytest.mark.statistical
@pytest.mark.parametrize("k", [1, 10])
def test_coverage_over_tasks(k: int) -> None:
    """164 tasks, 20 programs each: nominal 95 % covers 93 at the least; programs taken as independent, half."""
    draw = np.random.default_rng(k)
    truth = float(np.mean(1 - (1 - draw.beta(0.6, 0.5, 500_000)) ** k))
    covered = pooled = 0
    for _ in range(1000):
        counts = draw.binomial(20, draw.beta(0.6, 0.5, 164)).tolist()
        found = passes([(20, c) for c in counts], k)
        assert found.low is not None and found.value is not None and found.high is not None
        covered += found.low <= truth <= found.high
        pooled += abs(found.value - truth) <= 1.96 * (found.value * (1 - found.value) / 3280) ** 0.5
    assert covered / 1000 >= 0.925
    assert pooled / 1000 < 0.6
