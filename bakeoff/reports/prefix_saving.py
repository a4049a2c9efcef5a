"""What a prefix cache saved: seconds to the first token, from how long reading took per token. Pure.

The time to the first token is fitted as a + b · tokens read (by least squares over the calls of one cell); what a call
had cached would have taken b seconds a token. Example:

    saved([(1.2, 1000, 0), (0.3, 1000, 800), …])      # Estimate of seconds saved a call; None where it cannot be told
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE

LEAST_CALLS = 8
METHOD = "ols-t95"
Call = tuple[float, float, float]  # seconds to the first token, prompt tokens, those of them that were cached


def saved(calls: Sequence[Call]) -> Estimate | None:
    """Mean seconds saved a call. None for fewer than 8 calls, or where all read equally many tokens.

    The interval is that of the slope (Student's t): an engine that is not slower for longer prompts has one with 0.
    """
    n = len(calls)
    if n < LEAST_CALLS:
        return None
    read = [prompt - cached for _, prompt, cached in calls]
    first = [seconds for seconds, _, _ in calls]
    x, y = math.fsum(read) / n, math.fsum(first) / n
    spread = math.fsum((one - x) ** 2 for one in read)
    if spread <= 0:
        return None
    slope = math.fsum((a - x) * (b - y) for a, b in zip(read, first, strict=True)) / spread
    left = math.fsum((b - y - slope * (a - x)) ** 2 for a, b in zip(read, first, strict=True))
    error = math.sqrt(left / (n - 2) / spread)
    cached = math.fsum(cached for _, _, cached in calls) / n

    from scipy.special import stdtrit

    half = float(stdtrit(n - 2, (1 + CONFIDENCE) / 2)) * error
    return Estimate(slope * cached, (slope - half) * cached, (slope + half) * cached, n, 0, METHOD)
