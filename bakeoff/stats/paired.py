"""Two cells on the same samples: the difference with its interval, and the test.

Binary: Tango's score interval (Tango 1998, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8
<891::AID-SIM780>3.0.CO;2-B), McNemar exact and mid-p (Fagerland et al. 2013,
https://doi.org/10.1186/1471-2288-13-91). Continuous: paired t (scipy), and a test that assumes nothing but
symmetry of the labels: flipping signs. Named alternatives are in `alternatives`. Example:

    compare_binary(both=36, only_a=12, only_b=2, neither=0).difference
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import vector
from bakeoff.stats.counts import check_counts, check_pairs
from bakeoff.stats.intervals import CONFIDENCE, alike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXACT_COINS = 2000  # discordant pairs up to which sums of whole numbers are quick
EXACT_SIGNS = 14
DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class PairedBinary:
    """B minus A on pairs: counts, difference, p values. p is None when nothing was compared."""

    both: int
    only_a: int
    only_b: int
    neither: int
    difference: Estimate
    p_exact: float | None
    p_mid: float | None


@dataclass(frozen=True, slots=True)
class PairedMean:
    """B minus A on pairs of continuous scores."""

    difference: Estimate
    p: float | None


@dataclass(frozen=True, slots=True)
class Tested:
    """A test: its statistic, its p, of how many, by which method. Both are None when nothing was tested."""

    statistic: float | None
    p: float | None
    n: int
    method: str
    note: str = ""


def compare_binary(
    both: int, only_a: int, only_b: int, neither: int, n_missing: int = 0, confidence: float = CONFIDENCE
) -> PairedBinary:
    """Compare two cells by their four counts of pairs. Raises ValueError for what is no count."""
    check_counts("pairs", both, only_a, only_b, neither, n_missing)
    n = both + only_a + only_b + neither
    method = f"tango{confidence * 100:g}"
    if n == 0:
        nothing = Estimate(None, None, None, 0, n_missing, method)
        return PairedBinary(both, only_a, only_b, neither, nothing, None, None)
    low, high = tango(both, only_a, only_b, neither, confidence)
    difference = Estimate((only_b - only_a) / n, low, high, n, n_missing, method)
    return PairedBinary(
        both, only_a, only_b, neither, difference, mcnemar_exact(only_a, only_b), mcnemar_mid_p(only_a, only_b)
    )


def _binomial_half_cdf(k: int, n: int) -> tuple[float, float]:
    """P(X <= k) and P(X < k) for X ~ Binomial(n, 1/2): in whole numbers, or scipy's beta function for large n."""
    if n > EXACT_COINS:
        from scipy.special import betainc

        return float(betainc(n - k, k + 1, 0.5)), float(betainc(n - k + 1, k, 0.5)) if k else 0.0
    k, n = operator.index(k), operator.index(n)  # numpy's whole numbers overflow
    term, total, before = 1, 1, 0
    for i in range(1, k + 1):
        before = total
        term = term * (n - i + 1) // i
        total += term
    return total / (1 << n), before / (1 << n)


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided exact p of McNemar's test; 1 when no pair is discordant."""
    least, n = min(only_a, only_b), only_a + only_b
    return min(1.0, 2 * _binomial_half_cdf(least, n)[0])


def mcnemar_mid_p(only_a: int, only_b: int) -> float:
    """Two-sided mid-p of McNemar's test, 2 P(X <= k) - P(X = k); 1 when the counts are equal."""
    if only_a == only_b:
        return 1.0
    return math.fsum(_binomial_half_cdf(min(only_a, only_b), only_a + only_b))


def sign_flip(differences: Sequence[float], seed: int = 0, draws: int = DRAWS) -> Tested:
    """Two-sided test that differences are as likely as their negatives: by flipping their signs.

    Up to 14 differences every way is tried, else 9,999 are drawn with the seed and p is (1 + extreme)/(1 +
    draws). For grouped pairs, give the sums of whole clusters. The statistic is the mean.
    """
    import numpy as np

    numbers = vector(differences, "differences")
    n = len(numbers)
    method = "sign-flip-exact" if n <= EXACT_SIGNS else f"sign-flip-{draws}"
    if n == 0:
        return Tested(None, None, 0, method)
    total = math.fsum(numbers)
    least = abs(total) - 1e-9 * float(np.abs(numbers).sum())  # sums in another order differ in the last bits
    if n <= EXACT_SIGNS:
        p = float((np.abs(_every_sum(numbers)) >= least).mean())
    else:
        p = (1 + int((np.abs(_drawn_sums(numbers, seed, draws)) >= least).sum())) / (1 + draws)
    return Tested(total / n, p, n, method)


