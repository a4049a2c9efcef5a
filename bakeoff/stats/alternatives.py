"""Other tests and intervals, mostly of paired answers, by their names, for whoever needs a certain one.

The defaults are in `paired`, and better: over seven pairs of accuracies at n = 20 Tango's interval covers
94.6 % at the least, Newcombe's and Bonett and Price's 94, Wald's 48; chi-squared with continuity correction
rejects too seldom. Sources: McNemar 1947; Bonett and Price 2012, https://doi.org/10.3102/1076998611411915;
Newcombe 1998, method 10, https://doi.org/10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C;
Wilcoxon 1945 and Pearson's chi-squared (scipy). Example:

    mcnemar_chi2(86, 150).p                      # 3.1e-05
    tango_many([[299, 28, 54, 119]])             # the interval of many tables at once
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import vector
from bakeoff.stats.counts import check_counts, check_pairs
from bakeoff.stats.intervals import CONFIDENCE, wilson
from bakeoff.stats.paired import Tested, tango

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Interval = Literal["tango", "bonett-price", "newcombe10"]
LEAST_EXPECTED = 5.0


def mcnemar_chi2(only_a: int, only_b: int, corrected: bool = False) -> Tested:
    """McNemar's chi-squared with one degree of freedom, with Edwards' continuity correction if asked for."""
    check_counts("pairs", only_a, only_b)
    n = only_a + only_b
    method = "mcnemar-chi2-cc" if corrected else "mcnemar-chi2"
    if n == 0:
        return Tested(0.0, 1.0, 0, method)
    statistic = max(0, abs(only_a - only_b) - (1 if corrected else 0)) ** 2 / n
    return Tested(statistic, math.erfc(math.sqrt(statistic / 2)), n, method)


def paired_difference(
    counts: tuple[int, int, int, int],
    interval: Interval = "tango",
    n_missing: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """p_B - p_A of (both, only A, only B, neither) by the interval of that name."""
    check_counts("pairs", *counts, n_missing)
    n, method = sum(counts), f"{interval}{confidence * 100:g}"
    if n == 0:
        return Estimate(None, None, None, 0, n_missing, method)
    ways = {"tango": tango, "bonett-price": bonett_price, "newcombe10": newcombe}
    low, high = ways[interval](*counts, confidence)
    return Estimate((counts[2] - counts[1]) / n, low, high, n, n_missing, method)


def bonett_price(
    both: int, only_a: int, only_b: int, neither: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Wald's interval of p_B - p_A with one pair added to each discordant count."""
    check_pairs(both, only_a, only_b, neither)
    n = both + only_a + only_b + neither + 2
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    up, down = (only_b + 1) / n, (only_a + 1) / n
    half = z * math.sqrt((up + down - (up - down) ** 2) / n)
    return max(-1.0, up - down - half), min(1.0, up - down + half)


