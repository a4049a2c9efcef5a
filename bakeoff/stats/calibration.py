"""Calibration: does a model that says 80 % come out right in 80 % of the cases?

For each item the probability that a model gave to the answer it took, and whether that was right. The Brier
score is the mean squared difference of the two (Brier 1950). The expected calibration error (ECE; Naeini et al.
2015, Guo et al. 2017) is the mean distance between confidence and share right over bins; the bins hold as many
items each (Nixon et al. 2019), and equal confidences are never parted. ECE is biased upward, since chance alone
parts a bin's share from its confidence: for 100 items of a model without any error it comes out at about 0.09.
So the estimate is the debiased one of Kumar, Liang and Ma 2019 (https://arxiv.org/abs/1909.10155), the plain
one stands beside it. Example:

    found = calibration([0.9, 0.8, 0.6, 0.55], [True, True, False, True])
    found.brier, found.ece, [one.right for one in found.bins]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import Vector, shares, vector
from bakeoff.stats.intervals import mean, proportion
from bakeoff.stats.resample import resample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BINS = 10
PER_BIN = 10  # items that a bin has to hold on the average; with fewer items there are fewer bins
RESAMPLES = 2_000
_LEVEL = 0.05
_EXACT = 20_000  # items beyond which sums over a bin are drawn as normal numbers
_BLOCK = 1 << 20  # draws held at a time


@dataclass(frozen=True, slots=True)
class Bin:
    """Items of like confidence, from `low` to `high`, on the average `confidence`; the share right is Wilson's."""

    low: float
    high: float
    confidence: float
    right: Estimate


@dataclass(frozen=True, slots=True)
class Calibration:
    """`ece` is the debiased estimate, `plain` the usual one; `p`: how often a calibrated model's would be as large.

    `confidence` is the mean over all items: above the share right, a model is overconfident.
    """

    confidence: float
    share: float
    brier: Estimate
    ece: Estimate
    plain: float
    p: float
    bins: Sequence[Bin]

    @property
    def shown(self) -> bool:
        """Whether a calibration error was shown at all, at 5 %."""
        return self.p <= _LEVEL


def calibration(
    confidences: Vector, right: Sequence[bool], n_missing: int = 0, seed: int = 0, resamples: int = RESAMPLES
) -> Calibration | None:
    """None without items. Raises ValueError for a confidence that is no probability, or lists of two lengths."""
    import numpy as np

    said = shares(vector(confidences, "confidences"), "confidences")
    came = np.asarray(right, dtype=np.float64)
    if said.shape != came.shape:
        raise ValueError(f"{len(said)} confidences do not fit {len(came)} answers")
    if not len(said):
        return None
    order = np.lexsort((came, said))  # the same for every order of the items
    said, came = said[order], came[order]
    edges = edges_of(said)
    draw = np.random.default_rng(seed)
    sums = _Sums.of(said, came, edges)
    p = _chance(said, sums, draw, resamples)
    return Calibration(
        confidence=float(said.mean()),
        share=float(came.mean()),
        brier=mean(((said - came) ** 2).tolist(), n_missing),
        ece=_ece(said - came, sums, p > _LEVEL, n_missing, draw, resamples),
        plain=sums.plain,
        p=p,
        bins=[_bin(said[i:j], came[i:j]) for i, j in pairwise(edges)],
    )


