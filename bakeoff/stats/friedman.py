"""Many models on many data sets: average ranks, Friedman's test, Nemenyi's critical difference.

For tables with one score per model and data set, where the data sets are the sample. Sources: Demšar
2006 (https://jmlr.org/papers/v7/demsar06a.html); Friedman 1937 as in `scipy.stats.friedmanchisquare`
(corrected for ties); Iman and Davenport 1980 (https://doi.org/10.1080/03610928008827904). Example:

    friedman(["a", "b", "c"], scores).critical_difference
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from bakeoff.stats.arrays import matrix

if TYPE_CHECKING:
    from bakeoff.stats.arrays import Matrix

LEAST_DATA_SETS = 10


@dataclass(frozen=True, slots=True)
class Friedman:
    """Average ranks (1 is best) in the order of the names, the tests, and how far apart ranks have to be.

    `f` is None when every data set ranks the models alike: then F is infinite, and `p_f` is the chance
    that all of them agree by luck, k! to the power of 1 - N.
    """

    names: tuple[str, ...]
    average_ranks: tuple[float, ...]
    data_sets: int
    chi_square: float
    p: float
    f: float | None
    p_f: float
    critical_difference: float
    alpha: float

    def differs(self, a: str, b: str) -> bool:
        """Whether two models differ: only if the models do at all (F), and by a critical difference of ranks."""
        first, second = (self.average_ranks[self.names.index(name)] for name in (a, b))
        return self.p_f <= self.alpha and abs(first - second) >= self.critical_difference


def friedman(names: Sequence[str], scores: Matrix, alpha: float = 0.05, higher_is_better: bool = True) -> Friedman:
    """`scores`: models × data sets, any scale. Equal scores share the mean of their ranks.

    ValueError below ten data sets, where the test's distribution does not hold and the critical
    difference is larger than most tables can show, and below three models.
    """
    import numpy as np
    from scipy.stats import friedmanchisquare, rankdata

    table = matrix(scores, "scores")
    _enough(names, len(table), table.shape[1])
    ranks = rankdata(-table if higher_is_better else table, axis=0)
    if np.ptp(ranks) == 0:  # all models equal on every data set: scipy would divide by zero
        chi_square, p = 0.0, 1.0
    else:
        found = friedmanchisquare(*ranks)
        chi_square, p = float(found.statistic), float(found.pvalue)
    return _result(names, ranks.mean(axis=1).tolist(), table.shape[1], chi_square, p, alpha)


def from_average_ranks(
    names: Sequence[str], average_ranks: Sequence[float], data_sets: int, alpha: float = 0.05
) -> Friedman:
    """The same from a published row of average ranks; without a correction for ties, which it does not tell."""
    from scipy.special import chdtrc

    _enough(names, len(average_ranks), data_sets)
    k = len(names)
    if not math.isclose(math.fsum(average_ranks), k * (k + 1) / 2, abs_tol=0.01 * k):
        raise ValueError(f"average ranks of {k} models add up to {k * (k + 1) / 2:g}, not {sum(average_ranks):g}")
    squares = math.fsum(rank * rank for rank in average_ranks)
    chi_square = max(0.0, 12 * data_sets / (k * (k + 1)) * (squares - k * (k + 1) ** 2 / 4))
    return _result(names, average_ranks, data_sets, chi_square, float(chdtrc(k - 1, chi_square)), alpha)


def critical_difference(models: int, data_sets: int, alpha: float = 0.05) -> float:
    """How far two average ranks have to be apart under Nemenyi's test."""
    return _nemenyi(models, alpha) * math.sqrt(models * (models + 1) / (6 * data_sets))


@cache
def _nemenyi(models: int, alpha: float) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - alpha, models, math.inf)) / math.sqrt(2)


def _result(
    names: Sequence[str], ranks: Sequence[float], data_sets: int, chi_square: float, p: float, alpha: float
) -> Friedman:
    f, p_f = _iman_davenport(chi_square, data_sets, len(names))
    gap = critical_difference(len(names), data_sets, alpha)
    return Friedman(tuple(names), tuple(ranks), data_sets, chi_square, p, f, p_f, gap, alpha)


def _iman_davenport(chi_square: float, data_sets: int, models: int) -> tuple[float | None, float]:
    """The less conservative F of the same ranks, with k - 1 and (k - 1)(N - 1) degrees of freedom."""
    from scipy.special import fdtrc

    left = data_sets * (models - 1) - chi_square
    if left <= 1e-9 * data_sets:
        return None, math.exp((1 - data_sets) * math.lgamma(models + 1))
    f = (data_sets - 1) * chi_square / left
    return f, float(fdtrc(models - 1, (models - 1) * (data_sets - 1), f))


def _enough(names: Sequence[str], models: int, data_sets: int) -> None:
    if len(names) != models:
        raise ValueError(f"{len(names)} names for {models} models")
    if models < 3:
        raise ValueError(f"{models} models are too few for a Friedman test, which needs 3: compare the pair")
    if data_sets < LEAST_DATA_SETS:
        raise ValueError(
            f"{data_sets} data sets are too few for a Friedman test, which needs {LEAST_DATA_SETS}: "
            "look at the differences on each of them"
        )
