"""The same items under several prompts, or answered several times: how much of a score is the prompt's or luck.

Every item meets every prompt, so the variance of the mean has an item's part and a prompt's part, taken
apart by a two-way analysis of variance with random effects (Brennan 2001, chapter 3). A claim about
these prompts rests on the items; a claim about prompts at large rests on how few prompts there are.
Example:

    crossed(items_by_prompts, ["plain", "polite", "terse"]).over_prompts
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import matrix, shares
from bakeoff.stats.intervals import CONFIDENCE, alike, mean, proportion, wilson

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bakeoff.stats.arrays import Matrix

ENOUGH_PROMPTS = 5


@dataclass(frozen=True, slots=True)
class Crossed:
    """A model over prompts. `these_prompts` holds for the prompts asked, `over_prompts` for others like them.

    `sd_prompts` is the spread of true means between prompts, that of sampling taken off; `sd_observed`
    that of the means as they are.
    """

    these_prompts: Estimate
    over_prompts: Estimate
    prompts: tuple[tuple[str, Estimate], ...]
    worst: str | None
    best: str | None
    sd_observed: float | None
    sd_prompts: float | None
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Flips:
    """The share of prompts under which A and B stand the other way round than on average (equal counts as half).

    `rate` has Wilson's interval over prompts, which is wide: 0 of 5 still allows for 43 %. No value where
    A and B are equal on average. `differences` are B minus A, prompt by prompt.
    """

    rate: Estimate
    differences: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Repeats:
    """A model that answered each item K times.

    `sd_repeats`: of the K means of all items, what a second run would move by. `between` and `within`:
    variance of true item means, and of one item's answers. `within_share`: how much of the variance of the
    mean is luck that more repeats would take away. `enough` repeats bring that share to a fifth or less.
    """

    mean: Estimate
    sd_repeats: float | None
    between: float | None
    within: float | None
    within_share: float | None
    enough: int | None


def crossed(scores: Matrix, names: Sequence[str], confidence: float = CONFIDENCE) -> Crossed:
    """Scores items × prompts in [0, 1], every item under every prompt.

    Var(mean) = (MS_item + max(MS_prompt - MS_residual, 0)) / (n k). `over_prompts` takes Student's quantile
    with k - 1 degrees, so two prompts say next to nothing and five are little.
    """
    table = shares(matrix(scores, "scores"), "scores")
    items, prompts = table.shape
    if prompts != len(names) and table.size:
        raise ValueError(f"{len(names)} names for {prompts} prompts")
    if not table.size:
        nothing = Estimate(None, None, None, 0, 0, f"crossed{confidence * 100:g}")
        return Crossed(nothing, nothing, (), None, None, None, None)
    each = tuple((name, _score(column, confidence)) for name, column in zip(names, table.T, strict=True))
    these = mean(table.mean(axis=1).tolist(), 0, confidence)
    means = table.mean(axis=0)
    worst, best = names[int(means.argmin())], names[int(means.argmax())]
    if prompts < 2 or items < 2:
        method, value = f"crossed{confidence * 100:g}", float(table.mean())
        alone = Estimate(value, 0.0, 1.0, items, 0, method)
        return Crossed(these, alone, each, worst, best, None, None, "one prompt says nothing of others")
    of_items, of_prompts, left = _mean_squares(table)
    variance = (of_items + max(of_prompts - left, 0.0)) / (items * prompts)
    over = _around(table, variance, prompts - 1, confidence)
    spread = math.sqrt(max(of_prompts - left, 0.0) / items)
    few = f"{prompts} prompts: {ENOUGH_PROMPTS} or more are wanted" if prompts < ENOUGH_PROMPTS else ""
    return Crossed(these, over, each, worst, best, float(means.std(ddof=1)), spread, few)


def _mean_squares(table: NDArray[np.float64]) -> tuple[float, float, float]:
    """Of items, of prompts, and of what is left when both are taken out."""
    items, prompts = table.shape
    rows, columns, whole = table.mean(axis=1), table.mean(axis=0), table.mean()
    of_items = prompts * float(((rows - whole) ** 2).sum()) / (items - 1)
    of_prompts = items * float(((columns - whole) ** 2).sum()) / (prompts - 1)
    left = float(((table - rows[:, None] - columns[None, :] + whole) ** 2).sum())
    return of_items, of_prompts, left / ((items - 1) * (prompts - 1))


def _around(table: NDArray[np.float64], variance: float, freedom: int, confidence: float) -> Estimate:
    from scipy.special import stdtrit

    items, value = len(table), float(table.mean())
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(variance)
    low, high = (value - half, value + half) if variance > 1e-15 else alike(value, items, 0.0, 1.0, confidence)
    return Estimate(value, max(0.0, low), min(1.0, high), items, 0, f"crossed-t{freedom}-{confidence * 100:g}")


def _score(column: NDArray[np.float64], confidence: float) -> Estimate:
    if bool(((column == 0) | (column == 1)).all()):
        return proportion(int(column.sum()), len(column), 0, confidence)
    return mean(column.tolist(), 0, confidence)


def flips(a: Matrix, b: Matrix, confidence: float = CONFIDENCE) -> Flips:
    """How often the choice of a prompt turns two models around; both items × prompts, of the same ones.

    With few items a part of it is not the prompts' doing but luck of the items, so it errs upwards.
    """
    first, second = shares(matrix(a, "scores of A"), "scores of A"), shares(matrix(b, "scores of B"), "scores of B")
    if first.shape != second.shape:
        raise ValueError(f"scores of {first.shape} and of {second.shape} items and prompts are no pairs")
    method, prompts = f"flips-wilson{confidence * 100:g}", first.shape[1]
    if not first.size:
        return Flips(Estimate(None, None, None, 0, 0, method), ())
    each = (second - first).mean(axis=0)
    overall, told = float(each.mean()), tuple(float(d) for d in each)
    if abs(overall) < 1e-12:
        return Flips(Estimate(None, None, None, 0, prompts, method), told)
    against = each if overall < 0 else -each
    flipped = float((against > 1e-12).sum() + (abs(against) <= 1e-12).sum() / 2)
    return Flips(Estimate(flipped / prompts, *wilson(flipped, prompts, confidence), prompts, 0, method), told)


def repeats(scores: Matrix, confidence: float = CONFIDENCE) -> Repeats:
    """Scores items × repeats in [0, 1]. Repeats narrow the interval only down to what the items leave."""
    table = shares(matrix(scores, "scores"), "scores")
    items, times = table.shape
    averages = table.mean(axis=1) if table.size else table.reshape(-1)
    found = mean(averages.tolist(), 0, confidence)
    if items < 2 or times < 2:
        return Repeats(found, None, None, None, None, None)
    within = float(table.var(axis=1, ddof=1).mean())
    observed = float(averages.var(ddof=1))
    between = max(0.0, observed - within / times)
    share = min(1.0, within / times / observed) if observed > 0 else 0.0
    enough = max(1, math.ceil(4 * within / between - 1e-9)) if between > 1e-12 else None
    return Repeats(found, float(table.mean(axis=0).std(ddof=1)), between, within, share, enough)