def edges_of(ordered: Floats) -> list[int]:
    """Where the bins of ascending confidences start, and the end; equal ones are in one bin."""
    import numpy as np

    n = len(ordered)
    count = max(1, min(BINS, n // PER_BIN))
    cuts = {int(np.searchsorted(ordered, ordered[place * n // count], side="left")) for place in range(1, count)}
    return sorted({0, *cuts, n})


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Per bin, over all n items: the mean of what confidence is above the outcome, and its standard error."""

    edges: Sequence[int]
    gaps: Floats
    errors: Floats

    @classmethod
    def of(cls, said: Floats, came: Floats, edges: Sequence[int]) -> _Sums:
        import numpy as np

        parts = np.split(said - came, edges[1:-1])
        gaps = np.array([part.sum() for part in parts]) / len(said)
        spreads = [math.sqrt(len(part) * float(part.var(ddof=1))) if len(part) > 1 else 0.0 for part in parts]
        return cls(edges, gaps, np.array(spreads) / len(said))

    @property
    def plain(self) -> float:
        return float(abs(self.gaps).sum())

    def debiased(self, gaps: Floats) -> Floats:
        """ECE less what chance adds to it: twice |gap| minus its mean over normal draws around it."""
        import numpy as np
        from scipy.special import ndtr

        size = abs(gaps)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = size / self.errors
            folded = self.errors * math.sqrt(2 / math.pi) * np.exp(-z * z / 2) + size * (2 * ndtr(z) - 1)
        folded = np.where(self.errors > 0, folded, size)
        found: Floats = (2 * size - folded).sum(axis=-1)
        return found


def _ece(
    gaps: Floats, sums: _Sums, calibrated: bool, n_missing: int, draw: np.random.Generator, resamples: int
) -> Estimate:
    """The debiased ECE. The interval's lower end is the basic bootstrap's and the upper one the percentile.

    Each is the wider of the two: |gap| has a corner at 0, where neither covers alone. Where a calibrated
    model's error is as large often enough, it reaches down to 0.
    """
    import numpy as np

    n, value = len(gaps), float(sums.debiased(sums.gaps))
    method = "debiased-bootstrap95"
    if n < 2:
        return Estimate(max(0.0, value), 0.0, 1.0, n, n_missing, method)
    drawn = sums.debiased(_resampled(gaps, sums, draw, resamples))
    under, over = (float(bound) for bound in np.quantile(drawn, [0.025, 0.975]))
    value = min(1.0, max(0.0, value))
    low = 0.0 if calibrated else min(value, max(0.0, 2 * value - over))
    return Estimate(value, low, min(1.0, max(value, over, 2 * value - under)), n, n_missing, method)


def _resampled(gaps: Floats, sums: _Sums, draw: np.random.Generator, resamples: int) -> Floats:
    """Gaps of the bins in resamples of the items, resamples × bins."""
    import numpy as np

    if len(gaps) > _EXACT:
        normal: Floats = draw.normal(sums.gaps, sums.errors, (resamples, len(sums.gaps)))
        return normal
    table = np.zeros((len(gaps), len(sums.gaps)))
    for place, (i, j) in enumerate(pairwise(sums.edges)):
        table[i:j, place] = gaps[i:j]
    return resample(table, resamples, int(draw.integers(1 << 31))).means


def _chance(said: Floats, sums: _Sums, draw: np.random.Generator, resamples: int) -> float:
    """How often the plain ECE is as large when every confidence is true (Bröcker and Smith 2007)."""
    import numpy as np

    n, starts = len(said), list(sums.edges[:-1])
    if n > _EXACT:
        errors = np.sqrt(np.add.reduceat(said * (1 - said), starts)) / n
        drawn = abs(draw.normal(0, errors, (resamples, len(errors)))).sum(axis=1)
    else:
        drawn = np.empty(resamples)
        step = max(1, _BLOCK // n)
        for first in range(0, resamples, step):
            rows = min(step, resamples - first)
            gaps = said - (draw.random((rows, n)) < said)
            drawn[first : first + rows] = abs(np.add.reduceat(gaps, starts, axis=1)).sum(axis=1) / n
    return float((1 + (drawn >= sums.plain - 1e-12).sum()) / (1 + resamples))


def _bin(said: Floats, came: Floats) -> Bin:
    confidence = min(float(said[-1]), max(float(said[0]), float(said.mean())))  # a rounded mean stays among them
    return Bin(float(said[0]), float(said[-1]), confidence, proportion(int(came.sum()), len(came), 0))
