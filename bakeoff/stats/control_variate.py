"""A benchmark's score from some of its items, with stored runs of other models to say which they were.

A random subset may be too easy; other models that answered all items show by how much, and the score
is moved accordingly (a regression estimator, Cochran 1977, chapter 7), or weighted by how hard items
are (chapter 5A). This helps the score of one model. It does not help the difference of two on the same
items, from which what they share has cancelled already (a gain of 0.99 to 1.00 where it was measured):
there use the paired tests. Example:

    control_variate(scores, answered=[4, 17, 23], reference=mean_of_other_models)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import shares, vector
from bakeoff.stats.intervals import CONFIDENCE, alike, mean

if TYPE_CHECKING:
    from bakeoff.stats.arrays import Vector

LEAST_ANSWERED = 10
STRATA = 5


def control_variate(
    scores: Vector, answered: Sequence[int], reference: Vector, n_missing: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """The mean over all N items of a benchmark from n of them drawn at random.

    `scores` (n,) in [0, 1] belong to the items `answered` (n,), which are places in `reference` (N,), the
    mean score of other models on every item. The interval is about this benchmark's items and no
    others: its standard error carries the factor 1 - n/N, and Student's quantile n - 2 degrees. Below
    10 answers, or where the reference does not vary, it is the plain mean.
    """
    import numpy as np

    y, everywhere = shares(vector(scores, "scores"), "scores"), vector(reference, "reference")
    n, whole = len(y), len(everywhere)
    _drawn(answered, n, whole)
    f = everywhere[np.asarray(answered, dtype=np.intp)]
    spread = float(((f - f.mean()) ** 2).sum()) if n else 0.0
    if n < LEAST_ANSWERED or spread <= 1e-12:
        return mean(y.tolist(), n_missing, confidence)
    slope = float(((f - f.mean()) * (y - y.mean())).sum()) / spread
    value = float(y.mean()) - slope * float(f.mean() - everywhere.mean())
    left = float(((y - y.mean() - slope * (f - f.mean())) ** 2).sum())
    error = math.sqrt(left / (n - 2) / n * (1 - n / whole))
    method = f"control-variate{confidence * 100:g}"
    return _around(value, error, n - 2, n, n_missing, method, confidence)


def post_stratified(
    scores: Vector,
    answered: Sequence[int],
    strata: Sequence[int],
    n_missing: int = 0,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """The same from the mean of each stratum, weighted by its share of all items; `strata` (N,) are labels.

    For a proportional draw by stratum, or a random one after the fact. ValueError where a stratum has
    fewer than two answers: take fewer strata.
    """
    import numpy as np

    y, labels = shares(vector(scores, "scores"), "scores"), np.asarray(strata)
    n, whole = len(y), len(labels)
    _drawn(answered, n, whole)
    if n < LEAST_ANSWERED:
        return mean(y.tolist(), n_missing, confidence)
    mine = labels[np.asarray(answered, dtype=np.intp)]
    value = variance = 0.0
    known = np.unique(labels)
    for label in known:
        inside, size = y[mine == label], int((labels == label).sum())
        if len(inside) < min(2, size):
            raise ValueError(
                f"stratum {label} has {len(inside)} answers of {size} items, and needs 2: take fewer strata"
            )
        value += size / whole * float(inside.mean())
        if len(inside) < size:
            variance += (size / whole) ** 2 * float(inside.var(ddof=1)) / len(inside) * (1 - len(inside) / size)
    method = f"post-stratified{confidence * 100:g}"
    return _around(value, math.sqrt(variance), n - len(known), n, n_missing, method, confidence)


def difficulty_strata(reference: Vector, strata: int = STRATA) -> list[int]:
    """The fifth (or other part) of the items that each belongs to, 0 the hardest; equal items by their place."""
    import numpy as np

    everywhere = vector(reference, "reference")
    if not 1 <= strata <= max(1, len(everywhere)):
        raise ValueError(f"{len(everywhere)} items cannot be parted into {strata} strata")
    order = np.argsort(everywhere, kind="stable")
    found = np.empty(len(everywhere), dtype=np.int64)
    found[order] = np.arange(len(everywhere)) * strata // max(1, len(everywhere))
    return [int(label) for label in found]


def proportional_draw(strata: Sequence[int], n: int, seed: int) -> list[int]:
    """n places in ascending order, from each stratum its share to within one item; the seed repeats it."""
    import numpy as np

    labels = np.asarray(strata)
    if not 0 <= n <= len(labels):
        raise ValueError(f"{n} of {len(labels)} items cannot be drawn")
    known, sizes = np.unique(labels, return_counts=True)
    wanted = n * sizes / max(1, len(labels))
    take = np.floor(wanted + 1e-9).astype(int)
    short = n - int(take.sum())
    take[np.argsort(take - wanted, kind="stable")[:short]] += 1
    draw = np.random.default_rng(seed)
    chosen = [
        draw.choice(np.flatnonzero(labels == label), count, replace=False)
        for label, count in zip(known, take, strict=True)
    ]
    return sorted(int(place) for part in chosen for place in part)


def _drawn(answered: Sequence[int], n: int, whole: int) -> None:
    """Refuse places that are no draw without replacement from some, and not all, of the items."""
    if len(answered) != n:
        raise ValueError(f"{n} scores for {len(answered)} answered items")
    if len(set(answered)) != n:
        raise ValueError("an item was answered twice: average its scores first")
    if n and not 0 <= min(answered) <= max(answered) < whole:
        raise ValueError(f"an answered item is none of the {whole} items")
    if n and n == whole:
        raise ValueError(f"all {whole} items were answered: there is nothing to foretell, use the mean")


def _around(
    value: float, error: float, freedom: int, n: int, n_missing: int, method: str, confidence: float
) -> Estimate:
    from scipy.special import stdtrit

    half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
    value = min(1.0, max(0.0, value))
    low, high = (value - half, value + half) if error > 1e-12 else alike(value, n, 0.0, 1.0, confidence)
    return Estimate(value, max(0.0, low), min(1.0, high), n, n_missing, method)
