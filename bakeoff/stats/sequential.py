"""Two models on the same items, stopped as soon as the evidence suffices: an e-process and a terminal test.

Only pairs on which the two differ tell anything. Given which pairs those are, "only B is right" falls like
a fair coin when neither is better, so the likelihood ratio of a Beta(a, a) mixture against that coin

    E(m, s) = 2^m B(a + s, a + m - s) / B(a, a)         m pairs differ, s of them won by B

is a martingale that starts at 1. It reaches 1/alpha with a probability of at most alpha, however often one
looks (Ville's inequality; Robbins 1970, https://doi.org/10.1214/aoms/1177696786; Grünwald, de Heide, Koolen
2024, https://doi.org/10.1093/jrsssb/qkae011). What of alpha early stops cannot have used is left for one
exact test when all planned items are done. Items must come in random order. Example:

    process = EProcess(alpha=0.05)
    process.add(only_a=3, only_b=17, ties=12)      # a batch of 32 items
    process.decided or terminal_decision(process.m, process.s)      # "a", "b" or None
"""

from __future__ import annotations

import math
import operator
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Side = Literal["a", "b"]

ALPHA = 0.05
PRIOR = 5.0  # Beta(5, 5): close to the best for differences of 5 to 16 points
_MOST = 690.0  # log of the largest E shown, about 1e300: what lies beyond overflows


def check_alpha(alpha: float) -> float:
    """The error rate as it is. Raises ValueError unless it lies between 0 and 1, both excluded."""
    if not 0 < alpha < 1:  # also refuses NaN
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha!r}")
    return alpha


def check_count(name: str, value: int) -> int:
    """A count as an int, numpy's included. Raises ValueError below 0, TypeError for what is no integer."""
    count = operator.index(value)
    if count < 0:
        raise ValueError(f"{name} is a count and cannot be {count}")
    return count


def _check_prior(a: float) -> float:
    if not 0 < a < math.inf:
        raise ValueError(f"the prior's a must be a positive number, not {a!r}")
    return a


def log_e(m: int, s: int, a: float = PRIOR) -> float:
    """Natural log of E after m pairs that differ, s of them won by B; 0 for no pair, the same for s and m - s."""
    _check_prior(a)
    if not 0 <= s <= m:
        raise ValueError(f"{s} of {m} pairs is impossible")
    return _log_e(m, s, a)


def _log_e(m: int, s: int, a: float) -> float:
    mixture = math.lgamma(a + s) + math.lgamma(a + m - s) - math.lgamma(2 * a + m)
    return mixture + math.lgamma(2 * a) - 2 * math.lgamma(a) + m * math.log(2)


def tuned_prior(psi: float, delta: float) -> float:
    """The a for which a true difference of `delta` is found soonest when a share `psi` of the pairs differ.

    max(1, ((psi/delta)² - 1) / 2): the prior's spread is then that of the winners' share, psi/delta away from
    a half. Raises ValueError unless 0 < |delta| <= psi <= 1.
    """
    if not 0 < abs(delta) <= psi <= 1:
        raise ValueError(f"a difference of {delta!r} is impossible when a share of {psi!r} of the pairs differ")
    return max(1.0, ((psi / delta) ** 2 - 1) / 2)


@dataclass(slots=True)
class EProcess:
    """Evidence that two models differ, batch by batch; looked at once after each batch.

    `n` pairs were seen, `m` of them differ, `s` of those were won by B. The decision is that of the moment at
    which E first reached 1/alpha: later batches do not undo it. For several tests at once pass alpha divided
    by their number.
    """

    alpha: float = ALPHA
    a: float = PRIOR
    m: int = field(default=0, init=False)
    s: int = field(default=0, init=False)
    n: int = field(default=0, init=False)
    log_largest: float = field(default=0.0, init=False)
    decided: Side | None = field(default=None, init=False)
    decided_at: int | None = field(default=None, init=False)  # n at that moment

    def __post_init__(self) -> None:
        check_alpha(self.alpha)
        _check_prior(self.a)

    @classmethod
    def rebuilt(cls, batches: Iterable[tuple[int, int, int]], alpha: float = ALPHA, a: float = PRIOR) -> EProcess:
        """The state after batches of (only_a, only_b, ties), in their order: how a resumed run goes on."""
        process = cls(alpha, a)
        for only_a, only_b, ties in batches:
            process.add(only_a, only_b, ties)
        return process

    def add(self, only_a: int, only_b: int, ties: int = 0) -> Side | None:
        """Count one batch, look once, return `decided`. Pairs with an ungraded answer are left out of all three.

        Raises ValueError for a negative count; nothing is counted then.
        """
        only_a, only_b = check_count("only_a", only_a), check_count("only_b", only_b)
        self.n += only_a + only_b + check_count("ties", ties)
        self.m += only_a + only_b
        self.s += only_b
        now = self.log_e
        self.log_largest = max(self.log_largest, now)
        if self.decided is None and now >= -math.log(self.alpha):
            self.decided = "b" if 2 * self.s > self.m else "a"
            self.decided_at = self.n
        return self.decided

    @property
    def log_e(self) -> float:
        """Natural log of the evidence now."""
        return _log_e(self.m, self.s, self.a)

    @property
    def e(self) -> float:
        """The evidence now; 1 at the start, never more than 1e300."""
        return math.exp(min(self.log_e, _MOST))

    @property
    def largest(self) -> float:
        """The largest evidence at any look so far, at least 1."""
        return math.exp(min(self.log_largest, _MOST))

    @property
    def p(self) -> float:
        """The p value that holds at any moment: 1 / largest."""
        return 1.0 / self.largest


