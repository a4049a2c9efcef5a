"""A judge's preference between two models: each pair shown in both orders, and length taken out.

A judge that leans to what it reads first makes one of two equal models win; shown both ways the
leaning cancels, and is measured instead of hidden. Length control follows AlpacaEval (Dubois et al.
2024, https://arxiv.org/abs/2404.04475): a logistic model of who wins, with the term of length set to 0.
Example:

    win_rate(shown_first=[1, 1, 0.5], shown_second=[1, 0, 0.5]).rate      # of A against B
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import shares, vector
from bakeoff.stats.intervals import CONFIDENCE, mean, proportion
from bakeoff.stats.paired import compare_means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bakeoff.stats.arrays import Vector

STEEPEST = 15.0  # log-odds beyond which a weight is not found but runs away


@dataclass(frozen=True, slots=True)
class WinRate:
    """A's share of wins, ties as half; `p` of a share other than one half.

    `position_bias` is how much more than half the time the first shown is picked; `consistency` the
    share of items where both orders gave the same verdict.
    """

    rate: Estimate
    p: float | None
    position_bias: Estimate
    consistency: Estimate


@dataclass(frozen=True, slots=True)
class LengthControlled:
    """The win rate that two replies of one length would have; no value: `reason` says why.

    `raw` is the rate as it was, `length_weight` the log-odds that the longest replies gain.
    """

    rate: Estimate
    raw: Estimate
    length_weight: float | None
    reason: str = ""


def win_rate(
    shown_first: Sequence[float | None], shown_second: Sequence[float | None], confidence: float = CONFIDENCE
) -> WinRate:
    """A against B from both orders of the same items.

    `shown_first` holds what A won (1, 0, or 0.5 for a tie) where A was shown first, `shown_second` where
    B was. An item that lacks one of its orders is missing: half of the pair would bring the bias back.
    """
    if len(shown_first) != len(shown_second):
        raise ValueError(f"{len(shown_first)} and {len(shown_second)} verdicts are no pairs of orders")
    pairs = [(a, b) for a, b in zip(shown_first, shown_second, strict=True) if a is not None and b is not None]
    missing = len(shown_first) - len(pairs)
    for verdict in (verdict for pair in pairs for verdict in pair):
        if not 0 <= verdict <= 1:  # also refuses NaN
            raise ValueError(f"a verdict of {verdict}: 0, 0.5 or 1 is wanted")
    won = [(first + second) / 2 for first, second in pairs]
    first_picked = mean([(1 + first - second) / 2 for first, second in pairs], missing, confidence)
    same = proportion(sum(first == second for first, second in pairs), len(pairs), missing, confidence)
    rate = mean(won, missing, confidence)
    return WinRate(
        replace(rate, method=f"both-orders-{rate.method}"),
        compare_means([0.5] * len(won), won).p,
        _less_half(first_picked),
        same,
    )


def _less_half(rate: Estimate) -> Estimate:
    value, low, high = (None if part is None else part - 0.5 for part in (rate.value, rate.low, rate.high))
    return Estimate(value, low, high, rate.n, rate.n_missing, rate.method)


def length_controlled(
    won: Vector, longer: Vector, difficulty: Vector | None = None, confidence: float = CONFIDENCE
) -> LengthControlled:
    """A's win rate at equal length.

    `won`: of each item, in [0, 1], both orders averaged; `longer`: A's length minus B's, in any unit;
    `difficulty`: of each instruction, in any unit, such as the log-odds that other models beat B there.
    Fits logit P = a + b tanh(longer / sd) + c difficulty and averages the fit over items with b = 0. The
    interval is that of the average's influence on each item (a sandwich), with Student's quantile.
    """
    import numpy as np

    from bakeoff.stats.logistic import fit

    wins, lengths = shares(vector(won, "wins"), "wins"), vector(longer, "lengths")
    hard = vector(difficulty, "difficulties") if difficulty is not None else np.zeros(0)
    if len(wins) != len(lengths) or (difficulty is not None and len(hard) != len(wins)):
        raise ValueError(f"{len(wins)} wins, {len(lengths)} lengths and {len(hard)} difficulties are of other items")
    raw, n, method = mean(wins.tolist(), 0, confidence), len(wins), f"length-controlled{confidence * 100:g}"
    columns = [np.ones(n), np.tanh(lengths / max(float(lengths.std()), 1e-300)) if n else lengths]
    if difficulty is not None:
        columns.append((hard - hard.mean()) / max(float(hard.std()), 1e-300) if n else hard)
    design = np.stack(columns, axis=1)
    reason = _unfit(wins, design)
    if not reason:
        found = fit(design, wins)
        if not found.settled or float(np.abs(found.weights).max()) > STEEPEST:
            reason = "length or difficulty alone tells who wins, so nothing is left to say at equal length"
    if reason:
        return LengthControlled(Estimate(None, None, None, 0, n, method), raw, None, reason)
    level = design.copy()
    level[:, 1] = 0.0
    even = 1 / (1 + np.exp(-(level @ found.weights)))
    value = float(even.mean())
    slope = (level * (even * (1 - even))[:, None]).mean(axis=0)
    scores = design * (wins - found.fitted)[:, None]
    influence = even - value + n * scores @ np.linalg.solve(found.curvature, slope)
    half = _student(n - design.shape[1], confidence) * float(influence.std(ddof=1)) / math.sqrt(n)
    rate = Estimate(value, max(0.0, value - half), min(1.0, value + half), n, 0, method)
    return LengthControlled(rate, raw, float(found.weights[1]))


def _unfit(wins: NDArray[np.float64], design: NDArray[np.float64]) -> str:
    """Why no model can be fitted; empty if one can."""
    import numpy as np

    n, k = design.shape
    if n <= k + 1:
        return f"{n} items are too few to take length out"
    if float(np.ptp(wins)) == 0:
        return "every item ended alike, so nothing can be laid to length"
    if np.linalg.matrix_rank(design) < k:
        return "lengths or difficulties do not vary, so they cannot be taken out"
    return ""


def _student(freedom: int, confidence: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + confidence) / 2))
