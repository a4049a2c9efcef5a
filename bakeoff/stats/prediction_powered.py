"""A score from few human labels and many of a judge: the judge narrows the interval, people keep it honest.

PPI++ of Angelopoulos, Duchi and Zrnic 2023 (https://arxiv.org/abs/2311.01453) for a mean: the judge's
mean on the items that nobody labelled, plus its error on those that somebody did, weighted so that a
useless judge is not used. The labelled items have to be a random draw. Rogan and Gladen 1978
(https://doi.org/10.1093/oxfordjournals.aje.a112510) stands beside it as a check only: with a poor judge
it is further off than the labels alone. Example:

    prediction_powered(human, judge, judge_elsewhere).estimate
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import shares, vector
from bakeoff.stats.intervals import CONFIDENCE, alike, mean, proportion
from bakeoff.stats.paired import compare_binary, compare_means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bakeoff.stats.arrays import Vector

ENOUGH_LABELS = 100
LEAST_LABELS = 20


@dataclass(frozen=True, slots=True)
class PredictionPowered:
    """The corrected score and what it is made of.

    `weight` is how much the judge counts, 0 to 1; `judge_bias` the judge minus people on the labelled
    items; `judge_only` is never a score to report, and its method says `uncorrected`. `cautions` are
    sentences that belong beside the number.
    """

    estimate: Estimate
    human_only: Estimate
    judge_only: Estimate
    judge_bias: Estimate
    weight: float | None
    rogan_gladen: Estimate | None
    cautions: tuple[str, ...]


def prediction_powered(
    human: Vector, judge: Vector, judge_elsewhere: Vector, confidence: float = CONFIDENCE
) -> PredictionPowered:
    """The mean that people would give over all items.

    `human` and `judge` are scores in [0, 1] of the same labelled items, in one order; `judge_elsewhere`
    those of the items without a label. Below 20 labels there is no estimate, below 100 the interval is
    Student's and a caution is given.
    """
    labels, said = shares(vector(human, "labels"), "labels"), shares(vector(judge, "judge"), "judge")
    rest = shares(vector(judge_elsewhere, "judge"), "judge")
    if len(labels) != len(said):
        raise ValueError(f"{len(labels)} labels and {len(said)} scores of the judge are no pairs")
    human_only, judge_only = _mean(labels, confidence), _alone(said, rest, confidence)
    bias = _bias(labels, said, confidence)
    method = f"ppi++{confidence * 100:g}"
    n = len(labels)
    if n < LEAST_LABELS:
        nothing = Estimate(None, None, None, 0, n + len(rest), method)
        few = f"{n} human labels are too few to correct a judge with: {LEAST_LABELS} at least, better {ENOUGH_LABELS}"
        return PredictionPowered(nothing, human_only, judge_only, bias, None, None, (few,))
    if not len(rest):
        told = "people labelled every item: the score is theirs, and the judge adds nothing"
        return PredictionPowered(human_only, human_only, judge_only, bias, 0.0, None, (told,))
    weight = _weight(labels, said, rest)
    estimate = _powered(labels, said, rest, weight, confidence)
    return PredictionPowered(
        estimate,
        human_only,
        judge_only,
        bias,
        weight,
        _rogan_gladen(labels, said, rest, confidence),
        _cautions(n, bias, judge_only),
    )


def _weight(labels: NDArray[np.float64], said: NDArray[np.float64], rest: NDArray[np.float64]) -> float:
    """What minimises the variance: the covariance of people and judge over the judge's own variance."""
    import numpy as np

    variance = float(np.concatenate([said, rest]).var(ddof=1))
    if variance <= 1e-15:
        return 0.0
    together = float(np.cov(labels, said)[0, 1])
    return min(1.0, max(0.0, together / (variance * (1 + len(labels) / len(rest)))))


