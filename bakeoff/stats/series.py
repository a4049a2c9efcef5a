"""A figure watched over time: has its level moved, which points stick out, does it drift.

For latency, cost and memory from run to run. For quality compare the runs on the same items instead
(`paired.py`): that sees far smaller changes. Alarms come from a winsorised CUSUM (Page 1954,
https://doi.org/10.1093/biomet/41.1-2.100) on values cut at 3 robust standard deviations, so that one odd point
is no alarm; drift from Theil's and Sen's slope with Kendall's test; one change after the fact from Pettitt
1979 (https://doi.org/10.2307/2346729) with a p value by permutation. Example:

    watch([20.0, 21.0] * 10 + [24.0] * 5).alarms        # (Alarm(place=22, direction='up', began=20),)
    trend([71.2, 71.0, 71.5, 71.9, 71.6, 72.3, 72.1, 72.8, 72.6, 73.0]).slope.value       # 0.22
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Literal

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE

Direction = Literal["up", "down"]

BASELINE = 20  # points that say what is usual
REACH = 3.0  # standard deviations at which a point is cut
DRIFT = 0.75  # of them that count as usual
LIMIT = 6.0  # their sum at which there is an alarm
SPIKE = 6.0
LEAST_FOR_TREND = 12
TREND_ALPHA = 0.01  # strict, because points that hang together give a false trend too often
SHIFT_ALPHA = 0.05
PERMUTATIONS = 9_999
_SIGNS: dict[Direction, int] = {"up": 1, "down": -1}
_MAD = 1.4826  # makes the median deviation of normal values their standard deviation


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is usual: `first` to `last` are the places it was taken from, `scale` a standard deviation."""

    first: int
    last: int
    centre: float
    scale: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """The level has moved: seen at `place`; the sum that gave the alarm rose from `began` on."""

    place: int
    direction: Direction
    began: int


@dataclass(frozen=True, slots=True)
class Spike:
    """A single odd point, `distance` robust standard deviations off; a note and no alarm."""

    place: int
    direction: Direction
    distance: float


