"""How large a difference is, and whether it stays inside a margin, at any moment of a run.

A difference d in [-1, 1] per item (B minus A: +1, 0, -1 for right and wrong, anything between for graded
scores, a mean per item for repeats) becomes x = (d + 1) / 2. Against "the mean of x is m" one bets shares f
of a fortune on either side, f from a fixed grid of 30, and the mean fortune

    K(m) = 1/60 sum over f of [prod(1 + f (x - m) / m) + prod(1 - f (x - m) / (1 - m))]

is a martingale when m is right. The confidence sequence is every m with K(m) < 1/alpha: it holds at all
moments at once with probability 1 - alpha (Waudby-Smith and Ramdas 2024,
https://doi.org/10.1093/jrsssb/qkad009). K is convex in m, so the sequence is an interval; it does not depend on the
order of the items, and knows nothing of a normal distribution. Items must come in random order. Example:

    sequence = ConfidenceSequence(alpha=0.05)
    sequence.add(plus=54, zero=418, minus=28)
    sequence.interval()                                  # (-0.0055, 0.1121)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from bakeoff.core.types import Estimate
from bakeoff.stats.sequential import ALPHA, check_alpha, check_count

SHARES = tuple(0.9 * (j / 30) ** 2 for j in range(1, 31))  # of the most that cannot ruin
EXACT_VALUES = 2048  # distinct differences kept as they are
STEP = 1 / 1024  # beyond that number: rounded outwards to multiples of this
_EDGE = 1e-9
_MOST = 690.0  # log of the largest wealth shown, about 1e300


class _Fed:
    """What is fed with differences, as counts or as values, and looks once after each batch."""

    n: int

    def add(self, plus: int, zero: int, minus: int) -> None:
        """Count a batch: items only B got right, items alike, items only A got right. ValueError below 0."""
        counts = (check_count("plus", plus), check_count("zero", zero), check_count("minus", minus))
        for difference, times in zip((1.0, 0.0, -1.0), counts, strict=True):
            if times:
                self._count(difference, times)
        self.n += sum(counts)
        self._look()

    def add_differences(self, differences: Iterable[float]) -> None:
        """Count a batch of differences B - A, each in [-1, 1]. Raises ValueError otherwise, also for NaN."""
        batch = Counter(float(d) for d in differences)
        for difference in batch:
            if not -1 <= difference <= 1:  # also refuses NaN
                raise ValueError(f"a difference must lie in [-1, 1], not {difference!r}; scale the scores to [0, 1]")
        for difference, times in batch.items():
            self._count(difference, times)
        self.n += batch.total()
        self._look()

    def _count(self, difference: float, times: int) -> None:
        raise NotImplementedError

    def _look(self) -> None:
        """Look at the evidence after a batch."""


class ConfidenceSequence(_Fed):
    """An interval of the mean difference B - A that holds at every look.

    State: how often each difference was seen. From the 2,049th distinct value on, differences are rounded to
    multiples of 1/1024, down for the lower bound and up for the upper one: the interval can only get wider,
    by at most 0.002. With `running`, the interval is the intersection of those at all batches so far: a
    little narrower, but dependent on the order. Should such intervals not even meet (a drift; probability
    below alpha in random order), `broken` becomes true and the interval is that of the counts alone again.
    """

    def __init__(self, alpha: float = ALPHA, running: bool = False) -> None:
        self.alpha = check_alpha(alpha)
        self.running = running
        self.broken = False
        self.n = 0
        self._total = 0.0
        self._squares = 0.0
        self._below: Counter[float] = Counter()
        self._above = self._below  # the same object until values have to be rounded
        self._bounds = (-1.0, 1.0)
        self._known: tuple[float, float] | None = None  # of the counts as they are

    def _count(self, difference: float, times: int) -> None:
        self._total += difference * times
        self._squares += difference * difference * times
        if self._above is self._below:
            self._below[difference] += times
            if len(self._below) > EXACT_VALUES:
                exact, self._below, self._above = self._below, Counter(), Counter()
                for value, count in exact.items():
                    self._round(value, count)
        else:
            self._round(difference, times)

    def _round(self, difference: float, times: int) -> None:
        self._below[math.floor(difference / STEP) * STEP] += times
        self._above[math.ceil(difference / STEP) * STEP] += times

    def _look(self) -> None:
        self._known = None
        if self.running and not self.broken:
            low, high = self._plain()
            low, high = max(low, self._bounds[0]), min(high, self._bounds[1])
            self.broken = low > high
            self._bounds = (low, high)

    @property
    def mean(self) -> float | None:
        """The mean difference so far; after an early stop it is too large on average."""
        return self._total / self.n if self.n else None

    def interval(self) -> tuple[float, float]:
        """The bounds (low, high) of the mean difference; (-1, 1) before the first item."""
        return self._bounds if self.running and not self.broken else self._plain()

    def _plain(self) -> tuple[float, float]:
        if self._known is None:
            self._known = self._now()
        return self._known

    def estimate(self, n_missing: int = 0) -> Estimate:
        """The mean difference with these bounds; without a value before the first item."""
        method = f"confidence-sequence{(1 - self.alpha) * 100:g}"
        if self.mean is None:
            return Estimate(None, None, None, 0, n_missing, method)
        return Estimate(self.mean, *self.interval(), self.n, n_missing, method)

    def log_wealth(self, difference: float) -> float:
        """Natural log of K at a mean difference, -1 < difference < 1."""
        if not -1 < difference < 1:
            raise ValueError(f"a mean difference must lie between -1 and 1, not {difference!r}")
        return self._log_wealth((difference + 1) / 2)

    def _log_wealth(self, m: float) -> float:
        import numpy as np

        shares = np.array(SHARES)[:, None]
        fortunes = []
        for counts, stake in ((self._below, shares / m), (self._above, -shares / (1 - m))):
            x = (np.fromiter(counts, float, len(counts)) + 1) / 2
            times = np.fromiter(counts.values(), float, len(counts))
            fortunes.append(np.log1p(stake * (x - m)) @ times)
        return float(np.logaddexp.reduce(np.concatenate(fortunes))) - math.log(2 * len(SHARES))

    def _now(self) -> tuple[float, float]:
        """The roots of log K(m) = log(1/alpha) on both sides of the mean, where K is at most 1."""
        if self.mean is None:
            return -1.0, 1.0
        variance = max(0.0, self._squares / self.n - self.mean**2) / 4
        width = math.sqrt((5 - 2 * math.log(self.alpha)) * (variance + 1 / self.n) / self.n)  # close, when n is large
        low, high = self._root(-width), self._root(width)
        return 2 * low - 1, 2 * high - 1

    def _root(self, step: float) -> float:
        """The mean m at which K reaches 1/alpha, looked for from the middle outwards in growing steps."""
        from scipy.optimize import brentq

        edge = 1 - _EDGE if step > 0 else _EDGE
        inner = min(max((self._total / self.n + 1) / 2, _EDGE), 1 - _EDGE)

        def excess(m: float) -> float:
            return self._log_wealth(m) + math.log(self.alpha)

        while inner != edge:
            outer = min(inner + step, edge) if step > 0 else max(inner + step, edge)
            if excess(outer) > 0:
                return float(brentq(excess, inner, outer, xtol=1e-12))
            inner, step = outer, 1.5 * step
        return float(round(edge))


class _Bets:
    """The 30 fortunes of one side against one mean m, kept up to date: the same work at every batch."""

    def __init__(self, m: float, above: bool) -> None:
        self.m = m
        self._stakes = [share / m if above else -share / (1 - m) for share in SHARES]
        self._logs = [0.0] * len(SHARES)

    def count(self, difference: float, times: int) -> None:
        away = (difference + 1) / 2 - self.m
        self._logs = [
            log + times * math.log1p(stake * away) for log, stake in zip(self._logs, self._stakes, strict=True)
        ]

    @property
    def log_sum(self) -> float:
        top = max(self._logs)
        return top + math.log(math.fsum(math.exp(log - top) for log in self._logs))


class NonInferiority(_Fed):
    """The release gate "B is not worse than A by the margin or more", one-sided, looked at after each batch.

    `wealth` is the fortune of those who bet against a mean difference of -margin or less; `passed` once it
    has reached 1/alpha, and for good. At the margin it passes wrongly with probability alpha at most.
    """

    def __init__(self, margin: float, alpha: float = ALPHA) -> None:
        self.margin = _check_margin(margin)
        self.alpha = check_alpha(alpha)
        self.n = 0
        self.passed = False
        self.passed_at: int | None = None
        self.log_largest = 0.0
        self._bets = _Bets((1 - margin) / 2, above=True)

    def _count(self, difference: float, times: int) -> None:
        self._bets.count(difference, times)

    def _look(self) -> None:
        now = self.log_wealth
        self.log_largest = max(self.log_largest, now)
        if not self.passed and now >= -math.log(self.alpha):
            self.passed, self.passed_at = True, self.n

    @property
    def log_wealth(self) -> float:
        return self._bets.log_sum - math.log(len(SHARES))

    @property
    def wealth(self) -> float:
        """The fortune now; 1 at the start, never more than 1e300."""
        return math.exp(min(self.log_wealth, _MOST))

    @property
    def p(self) -> float:
        """The p value that holds at any moment: 1 over the largest wealth at any look."""
        return math.exp(-min(self.log_largest, _MOST))


class Equivalence(_Fed):
    """The gate "A and B differ by less than the margin": the confidence sequence lies inside ±margin.

    As `ConfidenceSequence.interval()` without `running`, but at the two margins only, so that a look costs the
    same however many items were seen. `passed` holds for good.
    """

    def __init__(self, margin: float, alpha: float = ALPHA) -> None:
        self.margin = _check_margin(margin)
        if margin == 0:
            raise ValueError("no two models are equivalent within a margin of 0; name a positive one")
        self.alpha = check_alpha(alpha)
        self.n = 0
        self.passed = False
        self.passed_at: int | None = None
        self._total = 0.0
        points = ((1 - margin) / 2, (1 + margin) / 2)
        self._bets = [(_Bets(m, above=True), _Bets(m, above=False)) for m in points]

    def _count(self, difference: float, times: int) -> None:
        self._total += difference * times
        for above, below in self._bets:
            above.count(difference, times)
            below.count(difference, times)

    def _look(self) -> None:
        if self.passed or abs(self._total) >= self.margin * self.n:
            return
        if min(self.log_wealths) >= -math.log(self.alpha):
            self.passed, self.passed_at = True, self.n

    @property
    def log_wealths(self) -> tuple[float, float]:
        """Natural log of K at -margin and at +margin."""
        lower, upper = (_log_mean(*pair) for pair in self._bets)
        return lower, upper


def _log_mean(above: _Bets, below: _Bets) -> float:
    top, bottom = max(above.log_sum, below.log_sum), min(above.log_sum, below.log_sum)
    return top + math.log1p(math.exp(bottom - top)) - math.log(2 * len(SHARES))


def _check_margin(margin: float) -> float:
    if not 0 <= margin < 1:  # also refuses NaN
        raise ValueError(f"a margin is a difference of scores, at least 0 and below 1, not {margin!r}")
    return margin


def noninferiority(margin: float, alpha: float = ALPHA) -> NonInferiority:
    """A fresh non-inferiority gate."""
    return NonInferiority(margin, alpha)


def equivalence(margin: float, alpha: float = ALPHA) -> Equivalence:
    """A fresh equivalence gate."""
    return Equivalence(margin, alpha)