@dataclass(frozen=True, slots=True)
class Terminal:
    """The test for a run that came to its planned end: `critical[m]` and the alpha `spent` by then, m = 0..n.

    `stops[m]` are the fewest of m wins at which E reaches 1/alpha, m + 1 where not even m do.

    After m pairs that differ the test is significant when |2s - m| >= critical[m]. Where too little of alpha
    is left, that is more than any run can have which has not stopped early.
    """

    alpha: float
    a: float
    critical: tuple[int, ...]
    spent: tuple[float, ...]
    stops: tuple[int, ...]

    def decide(self, m: int, s: int) -> Side | None:
        """The better one, or None. Raises ValueError for counts outside the table."""
        if not 0 <= s <= m < len(self.critical):
            raise ValueError(f"{s} of {m} pairs does not fit a table for {len(self.critical) - 1} pairs")
        if abs(2 * s - m) < self.critical[m]:
            return None
        return "b" if 2 * s > m else "a"


@lru_cache(maxsize=16)
def terminal(n_max: int, alpha: float = ALPHA, a: float = PRIOR) -> Terminal:
    """Exact critical values for every number of differing pairs up to `n_max`.

    For each m: P(E reached 1/alpha by then) + P(|2s - m| >= critical[m], E never did) <= alpha, under fair
    coins. Whoever looks less often than after every item stops less often, so the bound holds for batches
    too. Only for runs that ended because their items did, or for a cause that has nothing to do with scores.
    """
    critical, spent, stops = [1], [0.0], [1]  # m = 0: |2s - m| is 0, and nothing was shown
    for m, low, alive, hit in _walk(check_count("n_max", n_max), check_alpha(alpha), _check_prior(a)):
        critical.append(_critical(m, low, alive, alpha - hit))
        spent.append(hit)
        stops.append(low + len(alive))
    return Terminal(alpha, a, tuple(critical), tuple(spent), tuple(stops))


def _walk(n_max: int, alpha: float, a: float) -> Iterator[tuple[int, int, NDArray[np.float64], float]]:
    """The walk of fair coins, step by step: (m, lowest s not stopped, P(s, not stopped) from there, P(stopped)).

    What has not been stopped lies in a band about the middle, some sqrt(m log m) wide, so a step costs that.
    """
    import numpy as np

    alive = np.ones(1)
    low, stop, hit, bar = 0, 1, 0.0, -math.log(alpha)  # not stopped: low <= s < stop, symmetric about m/2
    for m in range(1, n_max + 1):
        stepped = np.empty(len(alive) + 1)
        stepped[0], stepped[-1] = alive[0], alive[-1]
        np.add(alive[1:], alive[:-1], out=stepped[1:-1])
        stepped *= 0.5
        # The bound rises by 0 or 1 a step: E falls when the leader loses a pair and rises when it wins one.
        stop += _log_e(m, stop, a) < bar
        outside = low + len(stepped) - stop  # of either side, as the walk is symmetric
        if outside:
            hit += float(stepped[:outside].sum() + stepped[-outside:].sum())
            stepped = stepped[outside:-outside]
        low, alive = low + outside, stepped
        yield m, low, alive, hit


def _after(m: int, alpha: float, a: float) -> tuple[int, NDArray[np.float64], float]:
    """The walk's last step, m > 0."""
    _, low, alive, hit = deque(_walk(m, alpha, a), maxlen=1)[0]
    return low, alive, hit


def _critical(m: int, low: int, alive: NDArray[np.float64], left: float) -> int:
    """The smallest k with P(|2s - m| >= k, not stopped) <= left; out of reach when not even the outermost fits."""
    import numpy as np

    upper = alive[len(alive) // 2 :][::-1]  # the outermost first; the middle, if any, is never reached
    fitting = int(np.searchsorted(np.cumsum(2 * upper), left, side="right"))
    top = low + len(alive) - 1
    innermost = 2 * (top - fitting + 1) - m  # |2s - m| of the last that fits
    return innermost - 1  # |2s - m| has m's parity, so one less is the same test and the smallest k


def terminal_decision(m: int, s: int, alpha: float = ALPHA, a: float = PRIOR) -> Side | None:
    """The terminal test after m pairs that differ, s of them won by B: the better one, or None.

    Only for a run whose E never reached 1/alpha; see `terminal`.
    """
    return terminal(1 << max(6, m.bit_length()), alpha, a).decide(m, s)  # a size that many decisions share


def terminal_p(m: int, s: int, alpha: float = ALPHA, a: float = PRIOR) -> float:
    """The exact p value of a run that came to its end without an early stop, at least what alpha was spent.

    P(stopped by then) + P(at least as far from m/2, not stopped). It is at most alpha just when
    `terminal_decision` says so, and goes together with an early stop's `EProcess.p`: over both ends
    P(p <= x) <= x for every x. Raises ValueError when E had reached 1/alpha at (m, s).
    """
    check_alpha(alpha)
    if log_e(m, s, a) >= -math.log(alpha):
        raise ValueError(f"with {s} of {m} pairs the run had stopped early")
    if 2 * s == m:
        return 1.0
    low, alive, hit = _after(m, alpha, a)
    outer = min(s, m - s) - low + 1
    return min(1.0, hit + 2 * float(alive[:outer].sum()))


def decisive(m: int, alpha: float = ALPHA, a: float = PRIOR) -> int | None:
    """The fewest wins of m differing pairs at which E reaches 1/alpha; None when not even m wins do."""
    bar = -math.log(check_alpha(alpha))
    low, high = (m + 1) // 2, m
    if log_e(m, high, a) < bar:
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if log_e(m, middle, a) >= bar else (middle + 1, high)
    return low
