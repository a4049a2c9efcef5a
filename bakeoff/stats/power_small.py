"""The power of McNemar's test where few pairs differ, counted exactly.

The formula of Connor rests on the normal distribution. With fewer than about ten pairs that differ it promises
too much: for 44 items of which 3 % differ, all won by one model, 21 % where the test has 1 %. Here the pairs
that differ are drawn from a binomial, who wins them from another, and every table is looked up.
Source: Connor 1987 for the formula; the count is by definition. Example:

    paired_chance(44, 0.03, 0.03)       # 0.010
"""

from __future__ import annotations

import math

from bakeoff.stats.power import ALPHA, paired_power

FEW = 10.0  # pairs that differ, on average: from there on the formula promises at most three points too much
_MOST = 60  # so many differ with a chance below 1e-12 where ten do on average


def paired_chance(n: float, delta: float, psi: float, alpha: float = ALPHA) -> float:
    """The chance that n pairs show a difference of `delta`: `paired_power`, or less where few pairs differ.

    Raises ValueError as `paired_power` does.
    """
    formula = paired_power(n, delta, psi, alpha)
    return formula if n * psi >= FEW else min(formula, _counted(math.floor(n), abs(delta), psi, alpha))


def _counted(n: int, delta: float, psi: float, alpha: float) -> float:
    """The power of the mid-p test over all tables of n pairs."""
    if psi == 0:
        return 0.0
    share = (psi + delta) / (2 * psi)  # of the pairs that differ, those that the better one wins
    return math.fsum(_binomial(m, n, psi) * _shown(m, share, _critical(m, alpha)) for m in range(1, min(n, _MOST) + 1))


def _critical(m: int, alpha: float) -> int:
    """The most of m pairs that the one behind may win, so that mid-p is at most alpha; -1 where none will do."""
    below, most = 0.0, -1
    for lost in range((m + 1) // 2):
        here = math.comb(m, lost) / 2**m
        if 2 * below + here > alpha:
            break
        below, most = below + here, lost
    return most


def _shown(m: int, share: float, most: int) -> float:
    """The chance that one of the two wins all but `most` of m pairs."""
    return math.fsum(_binomial(lost, m, share) + _binomial(lost, m, 1 - share) for lost in range(most + 1))


def _binomial(k: int, n: int, p: float) -> float:
    if p in (0.0, 1.0):
        return float(k == n * p)
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
