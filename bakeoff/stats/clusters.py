"""Items that come in groups: several questions on one passage, repository or conversation; repeats of an item.

Answers within a group are alike, so they tell less than as many independent ones. The standard error is
the cluster-robust one with its correction for few clusters (CR1: Liang and Zeger 1986 with G/(G-1), as in
Cameron and Miller 2015, https://doi.org/10.3368/jhr.50.2.317), the quantile Student's with G-1 degrees of
freedom. Shares are Wilson's at the effective number of items p(1-p)/SE². Below 20 clusters that error is
itself uncertain and mostly too small: the larger of it and the independent one is taken. Example:

    found = clustered([1, 1, 0, 1, 0, 0], ["a", "a", "a", "b", "b", "b"])
    found.estimate, found.design_effect, found.note
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import vector
from bakeoff.stats.intervals import CONFIDENCE, alike, mean, repeated, wilson
from bakeoff.stats.paired import sign_flip
from bakeoff.stats.resample import codes_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW_CLUSTERS = 20
LITTLE = 0.2  # a part of the variance that is not worth paying for


@dataclass(frozen=True, slots=True)
class Clustered:
    """A mean of grouped items. `error` is the standard error used, `error_clustered` and `error_alone` the two.

    `design_effect` is the ratio of their squares: how many times fewer items there really are. `icc` is
    the correlation of two items of one cluster (analysis of variance). Both are None where they can't be
    known. `note` says what to be careful about, or is empty.
    """

    estimate: Estimate
    clusters: int
    error: float | None = None
    error_clustered: float | None = None
    error_alone: float | None = None
    design_effect: float | None = None
    icc: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ClusteredPairs:
    """B minus A on grouped pairs: the difference, p of t with G-1 degrees of freedom, p of flipped clusters."""

    difference: Clustered
    p: float | None
    p_flip: float | None


@dataclass(frozen=True, slots=True)
class Repeats:
    """Where the variance of a score comes from when each item was answered K times.

    `between` is the variance of the items' true means, `within` that of one item's answers; `share` the
    part of the score's variance that more repeats could take away: (within/K) / (between + within/K).
    """

    estimate: Estimate
    repeats: float
    between: float | None
    within: float | None
    share: float | None
    note: str


def clustered(
    values: Sequence[float],
    clusters: Sequence[Hashable],
    n_missing: int = 0,
    bounds: tuple[float, float] = (0.0, 1.0),
    confidence: float = CONFIDENCE,
) -> Clustered:
    """The mean of values within `bounds`, one cluster label each. Values that are all 0 or 1 are a share.

    One cluster alone has the bounds as its interval. Raises ValueError for labels that do not fit the
    values, and for values outside of the bounds.
    """
    import numpy as np

    scores = vector(values, "scores")
    codes, groups = codes_of(clusters, len(scores))
    n, (least, most) = len(scores), bounds
    if n and not (least <= scores.min() and scores.max() <= most):
        raise ValueError(f"values from {scores.min():g} to {scores.max():g} are not all within {least:g} and {most:g}")
    share = bool(((scores == 0) | (scores == 1)).all()) and bounds == (0.0, 1.0)
    method = f"{'wilson' if share else 't'}-clustered{confidence * 100:g}"
    if n == 0:
        return Clustered(Estimate(None, None, None, 0, n_missing, method), 0)
    value, sizes = math.fsum(scores) / n, np.bincount(codes)
    note = _note(sizes)
    if groups == 1:
        alone = Estimate(value, least, most, n, n_missing, method)
        return Clustered(alone, 1, note=note)
    robust, independent = _errors(scores, codes, value)
    tiny = 1e-12 * max(1.0, abs(value))
    error = max(robust, independent) if groups < FEW_CLUSTERS or robust <= tiny else robust
    t = _student(groups, confidence)
    if share:
        effective = groups if error <= tiny else value * (1 - value) / error**2
        low, high = wilson(value * effective, effective, confidence, t)
    elif error <= tiny:
        low, high = alike(value, groups, least, most, confidence)
    else:
        low, high = max(least, value - t * error), min(most, value + t * error)
    effect = (robust / independent) ** 2 if independent > tiny else None
    estimate = Estimate(value, low, high, n, n_missing, method)
    return Clustered(estimate, groups, error, robust, independent, effect, _icc(scores, codes, sizes), note)


def _errors(scores: NDArray[np.float64], codes: NDArray[np.intp], value: float) -> tuple[float, float]:
    """The standard error of the mean if clusters are independent (CR1), and if items are."""
    import numpy as np

    sums, n = np.bincount(codes, weights=scores - value), len(scores)
    robust = math.sqrt(len(sums) / (len(sums) - 1) * float(sums @ sums)) / n
    return robust, float(scores.std(ddof=1)) / math.sqrt(n)


def clustered_pairs(
    a: Sequence[float],
    b: Sequence[float],
    clusters: Sequence[Hashable],
    n_missing: int = 0,
    confidence: float = CONFIDENCE,
    seed: int = 0,
) -> ClusteredPairs:
    """B minus A, scores in [0, 1] of the same items in the same order, one cluster label for each pair."""
    import numpy as np
    from scipy.special import stdtr

    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores are no pairs")
    differences = vector(b, "scores") - vector(a, "scores")
    found = clustered(differences.tolist(), clusters, n_missing, (-1.0, 1.0), confidence)
    value, error, groups = found.estimate.value, found.error, found.clusters
    if value is None or groups < 2 or error is None:
        return ClusteredPairs(found, None, None)
    codes, _ = codes_of(clusters, len(differences))
    p_flip = sign_flip(np.bincount(codes, weights=differences).tolist(), seed).p
    if error <= 1e-12:  # all differences are alike: as in the unclustered test, t says nothing
        return ClusteredPairs(found, 1.0 if abs(value) <= 1e-12 else 2.0 ** (1 - groups), p_flip)
    return ClusteredPairs(found, 2 * float(stdtr(groups - 1, -abs(value) / error)), p_flip)


def repeats(scores: Sequence[Sequence[float]], n_missing: int = 0, confidence: float = CONFIDENCE) -> Repeats:
    """The score of items that were answered several times, and whether answering them more often would help.

    One sequence of scores in [0, 1] for each item, not all of the same length. Var(mean) =
    (between + within/K) / items: repeats cut the second part only, more items both.
    """
    if any(len(row) == 0 for row in scores):
        raise ValueError("an item has no score: leave it out and count it as missing")
    rows = [vector(row, "scores") for row in scores]
    means = [float(row.mean()) for row in rows]
    trials = sum(len(row) for row in rows)
    if rows and all(value in (0.0, 1.0) for row in rows for value in row.tolist()):
        squares = math.fsum(value * value for value in means)
        estimate = repeated(len(rows), math.fsum(means), squares, trials, n_missing, confidence)
    else:
        estimate = mean(means, n_missing, confidence)
    spreads = [float(row.var(ddof=1)) for row in rows if len(row) > 1]
    average = len(rows) / math.fsum(1 / len(row) for row in rows) if rows else 0.0  # harmonic: within/K is averaged
    if len(rows) < 2 or not spreads:
        return Repeats(estimate, average, None, None, None, "")
    within = math.fsum(spreads) / len(spreads)
    centre = math.fsum(means) / len(means)
    total = math.fsum((value - centre) ** 2 for value in means) / (len(means) - 1)
    between = max(0.0, total - within / average)
    share = within / average / (between + within / average) if within > 0 else (0.0 if between > 0 else None)
    return Repeats(estimate, average, between, within, share, _advice(share, average))


def _advice(share: float | None, average: float) -> str:
    if share is None:
        return "all answers are alike: repeats and items show no spread"
    if share < LITTLE:
        return f"more than {average:g} answers an item can cut the variance by {share:.0%} at most: take more items"
    return ""


def _note(sizes: NDArray[np.intp]) -> str:
    if len(sizes) == 1:
        return "all items are of one cluster: nothing is known beyond it"
    if len(sizes) >= FEW_CLUSTERS:
        return ""
    largest = f"the largest has {sizes.max() / sizes.sum():.0%} of the items"
    return f"{len(sizes)} clusters are few, {largest}: the interval is no narrower than that of independent items"


def _student(groups: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, (1 + confidence) / 2))


def _icc(scores: NDArray[np.float64], codes: NDArray[np.intp], sizes: NDArray[np.intp]) -> float | None:
    """The intraclass correlation by one-way analysis of variance, for clusters of any sizes (Donner 1986)."""
    import numpy as np

    n, groups = len(scores), len(sizes)
    if n == groups:
        return None
    means = np.bincount(codes, weights=scores) / sizes
    among = float(sizes @ (means - scores.mean()) ** 2) / (groups - 1)
    inside = float(((scores - means[codes]) ** 2).sum()) / (n - groups)
    typical = (n - float(sizes @ sizes) / n) / (groups - 1)
    whole = among + (typical - 1) * inside
    return (among - inside) / whole if whole > 1e-15 else None