def _powered(
    labels: NDArray[np.float64],
    said: NDArray[np.float64],
    rest: NDArray[np.float64],
    weight: float,
    confidence: float,
) -> Estimate:
    from scipy.special import ndtri, stdtrit

    n, method = len(labels), f"ppi++{confidence * 100:g}"
    left = labels - weight * said
    value = weight * float(rest.mean()) + float(left.mean())
    elsewhere = weight**2 * float(rest.var(ddof=1)) / len(rest) if len(rest) > 1 else 0.0
    variance = elsewhere + float(left.var(ddof=1)) / n
    tail = (1 + confidence) / 2
    half = float(stdtrit(n - 1, tail) if n < ENOUGH_LABELS else ndtri(tail)) * math.sqrt(variance)
    value = min(1.0, max(0.0, value))
    low, high = value - half, value + half
    if bool((labels == said).all()) or variance <= 1e-15:
        # No error of the judge was seen, so none is in the variance: the rule of three adds those unseen.
        below, above = alike(0.0, n, -1.0, 1.0, confidence)
        low, high = low + below, high + above
    return Estimate(value, max(0.0, low), min(1.0, high), n + len(rest), 0, method)


def _mean(scores: NDArray[np.float64], confidence: float) -> Estimate:
    if bool(((scores == 0) | (scores == 1)).all()):
        return proportion(int(scores.sum()), len(scores), 0, confidence)
    return mean(scores.tolist(), 0, confidence)


def _alone(said: NDArray[np.float64], rest: NDArray[np.float64], confidence: float) -> Estimate:
    import numpy as np

    alone = _mean(np.concatenate([said, rest]), confidence)
    return replace(alone, method=f"judge-uncorrected-{alone.method}")


def _bias(labels: NDArray[np.float64], said: NDArray[np.float64], confidence: float) -> Estimate:
    binary = bool((((labels == 0) | (labels == 1)) & ((said == 0) | (said == 1))).all())
    if not binary:
        return compare_means(labels.tolist(), said.tolist(), 0, confidence).difference
    both, human, judge = int((labels * said).sum()), int((labels > said).sum()), int((said > labels).sum())
    return compare_binary(both, human, judge, len(labels) - both - human - judge, 0, confidence).difference


def _rogan_gladen(
    labels: NDArray[np.float64], said: NDArray[np.float64], rest: NDArray[np.float64], confidence: float
) -> Estimate | None:
    """(share + specificity - 1) / (sensitivity + specificity - 1) with a delta-method interval; None if it has none."""
    import numpy as np
    from scipy.special import ndtri

    everywhere = np.concatenate([said, rest])
    if not all(bool(((scores == 0) | (scores == 1)).all()) for scores in (labels, everywhere)):
        return None
    yes, no = float(labels.sum()), float((1 - labels).sum())
    if not (yes and no):
        return None
    sensitivity, specificity = float((labels * said).sum()) / yes, float(((1 - labels) * (1 - said)).sum()) / no
    told = sensitivity + specificity - 1
    if told <= 0.05:  # a judge that can hardly tell a yes from a no
        return None
    share = float(everywhere.mean())
    value = min(1.0, max(0.0, (share + specificity - 1) / told))
    variance = share * (1 - share) / len(everywhere)
    variance += (
        value**2 * sensitivity * (1 - sensitivity) / yes + (1 - value) ** 2 * specificity * (1 - specificity) / no
    )
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt(variance) / told
    method = f"rogan-gladen{confidence * 100:g}"
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), len(everywhere), 0, method)


def _cautions(n: int, bias: Estimate, alone: Estimate) -> tuple[str, ...]:
    found = []
    if n < ENOUGH_LABELS:
        found.append(f"only {n} human labels: {ENOUGH_LABELS} or more make the interval dependable")
    if bias.value is not None and bias.low is not None and bias.high is not None and alone.value is not None:
        off = f"{100 * bias.value:+.1f} points [{100 * bias.low:+.1f}, {100 * bias.high:+.1f}]"
        sure = "is biased" if bias.low > 0 or bias.high < 0 else "may be biased"
        found.append(f"the judge alone {sure}: it says {alone.value:.3f}, and is off by {off} where people looked")
    return tuple(found)
