"""Means of what is read one after the other, such as the power of a GPU: neighbours are alike, so blocks are compared.

The mean of all, with Student's t over the means of at most 20 blocks of equal length (method of batch means: Law and
Kelton, Simulation Modeling and Analysis, 9.5.3). Single readings taken as independent would give an interval that is
far too narrow. Example:

    block_mean([212.0, 214.5, 230.1, ...])      # Estimate(219.3 [214.0, 224.6], n=180, "blocks-t95")
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE, finite_sum

MOST_BLOCKS = 20
LEAST_BLOCKS = 5
IN_BLOCK = 2  # values that make a block


def block_mean(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The mean of a series in the order of time; no interval for fewer than 10 values."""
    method, n = _method(confidence), len(values)
    if not n:
        return Estimate(None, None, None, 0, 0, method)
    value = finite_sum(values, "values") / n
    blocks = min(MOST_BLOCKS, n // IN_BLOCK)
    if blocks < LEAST_BLOCKS:
        return Estimate(value, None, None, n, 0, method)
    size = n // blocks
    kept = values[n - blocks * size :]  # the first few, where it does not come out even
    means = [math.fsum(kept[i : i + size]) / size for i in range(0, len(kept), size)]
    low, high = _around(value, means, confidence)
    return Estimate(value, low, high, n, 0, method)


def rate(value: float, blocks: Sequence[float], n: int, confidence: float = CONFIDENCE) -> Estimate:
    """A rate over a stretch of time, from the rates in its equal parts; `n` is the number of events behind it."""
    if len(blocks) < LEAST_BLOCKS:
        return Estimate(value, None, None, n, 0, _method(confidence))
    low, high = _around(value, blocks, confidence)
    return Estimate(value, max(0.0, low), high, n, 0, _method(confidence))


def _around(value: float, means: Sequence[float], confidence: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    count = len(means)
    centre = finite_sum(means, "values") / count
    variance = math.fsum((mean - centre) ** 2 for mean in means) / (count - 1)
    half = float(stdtrit(count - 1, (1 + confidence) / 2)) * math.sqrt(variance / count)
    return value - half, value + half


def _method(confidence: float) -> str:
    return f"blocks-t{confidence * 100:g}"