def newcombe(both: int, only_a: int, only_b: int, neither: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Newcombe's interval of p_B - p_A: two Wilson intervals joined by the corrected phi of the table."""
    check_pairs(both, only_a, only_b, neither)
    n = both + only_a + only_b + neither
    rows = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    cross = both * neither - only_a * only_b
    phi = (max(0.0, cross - n / 2) if cross > 0 else cross) / math.sqrt(rows) if rows else 0.0
    (low_a, high_a), (low_b, high_b) = wilson(both + only_a, n, confidence), wilson(both + only_b, n, confidence)
    share_a, share_b = (both + only_a) / n, (both + only_b) / n

    def joined(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    value = share_b - share_a
    return value - joined(share_b - low_b, high_a - share_a), value + joined(high_b - share_b, share_a - low_a)


def tango_many(counts: ArrayLike, confidence: float = CONFIDENCE) -> tuple[Floats, Floats]:
    """Tango's bounds of many tables at once: rows (both, only A, only B, neither), at least one pair in each."""
    import numpy as np

    table = np.asarray(counts, dtype=float)
    if (
        table.ndim != 2
        or table.shape[1] != 4
        or not (np.isfinite(table).all() and (table >= 0).all() and (table.sum(axis=1) > 0).all())
    ):
        raise ValueError(f"rows of four counts with a pair in each are needed, and this has the shape {table.shape}")
    _, only_a, only_b, _ = table.T
    n, z = table.sum(axis=1), NormalDist().inv_cdf((1 + confidence) / 2)
    observed = (only_b - only_a) / n

    def statistic(delta: Floats) -> Floats:
        b1 = -only_a - only_b + (2 * n - only_b + only_a) * delta
        c1 = -only_a * delta * (1 - delta)
        q = (np.sqrt(np.maximum(b1 * b1 - 8 * n * c1, 0)) - b1) / (4 * n)
        variance, distance = n * (2 * q + delta * (1 - delta)), only_b - only_a - n * delta
        score = distance / np.sqrt(np.where(variance > 0, variance, np.nan))
        return np.asarray(np.where(variance > 0, score, np.copysign(np.inf, distance)))

    def root(shift: float, low: Floats, high: Floats) -> Floats:
        for _ in range(60):
            middle = (low + high) / 2
            left = statistic(middle) > shift
            low, high = np.where(left, middle, low), np.where(left, high, middle)
        return (low + high) / 2

    low = np.where(observed <= -1, -1.0, root(z, np.full(len(n), -1.0), observed))
    high = np.where(observed >= 1, 1.0, root(-z, observed, np.full(len(n), 1.0)))
    return low, high


def wilcoxon(a: Sequence[float], b: Sequence[float]) -> Tested:
    """Wilcoxon's signed-rank test of paired ordinal ratings, two-sided. It tests symmetry, not means.

    Equal pairs are left out, as Wilcoxon did. No pair that differs: p is 1. The statistic is the smaller
    of the two rank sums.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} ratings are no pairs")
    differences = vector(b, "ratings") - vector(a, "ratings")
    unequal = differences[differences != 0]
    if not len(differences):
        return Tested(None, None, 0, "wilcoxon")
    if not len(unequal):
        return Tested(0.0, 1.0, 0, "wilcoxon", "no pair differs")
    from scipy.stats import wilcoxon as signed_rank

    found = signed_rank(unequal)
    return Tested(float(found.statistic), float(found.pvalue), len(unequal), "wilcoxon")


def outcomes(a: Sequence[int], b: Sequence[int]) -> Tested:
    """Pearson's chi-squared of two cells' counts of outcomes, in the same order: do they end alike?

    The two are taken as independent: on shared items that makes the test cautious. Outcomes that neither
    cell has do not count; expected counts below 5 are noted.
    """
    if len(a) != len(b):
        raise ValueError(f"counts {list(a)} and {list(b)} are no table of outcomes")
    check_counts("outcomes", *a, *b)
    kept = [(x, y) for x, y in zip(a, b, strict=True) if x + y]
    n = sum(a) + sum(b)
    if not sum(a) or not sum(b):
        return Tested(None, None, n, "chi2")
    if len(kept) < 2:
        return Tested(0.0, 1.0, n, "chi2", "there is one outcome only")
    from scipy.stats import chi2_contingency

    found = chi2_contingency([[x for x, _ in kept], [y for _, y in kept]], correction=False)
    least = float(found.expected_freq.min())
    note = f"an expected count is {least:.1f}: p is rough below {LEAST_EXPECTED:g}" if least < LEAST_EXPECTED else ""
    return Tested(float(found.statistic), float(found.pvalue), n, "chi2", note)


def credible(successes: int, n: int, prior: float = 0.5, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The equal-tailed interval of a proportion under a Beta(prior, prior): Jeffreys at 0.5, uniform at 1.

    Both cover less than Wilson's where few items are (min .869 and .817 at n = 10), so nothing here takes them
    by itself. Raises ValueError for counts that are no proportion, and for a prior that is not above 0.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no proportion")
    if not prior > 0:
        raise ValueError(f"a prior weight must be above 0, not {prior!r}")
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    right, wrong = successes + prior, n - successes + prior
    return float(betaincinv(right, wrong, tail)), float(betaincinv(right, wrong, 1 - tail))
