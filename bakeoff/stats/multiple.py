"""Several tests at once: p values corrected for how many there are, and intervals that hold together.

Holm 1979 (https://www.jstor.org/stable/4615733) controls the chance of any false claim and assumes nothing
of how the tests depend on each other: for claims that were planned. Benjamini and Hochberg 1995
(https://www.jstor.org/stable/2346101) control the share of false claims: for looking through slices. The
simultaneous intervals are those of the largest |t| over shared resampled items (Romano and Wolf 2005):
narrower than Bonferroni's, since models that answer the same items go astray together. Example:

    holm([0.01, 0.04, 0.03, 0.005])               # [0.03, 0.06, 0.06, 0.02]
    benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) # [0.02, 0.04, 0.04, 0.02]
    simultaneous(scores, baseline=0)              # models 1, 2, … minus model 0, all at 95 % at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.intervals import CONFIDENCE, alike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Simultaneous:
    """Model b minus model a, with an interval that holds for all pairs together and a p adjusted for them."""

    a: int
    b: int
    difference: Estimate
    p: float


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the order given; None stays None and counts for nothing."""
    ranked = _ranked(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    most = 0.0
    for rank, (p, i) in enumerate(ranked):
        most = max(most, min(1.0, p * (len(ranked) - rank)))
        adjusted[i] = most
    return adjusted


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the order given: claim those up to 0.05, and 5 % of the claims are false on average.

    None stays None and counts for nothing.
    """
    ranked = _ranked(p_values)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 1.0
    for rank, (p, i) in reversed(list(enumerate(ranked, 1))):
        least = min(least, p * len(ranked) / rank)
        adjusted[i] = max(p, least)  # rounding must not make it smaller than p
    return adjusted


def _ranked(p_values: Sequence[float | None]) -> list[tuple[float, int]]:
    for p in p_values:
        if p is not None and not 0 <= p <= 1:
            raise ValueError(f"{p} is no p value")
    return sorted((p, i) for i, p in enumerate(p_values) if p is not None)


def simultaneous(
    scores: ArrayLike,
    baseline: int | None = None,
    n_missing: int = 0,
    resamples: int = 10_000,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> list[Simultaneous]:
    """All pairs of the models of a matrix items × models, or each against the baseline, by the max-|t| bootstrap.

    Two items or more are needed for an interval. Models that differ nowhere, or everywhere by the same, have
    the interval of equal values and a p of 1, or 2 to the power of 1 - n times the number of pairs.
    """
    import numpy as np

    from bakeoff.stats.resample import matrix, resample

    table = matrix(scores)
    (n, models), method = table.shape, f"max-t{confidence * 100:g}"
    pairs = [(a, b) for a in range(models) for b in range(a + 1, models)]
    if baseline is not None:
        pairs = [(baseline, b) for b in range(models) if b != baseline]
    if not pairs or n < 2:
        nothing = Estimate(None, None, None, n, n_missing, method)
        return [Simultaneous(a, b, nothing, 1.0) for a, b in pairs]
    first, second = np.array(pairs).T
    gaps = table[:, second] - table[:, first]
    values, errors = gaps.mean(axis=0), gaps.std(axis=0, ddof=1) / np.sqrt(n)
    told = errors > TINY
    largest, means = np.zeros(resamples), resample(table, resamples, seed).means
    for a, b, value, error in zip(first[told], second[told], values[told], errors[told], strict=True):
        np.maximum(largest, np.abs(means[:, b] - means[:, a] - value) / error, out=largest)
    within = bool((table >= 0).all() and (table <= 1).all())
    span = 1.0 if within else float(np.ptp(table))
    found = []
    for (a, b), value, error in zip(pairs, values.tolist(), errors.tolist(), strict=True):
        low, high, p = _held(value, error, largest, confidence) if error > TINY else _same(value, n, span, confidence)
        difference = Estimate(value, max(-span, low), min(span, high), n, n_missing, method)
        found.append(Simultaneous(a, b, difference, p if error > TINY else min(1.0, p * len(pairs))))
    return found


def _held(value: float, error: float, largest: NDArray[np.float64], confidence: float) -> tuple[float, float, float]:
    """Bounds and p from the largest |t| of each resample."""
    import numpy as np

    reach = float(np.quantile(largest, confidence)) * error
    p = (1 + int((largest >= abs(value) / error).sum())) / (1 + len(largest))
    return value - reach, value + reach, p


def _same(value: float, n: int, span: float, confidence: float) -> tuple[float, float, float]:
    """The same of differences that are all alike, of one pair alone."""
    return *alike(value, n, -span, span, confidence), 1.0 if abs(value) <= TINY else 2.0 ** (1 - n)
