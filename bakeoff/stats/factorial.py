"""Ablations as a factorial design: what each part adds, and what parts add only together.

Every combination of the factors' levels answers the same items, so each effect is a contrast of one
item's scores, averaged over the other factors, and is tested by the paired t over items with Holm's
correction over all effects (Montgomery 2017, chapters 5 and 6). Example:

    factorial({"shots": ["0", "8"], "method": ["naive", "cot"]}, scores).effects
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.stats.arrays import shares, vector
from bakeoff.stats.intervals import CONFIDENCE
from bakeoff.stats.multiple import holm
from bakeoff.stats.paired import compare_means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bakeoff.stats.arrays import Vector


@dataclass(frozen=True, slots=True)
class Effect:
    """One factor: what its level adds to the first one. Two: how much more it adds where the other is on.

    An interaction is the difference of differences, so that of two factors lies between -2 and 2.
    """

    factors: tuple[str, ...]
    levels: tuple[str, ...]
    difference: Estimate
    p: float | None
    p_adjusted: float | None

    def shown(self, alpha: float = 0.05) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= alpha


@dataclass(frozen=True, slots=True)
class Factorial:
    """Effects, main ones first; the items that all combinations share."""

    effects: tuple[Effect, ...]
    items: int

    def effect(self, *levels: str) -> Effect:
        """The effect of a level, or of levels together, by their names."""
        for effect in self.effects:
            if set(effect.levels) == set(levels):
                return effect
        raise ValueError(f"no effect of {', '.join(levels)} in this design")


def factorial(
    factors: Mapping[str, Sequence[str]],
    scores: Mapping[tuple[str, ...], Vector],
    order: int = 2,
    n_missing: int = 0,
    confidence: float = CONFIDENCE,
) -> Factorial:
    """All effects up to `order` factors at once.

    `factors`: name → levels, the first of which the others are compared with; `scores`: one level of each
    factor, in that order → scores in [0, 1] of the same items in the same order. ValueError unless every
    combination is there: with one missing, effects could not be told apart.
    """
    import numpy as np

    names = list(factors)
    table = _table(factors, scores)
    found: list[tuple[tuple[str, ...], tuple[str, ...], Estimate, float | None]] = []
    for size in range(1, min(order, len(names)) + 1):
        for chosen in combinations(range(len(names)), size):
            for levels in product(*(range(1, len(factors[names[place]])) for place in chosen)):
                contrast = _contrast(table, dict(zip(chosen, levels, strict=True)))
                scale = 2.0 ** (size - 1)
                test = compare_means(
                    np.zeros(len(contrast)).tolist(), (contrast / scale).tolist(), n_missing, confidence
                )
                told = tuple(factors[names[place]][level] for place, level in zip(chosen, levels, strict=True))
                found.append((tuple(names[place] for place in chosen), told, _times(test.difference, scale), test.p))
    adjusted = holm([p for *_, p in found])
    effects = [Effect(*effect, corrected) for effect, corrected in zip(found, adjusted, strict=True)]
    return Factorial(tuple(effects), table.shape[-1])


def _table(factors: Mapping[str, Sequence[str]], scores: Mapping[tuple[str, ...], Vector]) -> NDArray[np.float64]:
    """Scores with an axis for each factor, in order, and items last."""
    import numpy as np

    if not factors:
        raise ValueError("a factorial design needs a factor")
    for name, levels in factors.items():
        if len(levels) < 2 or len(set(levels)) != len(levels):
            raise ValueError(f"factor '{name}' needs two different levels or more")
    wanted = list(product(*factors.values()))
    absent = [levels for levels in wanted if levels not in scores]
    if absent or len(scores) != len(wanted):
        example = " × ".join(absent[0]) if absent else " × ".join(next(key for key in scores if key not in wanted))
        what = "is missing" if absent else "is no combination of the levels"
        raise ValueError(f"'{example}' {what}: the design has {len(wanted)} combinations, each of them once")
    rows = [shares(vector(scores[levels], " × ".join(levels)), " × ".join(levels)) for levels in wanted]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the combinations did not answer the same items: keep those that all of them answered")
    return np.stack(rows).reshape(*(len(levels) for levels in factors.values()), -1)


def _contrast(table: NDArray[np.float64], chosen: Mapping[int, int]) -> NDArray[np.float64]:
    """Of each item: the level of each chosen factor minus its first one, the other factors averaged."""
    import numpy as np

    for axis in reversed(range(table.ndim - 1)):  # from the last, so that the axes before it keep their place
        levels = table.shape[axis]
        weights = np.full(levels, 1 / levels)
        if axis in chosen:
            weights = np.eye(levels)[chosen[axis]] - np.eye(levels)[0]
        table = np.tensordot(weights, table, axes=([0], [axis]))
    return table


def _times(estimate: Estimate, scale: float) -> Estimate:
    value, low, high = (
        None if part is None else part * scale for part in (estimate.value, estimate.low, estimate.high)
    )
    return replace(estimate, value=value, low=low, high=high)