def _every_sum(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums under every choice of signs but the first one's: the other half are their mirror images."""
    import numpy as np

    ways = np.arange(1 << (len(numbers) - 1))
    sums = np.full(len(ways), numbers[0])
    for i, number in enumerate(numbers[1:]):
        sums += np.where(ways >> i & 1, number, -number)
    return sums


def _drawn_sums(numbers: NDArray[np.float64], seed: int, draws: int) -> NDArray[np.float64]:
    import numpy as np

    n, sums, draw = len(numbers), np.empty(draws), np.random.default_rng(seed)
    block = max(1, (1 << 22) // n)
    for start in range(0, draws, block):
        count = min(block, draws - start)
        flipped = np.unpackbits(draw.integers(0, 256, (count, -(-n // 8)), dtype=np.uint8), axis=1, count=n)
        sums[start : start + count] = numbers.sum() - 2 * (flipped @ numbers)
    return sums


def tango(both: int, only_a: int, only_b: int, neither: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Tango's score interval of p_B - p_A, by bisection. Raises ValueError without a pair."""
    check_pairs(both, only_a, only_b, neither)
    n = both + only_a + only_b + neither
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    observed = (only_b - only_a) / n

    def statistic(delta: float) -> float:
        a2 = 2 * n
        b1 = -only_a - only_b + (2 * n - only_b + only_a) * delta
        c1 = -only_a * delta * (1 - delta)
        root = math.sqrt(max(0.0, b1 * b1 - 4 * a2 * c1))
        q = (root - b1) / (2 * a2)
        variance = n * (2 * q + delta * (1 - delta))
        distance = only_b - only_a - n * delta
        return math.copysign(math.inf, distance) if variance <= 0 else distance / math.sqrt(variance)

    low = -1.0 if observed <= -1 else _bisect(lambda d: statistic(d) - z, -1.0, observed)
    high = 1.0 if observed >= 1 else _bisect(lambda d: statistic(d) + z, observed, 1.0)
    return low, high


def _bisect(falling: Callable[[float], float], low: float, high: float) -> float:
    """The root of a falling function between two bounds."""
    for _ in range(80):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def compare_means(
    a: Sequence[float], b: Sequence[float], n_missing: int = 0, confidence: float = CONFIDENCE
) -> PairedMean:
    """Compare continuous scores of the same samples, in the same order.

    When all differences are the same, t is infinite and says nothing: p is then that of the exact
    sign-flip test, 2 to the power of 1 - n.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} scores are no pairs")
    n, method = len(a), f"paired-t{confidence * 100:g}"
    if n == 0:
        return PairedMean(Estimate(None, None, None, 0, n_missing, method), None)
    differences = [y - x for x, y in zip(a, b, strict=True)]
    value = math.fsum(differences) / n
    if not math.isfinite(value):
        raise ValueError("scores: one of them is no finite number; leave its pair out and count it as missing")
    if n == 1:
        return PairedMean(Estimate(value, -1.0, 1.0, 1, n_missing, method), None)
    error = math.sqrt(math.fsum((d - value) ** 2 for d in differences) / (n - 1) / n)
    return _of_error(n, value, error, n_missing, confidence)


def compare_sums(
    n: int, total: float, squares: float, n_missing: int = 0, confidence: float = CONFIDENCE
) -> PairedMean:
    """As `compare_means`, from the number of differences, their sum and the sum of their squares."""
    if n < 2:
        return compare_means([0.0] * n, [total] * n, n_missing, confidence)
    value = total / n
    variance = max(0.0, (squares - n * value * value) / (n - 1))
    return _of_error(n, value, math.sqrt(variance / n) if variance > 1e-15 else 0.0, n_missing, confidence)


def _of_error(n: int, value: float, error: float, n_missing: int, confidence: float) -> PairedMean:
    """The paired t test of n > 1 differences, from their mean and its standard error."""
    from scipy.special import stdtr, stdtrit

    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    if error > abs(value) * 1e-12:
        p = 2 * float(stdtr(n - 1, -abs(value) / error))
    else:
        p = 1.0 if value == 0 else 2.0 ** (1 - n)
    low, high = max(-1.0, value - half), min(1.0, value + half)
    if error <= 1e-12:
        low, high = alike(value, n, -1.0, 1.0, confidence)
    estimate = Estimate(value, low, high, n, n_missing, f"paired-t{confidence * 100:g}")
    return PairedMean(estimate, p)