@dataclass(frozen=True, slots=True)
class Watch:
    """A series looked at: `reason` says why there can be no alarm now, and is None when there can be.

    `mean` is that of the points since the last alarm, or of all without one.
    """

    n: int
    mean: Estimate
    baselines: tuple[Baseline, ...]
    alarms: tuple[Alarm, ...]
    spikes: tuple[Spike, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight drift: slope a point (or a unit of `at`), Kendall's tau and p; `shown` when it is no chance."""

    slope: Estimate
    tau: float | None
    p: float | None
    shown: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Shift:
    """The likeliest single change: `place` is the first point of the new level; medians before and after."""

    place: int | None
    direction: Direction | None
    before: float | None
    after: float | None
    p: float | None
    shown: bool
    reason: str | None


def watch(values: Sequence[float]) -> Watch:
    """Alarms and spikes of a series in order of time. After an alarm the next 20 points are a new baseline.

    Fewer than 20 points after the start or an alarm: no alarm. Raises ValueError for NaN and infinity.
    """
    _check(values)
    baselines: list[Baseline] = []
    alarms: list[Alarm] = []
    start = 0
    while len(values) - start >= BASELINE:
        baselines.append(_baseline(values, start))
        alarm = _cusum(values, baselines[-1])
        if alarm is None:
            break
        alarms.append(alarm)
        start = alarm.place + 1
    waiting = len(values) - start
    since = "since the alarm " if alarms else ""
    few = f"{waiting} points {since}are too few to say what is usual: {BASELINE} are needed"
    reason = few if waiting < BASELINE else None
    return Watch(len(values), _mean(values[start:]), tuple(baselines), tuple(alarms), tuple(_spikes(values)), reason)


def _baseline(values: Sequence[float], start: int) -> Baseline:
    base = values[start : start + BASELINE]
    middle, spread = _robust(base)
    cut = [min(max(value, middle - REACH * spread), middle + REACH * spread) for value in base]
    scale = max(stdev(cut), spread)
    return Baseline(start, start + BASELINE - 1, fmean(cut), scale)


def _robust(values: Sequence[float]) -> tuple[float, float]:
    """Median and scaled median deviation; the plain deviation where more than half of the values are the same."""
    middle = median(values)
    spread = _MAD * median([abs(value - middle) for value in values])
    return middle, spread if spread > 0 else stdev(values)


def _standard(value: float, centre: float, scale: float) -> float:
    """How many standard deviations off; infinitely many when nothing ever varied but rounding."""
    off = value - centre
    if abs(off) <= 1e-9 * max(abs(centre), abs(value)):
        return 0.0
    return off / scale if scale > 0 else math.copysign(math.inf, off)


def _cusum(values: Sequence[float], base: Baseline) -> Alarm | None:
    """The first alarm behind a baseline."""
    sums: dict[Direction, float] = {"up": 0.0, "down": 0.0}
    began: dict[Direction, int] = {"up": 0, "down": 0}
    for place in range(base.last + 1, len(values)):
        z = min(max(_standard(values[place], base.centre, base.scale), -REACH), REACH)
        for direction, sign in _SIGNS.items():
            if sums[direction] == 0:
                began[direction] = place
            sums[direction] = max(0.0, sums[direction] + sign * z - DRIFT)
            if sums[direction] > LIMIT:
                return Alarm(place, direction, began[direction])
    return None


def _spikes(values: Sequence[float]) -> list[Spike]:
    """Points far from the 20 before them."""
    found = []
    for place in range(BASELINE, len(values)):
        z = _standard(values[place], *_robust(values[place - BASELINE : place]))
        if abs(z) > SPIKE:
            found.append(Spike(place, "up" if z > 0 else "down", abs(z)))
    return found


def _mean(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean with Student's interval; none of it for fewer than two points, or when all are the same."""
    n, method = len(values), f"t{confidence * 100:g}"
    if n == 0:
        return Estimate(None, None, None, 0, 0, method)
    value = fmean(values)
    error = stdev(values) / math.sqrt(n) if n > 1 else 0.0
    if error == 0:
        return Estimate(value, None, None, n, 0, method)
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Estimate(value, value - half, value + half, n, 0, method)


def trend(values: Sequence[float], at: Sequence[float] | None = None, confidence: float = CONFIDENCE) -> Trend:
    """Theil-Sen slope with its interval, and Kendall's test; `at` are the times, else 0, 1, 2 …

    Nothing is shown below 12 points or at p >= 0.01. Raises ValueError for NaN and lengths that differ.
    """
    _check(values)
    times = list(range(len(values))) if at is None else list(at)
    _check(times)
    n, method = len(values), f"theil-sen{confidence * 100:g}"
    if n != len(times):
        raise ValueError(f"{n} values and {len(times)} times are no pairs")
    if n < 2 or len(set(times)) < 2:
        nothing = Estimate(None, None, None, n, 0, method)
        return Trend(nothing, None, None, False, "a slope takes two points of different times")
    if len(set(values)) == 1:
        return Trend(Estimate(0.0, None, None, n, 0, method), None, None, False, "all points are the same")
    from scipy.stats import kendalltau, theilslopes

    slope, _, low, high = (float(number) for number in theilslopes(values, times, alpha=confidence))
    test = kendalltau(times, values)
    tau, p = float(test.statistic), float(test.pvalue)
    few = f"{n} points are too few to show a trend: {LEAST_FOR_TREND} are needed" if n < LEAST_FOR_TREND else None
    return Trend(Estimate(slope, low, high, n, 0, method), tau, p, few is None and p < TREND_ALPHA, few)


def shift(values: Sequence[float], seed: int = 0, permutations: int = PERMUTATIONS) -> Shift:
    """Pettitt's test for one change of level, looked for afterwards; p by shuffling the points.

    Raises ValueError for NaN and infinity.
    """
    _check(values)
    n = len(values)
    if n < 2:
        return Shift(None, None, None, None, None, False, "a change takes at least two points")
    if len(set(values)) == 1:
        return Shift(None, None, None, None, None, False, "all points are the same")
    import numpy as np
    from scipy.stats import rankdata

    ranks = 2 * rankdata(values) - (n + 1)  # whole numbers, so equal sums are equal
    sums = np.cumsum(ranks)[:-1]
    place = int(np.abs(sums).argmax()) + 1
    most, beaten = float(np.abs(sums).max()), 0
    rng = np.random.default_rng(seed)
    for start in range(0, permutations, 1000):
        rows = min(1000, permutations - start)
        shuffled = rng.permuted(np.broadcast_to(ranks, (rows, n)), axis=1)
        beaten += int((np.abs(np.cumsum(shuffled, axis=1)[:, :-1]).max(axis=1) >= most).sum())
    p = (beaten + 1) / (permutations + 1)
    before, after = median(values[:place]), median(values[place:])
    direction: Direction = "up" if sums[place - 1] < 0 else "down"
    return Shift(place, direction, float(before), float(after), p, p < SHIFT_ALPHA, None)


def _check(values: Sequence[float]) -> None:
    for place, value in enumerate(values):
        if not math.isfinite(value):
            raise ValueError(f"point {place} is {value}: a series holds numbers only")
