"""How large a difference is, beside how sure: effect sizes of paired answers and scores, each with an interval.

Counts are those of `paired`: both right, only A, only B, neither; all effects are B against A. Sources:
Cohen 1988 (h, g, d); the relative risk of pairs by its logarithm, as in Agresti 2013, 11.1; intervals of d
from the noncentral t, as in Algina and Keselman 2003, https://doi.org/10.1177/0013164403256358. Example:

    relative_risk(299, 28, 54, 119)       # B is right 1.08 times as often
    error_cut(299, 28, 54, 119)           # B makes 15 % fewer errors
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import vector
from bakeoff.stats.counts import check_counts
from bakeoff.stats.intervals import CONFIDENCE, wilson


def cohens_h(
    both: int, only_a: int, only_b: int, neither: int, n_missing: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """Cohen's h, 2 asin √p_B - 2 asin √p_A: from -π to π, 0.2 small, 0.5 medium, 0.8 large.

    The interval takes each arcsine's variance as 1/n and their correlation as the table's phi; with no
    discordant pair there is none.
    """
    check_counts("pairs", both, only_a, only_b, neither, n_missing)
    n, method = both + only_a + only_b + neither, f"arcsine{confidence * 100:g}"
    if n == 0:
        return Estimate(None, None, None, 0, n_missing, method)
    value = 2 * math.asin(math.sqrt((both + only_b) / n)) - 2 * math.asin(math.sqrt((both + only_a) / n))
    rows = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if only_a + only_b == 0 or rows == 0:
        return Estimate(value, None, None, n, n_missing, method)
    phi = (both * neither - only_a * only_b) / math.sqrt(rows)
    half = _z(confidence) * math.sqrt(2 * (1 - phi) / n)
    return Estimate(value, max(-math.pi, value - half), min(math.pi, value + half), n, n_missing, method)


def cohens_g(only_a: int, only_b: int, confidence: float = CONFIDENCE) -> Estimate:
    """Cohen's g: how far from 1/2 B's share of the discordant pairs is; 0.05 small, 0.15 medium, 0.25 large.

    `n` counts discordant pairs, the interval is Wilson's.
    """
    check_counts("pairs", only_a, only_b)
    n, method = only_a + only_b, f"wilson{confidence * 100:g}"
    if n == 0:
        return Estimate(None, None, None, 0, 0, method)
    low, high = wilson(only_b, n, confidence)
    return Estimate(only_b / n - 0.5, low - 0.5, high - 0.5, n, 0, method)


def relative_risk(
    both: int, only_a: int, only_b: int, neither: int, n_missing: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """How many times as often B is right as A: (both + only B)/(both + only A).

    No value where A is never right. No interval where B is never right. With no discordant pair the
    interval holds what 1 - 0.05^(1/n) of unseen discordant pairs could do to it.
    """
    check_counts("pairs", both, only_a, only_b, neither, n_missing)
    n, method = both + only_a + only_b + neither, f"log-ratio{confidence * 100:g}"
    right_a, right_b = both + only_a, both + only_b
    if right_a == 0:
        return Estimate(None, None, None, n, n_missing, method)
    value = right_b / right_a
    if right_b == 0:
        return Estimate(value, None, None, n, n_missing, method)
    if only_a + only_b == 0:
        unseen = (1 - (1 - confidence) ** (1 / n)) * n / right_a
        return Estimate(value, 1 / (1 + unseen), 1 + unseen, n, n_missing, method)  # as a ratio: alike either way
    reach = math.exp(_z(confidence) * math.sqrt((only_a + only_b) / (right_a * right_b)))
    return Estimate(value, value / reach, value * reach, n, n_missing, method)


def error_cut(
    both: int, only_a: int, only_b: int, neither: int, n_missing: int = 0, confidence: float = CONFIDENCE
) -> Estimate:
    """The part of A's errors that B does not make, net: (errors of A - errors of B)/errors of A.

    1 where B makes none, negative where it makes more. No value where A makes none.
    """
    wrong = relative_risk(neither, only_b, only_a, both, n_missing, confidence)
    if wrong.value is None or wrong.low is None or wrong.high is None:
        value = None if wrong.value is None else 1 - wrong.value
        return Estimate(value, None, None, wrong.n, n_missing, wrong.method)
    return Estimate(1 - wrong.value, 1 - wrong.high, 1 - wrong.low, wrong.n, n_missing, wrong.method)


def cohens_dz(a: Sequence[float], b: Sequence[float], n_missing: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of the differences B - A over their standard deviation; the interval excludes 0 when t does.

    No value for fewer than two pairs, and where all differences are the same.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores are no pairs")
    differences = vector(b, "scores") - vector(a, "scores")
    n, method = len(differences), f"noncentral-t{confidence * 100:g}"
    spread = float(differences.std(ddof=1)) if n > 1 else 0.0
    if spread <= 1e-12:
        return Estimate(None, None, None, n, n_missing, method)
    value = float(differences.mean()) / spread
    low, high = _noncentral(value * math.sqrt(n), n - 1, confidence)
    return Estimate(value, low / math.sqrt(n), high / math.sqrt(n), n, n_missing, method)


def cohens_d(a: Sequence[float], b: Sequence[float], n_missing: int = 0, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of the differences B - A over the standard deviation of scores, √((s_A² + s_B²)/2).

    To compare with other work: unlike dz it does not grow with the correlation of the two. No value as in
    `cohens_dz`.
    """
    found = cohens_dz(a, b, n_missing, confidence)
    if found.value is None or found.low is None or found.high is None:
        return found
    one, other = vector(a, "scores"), vector(b, "scores")
    scores = math.sqrt((float(one.var(ddof=1)) + float(other.var(ddof=1))) / 2)
    scale = float((other - one).std(ddof=1)) / scores
    return Estimate(found.value * scale, found.low * scale, found.high * scale, found.n, n_missing, found.method)


def _noncentral(t: float, freedom: int, confidence: float) -> tuple[float, float]:
    """The noncentralities under which t is just as large, or as small, as (1 - confidence)/2 of draws."""
    from scipy.special import nctdtr

    tail = (1 - confidence) / 2

    def bound(least: float) -> float:
        return _falling(lambda shift: float(nctdtr(freedom, shift, t)) - least, t)

    return bound(1 - tail), bound(tail)


def _falling(function: Callable[[float], float], start: float) -> float:
    """The root of a falling function, by bisection from a bracket that grows around `start`."""
    reach = 2.0
    while function(start - reach) < 0 or function(start + reach) > 0:
        reach *= 2
    low, high = start - reach, start + reach
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
