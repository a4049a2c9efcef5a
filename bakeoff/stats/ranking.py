"""Many models on the same items: means, how sure each rank is, and who cannot be told apart.

A rank is an estimate like any other: items are drawn anew and the models ranked again. Which models
differ is settled by paired tests under Holm's correction, not by whether intervals overlap; the
groups of those that were not told apart are Piepho's letters (Piepho 2004,
https://doi.org/10.1198/1061860043515). Example:

    rank(["a", "b"], [[1, 1, 0, 1], [1, 0, 0, 1]]).models[0].name      # 'a'
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import matrix, shares
from bakeoff.stats.intervals import mean, proportion
from bakeoff.stats.multiple import holm
from bakeoff.stats.paired import compare_binary, compare_means
from bakeoff.stats.resample import resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bakeoff.stats.arrays import Matrix

RESAMPLES = 2000
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Ranked:
    """One model: its place by the mean (equal means share one), how far the place may be off, P(best).

    `groups` are letters: two models that share one were not shown to differ.
    """

    name: str
    mean: Estimate
    rank: int
    rank_low: int
    rank_high: int
    p_best: float
    groups: str


@dataclass(frozen=True, slots=True)
class Pair:
    """B minus A; `p_adjusted` is Holm's over all pairs of the ranking."""

    a: str
    b: str
    difference: Estimate
    p: float | None
    p_adjusted: float | None

    def differs(self, alpha: float = ALPHA) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= alpha


@dataclass(frozen=True, slots=True)
class Ranking:
    """Models, best first, and every pair of them in that order."""

    models: tuple[Ranked, ...]
    pairs: tuple[Pair, ...]
    items: int
    resamples: int
    alpha: float

    @property
    def leader(self) -> str | None:
        """The one model that differs from all others and is ahead of them; None when no one is."""
        if len(self.models) < 2:
            return None
        first = self.models[0].name
        ahead = [pair.differs(self.alpha) for pair in self.pairs if first in (pair.a, pair.b)]
        return first if all(ahead) else None

    def difference(self, a: str, b: str) -> Estimate:
        """B minus A for any two models, in either order."""
        for pair in self.pairs:
            if (pair.a, pair.b) == (a, b):
                return pair.difference
            if (pair.b, pair.a) == (a, b):
                return _negative(pair.difference)
        raise ValueError(f"'{a}' and '{b}' are no two models of this ranking")


def rank(
    names: Sequence[str],
    scores: Matrix,
    n_missing: int = 0,
    seed: int = 0,
    resamples: int = RESAMPLES,
    alpha: float = ALPHA,
) -> Ranking:
    """Rank models by their mean score on shared items.

    `scores`: models × items, each in [0, 1], higher is better; `n_missing` items had no score of some
    model and are left out for all. Binary scores are tested by McNemar's mid-p with Tango's interval,
    others by the paired t. The interval of a rank goes from the 2.5 % quantile of the resampled rank
    to the 97.5 % one, where models that tie in a resample each take the whole of the tied places.
    """
    table = shares(matrix(scores, "scores"), "scores")
    if len(names) != len(table):
        raise ValueError(f"{len(names)} names for the scores of {len(table)} models")
    if len(set(names)) != len(names):
        raise ValueError("two models of a ranking carry the same name")
    if table.shape[1] == 0:
        return Ranking((), (), 0, resamples, alpha)
    averages = table.mean(axis=1)
    order = sorted(range(len(names)), key=lambda i: (-averages[i], names[i]))
    table, names = table[order], [names[i] for i in order]
    pairs = _pairs(names, table, n_missing)
    low, high, best = _resampled(table, seed, resamples)
    letters = _letters(len(names), [(i, j) for (i, j), pair in pairs.items() if pair.differs(alpha)])
    models = tuple(
        Ranked(name, _mean(row, n_missing), _place(table, i), int(low[i]), int(high[i]), float(best[i]), letters[i])
        for i, (name, row) in enumerate(zip(names, table, strict=True))
    )
    return Ranking(models, tuple(pairs.values()), table.shape[1], resamples, alpha)


def _place(table: NDArray[np.float64], i: int) -> int:
    sums = table.sum(axis=1)
    return 1 + int((sums > sums[i] + 1e-9).sum())


def _mean(row: NDArray[np.float64], n_missing: int) -> Estimate:
    if _binary(row):
        return proportion(int(row.sum()), len(row), n_missing)
    return mean(row.tolist(), n_missing)


def _binary(scores: NDArray[np.float64]) -> bool:
    return bool(((scores == 0) | (scores == 1)).all())


def _pairs(names: Sequence[str], table: NDArray[np.float64], n_missing: int) -> Mapping[tuple[int, int], Pair]:
    places = list(combinations(range(len(names)), 2))
    found = [_compare(table[i], table[j], n_missing) for i, j in places]
    adjusted = holm([p for _, p in found])
    return {
        (i, j): Pair(names[i], names[j], difference, p, corrected)
        for (i, j), (difference, p), corrected in zip(places, found, adjusted, strict=True)
    }


def _compare(a: NDArray[np.float64], b: NDArray[np.float64], n_missing: int) -> tuple[Estimate, float | None]:
    if not (_binary(a) and _binary(b)):
        means = compare_means(a.tolist(), b.tolist(), n_missing)
        return means.difference, means.p
    both, only_a, only_b = int((a * b).sum()), int((a * (1 - b)).sum()), int(((1 - a) * b).sum())
    binary = compare_binary(both, only_a, only_b, len(a) - both - only_a - only_b, n_missing)
    return binary.difference, binary.p_mid


def _resampled(
    table: NDArray[np.float64], seed: int, resamples: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of each model: the lowest and the highest likely rank, and how often it came first (ties shared)."""
    import numpy as np

    models, items = table.shape
    sums = resample(table.T, resamples, seed).means * items
    sums = np.round(sums, 9)  # so that sums of the same scores in another order are equal
    ahead = np.empty((resamples, models))
    level = np.empty((resamples, models))
    for i in range(models):
        ahead[:, i] = (sums > sums[:, i : i + 1]).sum(axis=1)
        level[:, i] = (sums == sums[:, i : i + 1]).sum(axis=1)
    low = np.quantile(ahead + 1, 0.025, axis=0, method="lower")
    high = np.quantile(ahead + level, 0.975, axis=0, method="higher")
    return low, high, np.where(ahead == 0, 1 / level, 0.0).mean(axis=0)


def _letters(models: int, differing: Iterable[tuple[int, int]]) -> list[str]:
    """Letters such that two models share one exactly if they are not among the differing (insert and absorb)."""
    groups = [frozenset(range(models))]
    for i, j in differing:
        split = [part for group in groups for part in ((group - {i}, group - {j}) if {i, j} <= group else (group,))]
        groups = [group for group in dict.fromkeys(split) if not any(group < other for other in split)]
    groups.sort(key=sorted)
    return [" ".join(_letter(g) for g, group in enumerate(groups) if i in group) for i in range(models)]


def _letter(place: int) -> str:
    return chr(ord("a") + place) if place < 26 else f"a{place - 25}"


def _negative(difference: Estimate) -> Estimate:
    value, low, high = difference.value, difference.low, difference.high
    if value is None or low is None or high is None:
        return difference
    return Estimate(-value, -high, -low, difference.n, difference.n_missing, difference.method)
