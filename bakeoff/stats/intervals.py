"""Intervals for one score: Wilson for proportions, t for means, and what stands in where those do not fit.

Sources: Wilson 1927 (via `statistics.NormalDist`, formula as in Brown, Cai, DasGupta 2001,
https://doi.org/10.1214/ss/1009213286); Student's t from scipy; Clopper and Pearson 1934 for guarantees.
Bootstrap intervals of one column are in `spreads`. Example:

    proportion(18, 20, n_missing=1)      # Estimate(0.900 [0.699, 0.972], n=20, missing=1)
    at_most(0, 60)                       # no failure in 60: at most 4.9 % of them fail
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

from bakeoff.core.types import Estimate
from bakeoff.stats.counts import check_counts

CONFIDENCE = 0.95


def wilson(successes: float, n: float, confidence: float = CONFIDENCE, z: float | None = None) -> tuple[float, float]:
    """Wilson's score interval of a proportion, n > 0; n may be an effective number. `z` in place of the normal's."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no proportion")
    z = NormalDist().inv_cdf((1 + confidence) / 2) if z is None else z
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def proportion(successes: int, n: int, n_missing: int, confidence: float = CONFIDENCE) -> Estimate:
    """The share of successes among n graded items; no value when n is 0."""
    check_counts("samples", successes, n, n_missing)
    method = f"wilson{confidence * 100:g}"
    total = n + n_missing
    if n == 0:
        return Estimate(None, None, None, 0, n_missing, method, *((0.0, 1.0) if total else (None, None)))
    low, high = wilson(successes, n, confidence)
    worst, best = successes / total, (successes + n_missing) / total
    return Estimate(successes / n, low, high, n, n_missing, method, worst, best)


def clopper_pearson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a proportion: covers at least as often as it says, at any n > 0. Wider than Wilson's."""
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no proportion")
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high


def guaranteed(successes: int, n: int, n_missing: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """As `proportion`, with the exact interval: for a claim that has to hold, such as one on safety."""
    found = proportion(successes, n, n_missing, confidence)
    low, high = clopper_pearson(successes, n, confidence) if n else (None, None)
    method = f"clopper-pearson{confidence * 100:g}"
    return Estimate(found.value, low, high, n, n_missing, method, found.lowest, found.highest)


def at_most(failures: int, n: int, n_missing: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """The share of failures with its exact one-sided upper bound; no failure in n: 1 - 0.05^(1/n), about 3/n.

    All of the 5 % are on the upper side: use it where only "not more than" is claimed.
    """
    found = guaranteed(failures, n, n_missing, 2 * confidence - 1)
    low = 0.0 if n else None
    method = f"clopper-pearson-upper{confidence * 100:g}"
    return Estimate(found.value, low, found.high, n, n_missing, method, found.lowest, found.highest)


def repeated(
    items: int, total: float, squares: float, trials: int, n_missing: int, confidence: float = CONFIDENCE
) -> Estimate:
    """The share of right answers when each item was answered several times.

    `total` and `squares` are sums over the items' mean scores. An item is a cluster, so the interval is
    Wilson's at the effective number of trials p(1-p)/SE², between items and trials, with Student's
    quantile: never narrower than that of independent answers, never wider than that of the items alone.
    """
    check_counts("samples", items, trials, n_missing)
    method = f"wilson-items{confidence * 100:g}"
    every = items + n_missing
    if items == 0:
        return Estimate(None, None, None, 0, n_missing, method, *((0.0, 1.0) if n_missing else (None, None)))
    share = min(1.0, total / items)
    worst, best = total / every, (total + n_missing) / every
    if items == 1:
        return Estimate(share, 0.0, 1.0, 1, n_missing, method, worst, best)
    from scipy.special import stdtrit

    variance = max(0.0, (squares - items * share * share) / (items - 1)) / items
    spread = share * (1 - share)  # 0 when all answers are alike: then repeats have told nothing
    effective = min(max(items, spread / variance if variance > 0 else trials), trials) if spread > 0 else items
    low, high = wilson(share * effective, effective, confidence, float(stdtrit(items - 1, (1 + confidence) / 2)))
    return Estimate(share, low, high, items, n_missing, method, worst, best)


def mean(values: Sequence[float], n_missing: int, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of scores in [0, 1] with Student's t interval, clipped to [0, 1].

    One value has no interval: its bounds are then 0 and 1.
    """
    total, squares = finite_sum(values, "scores"), finite_sum([v * v for v in values], "scores")
    return mean_of_sums(len(values), total, squares, n_missing, confidence)


def finite_sum(values: Sequence[float], what: str) -> float:
    """Their sum without rounding on the way. Raises ValueError where a value, or the sum, is no finite number."""
    try:
        total = math.fsum(values)
    except (OverflowError, ValueError):  # beyond the largest float, or inf and -inf together
        total = math.nan
    if not math.isfinite(total):
        raise ValueError(f"{what}: one of them is no finite number; leave it out and count it as missing")
    return total


def mean_of_sums(n: int, total: float, squares: float, n_missing: int, confidence: float = CONFIDENCE) -> Estimate:
    """As `mean`, from the number of values, their sum and the sum of their squares."""
    check_counts("samples", n, n_missing)
    method = f"t{confidence * 100:g}"
    if n == 0:
        bounds = (0.0, 1.0) if n_missing else (None, None)
        return Estimate(None, None, None, 0, n_missing, method, *bounds)
    if not (math.isfinite(total) and math.isfinite(squares)):
        raise ValueError("scores: one of them is no finite number; leave it out and count it as missing")
    value = total / n
    every = n + n_missing
    worst, best = total / every, (total + n_missing) / every
    if n == 1:
        return Estimate(value, 0.0, 1.0, 1, n_missing, method, worst, best)
    from scipy.special import stdtrit

    variance = max(0.0, (squares - n * value * value) / (n - 1))
    if variance <= 1e-15:
        low, high = alike(value, n, 0.0, 1.0, confidence)
        return Estimate(value, low, high, n, n_missing, method, worst, best)
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * math.sqrt(variance / n)
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), n, n_missing, method, worst, best)


def alike(value: float, n: int, least: float, most: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of a mean when all n values were the same, which says nothing of their spread.

    Up to 1 - (1 - confidence)^(1/n) of what was not seen may differ, by as much as the scale allows: the
    "rule of three" (Hanley and Lippman-Hand 1983).
    """
    unseen = 1 - (1 - confidence) ** (1 / n)
    return value - unseen * (value - least), value + unseen * (most - value)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The quantile of values in ascending order, interpolated (Hyndman-Fan type 7)."""
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
