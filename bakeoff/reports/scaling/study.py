"""From what was measured to a scaling study: scopes, corrections, frontiers, fits, recommendations. Pure.

Corrected is for what is looked at together: each other model in each benchmark is one family (Holm), the pooled
differences are another. Example:

    study(contestants, [measured_gsm8k, measured_mmlu], Ask(worth=0.05)).recommendations
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bakeoff.reports.scaling.items import Field, Table, binary, table
from bakeoff.reports.scaling.model import (
    POOLED,
    Ask,
    Axis,
    Contestant,
    Front,
    Measured,
    Pair,
    Quantity,
    Scope,
    Study,
    Unit,
    quantity,
)
from bakeoff.reports.scaling.pairs import pair
from bakeoff.reports.scaling.rules import recommend
from bakeoff.reports.scaling.standing import missing, standings
from bakeoff.reports.scaling.strata import Draws, log_odds
from bakeoff.stats.multiple import holm
from bakeoff.stats.scaling import Contender, pareto

if TYPE_CHECKING:
    from bakeoff.stats.resample import Floats

LEAST_SIZES = 4  # two sizes make a slope, and a line through three says nothing of itself
_AXES: tuple[Axis, ...] = ("usd", "seconds")


def study(contestants: Sequence[Contestant], measured: Sequence[Measured], ask: Ask, runs: Sequence[str] = ()) -> Study:
    """The study of at least two models on at least one benchmark; the first model is the one compared with."""
    if len(contestants) < 2 or not measured:
        raise ValueError(f"{len(contestants)} models on {len(measured)} benchmarks are nothing to compare")
    scopes = _corrected([_scope(contestants, [one]) for one in measured])
    pooled = _corrected([_scope(contestants, measured)])[0] if len(measured) > 1 else None
    found = Study(tuple(contestants), tuple(scopes), pooled, ask, notes=_notes(contestants, measured), runs=tuple(runs))
    return replace(found, recommendations=tuple(recommend(found)))


def _scope(contestants: Sequence[Contestant], measured: Sequence[Measured]) -> Scope:
    alone = measured[0] if len(measured) == 1 else None
    scores = [table(one.items, ("score",), range(len(contestants))) for one in measured]
    draws = Draws([one.items for one in measured], [one.name for one in contestants])
    of_pairs = draws if len(contestants) == 2 else None
    return Scope(
        alone.benchmark if alone else POOLED,
        standings(contestants, measured, draws),
        tuple(pair(contestants, measured, other, of_pairs) for other in range(1, len(contestants))),
        tuple(_front(contestants, measured, axis) for axis in _AXES),
        _fit(contestants, measured, scores, draws),
        alone.cells if alone else (),
        alone.setting if alone else "",
        alone.asked if alone else (),
        sum(len(one.items) for one in measured),
        not all(binary(found.rows) for found in scores),
    )


def _corrected(scopes: Sequence[Scope]) -> list[Scope]:
    """The same with each p corrected for all of them."""
    pairs: list[Pair] = [one for scope in scopes for one in scope.pairs]
    adjusted = iter(holm([one.p for one in pairs]))
    family = sum(one.p is not None for one in pairs)
    return [
        replace(scope, pairs=tuple(replace(one, p_adjusted=next(adjusted), family=family) for one in scope.pairs))
        for scope in scopes
    ]


def _front(contestants: Sequence[Contestant], measured: Sequence[Measured], axis: Axis) -> Front:
    """Who is not shown to be beaten; over benchmarks each item is weighted so that benchmarks count alike."""
    gap = next((one.looked for one in measured if one.looked), "")
    for place, one in enumerate(contestants):
        found = missing(measured, axis, (place,))
        gap = gap or (f"{found} of '{one.name}'" if found else "")
    models = range(len(contestants))
    tables = [table(one.items, ("score", axis), models) for one in measured]
    if not gap and any(not found.rows for found in tables):
        gap = (
            "no item has a score and a cost of each model"
            if axis == "usd"
            else "no item has a score and a time of each"
        )
    if not gap and axis == "usd" and not any(any(row[len(contestants) :]) for found in tables for row in found.rows):
        gap = "nothing was charged for any of them"
    if gap:
        return Front(axis, gap=gap)
    rows = _weighted(tables)
    contenders = [
        Contender(one.name, [row[m] for row in rows], [row[len(contestants) + m] for row in rows])
        for m, one in enumerate(contestants)
    ]
    found_front = pareto(contenders)
    return Front(axis, found_front.names, tuple((one.loser, one.winner) for one in found_front.dominated))


def _weighted(tables: Sequence[Table]) -> list[list[float]]:
    total = sum(len(found.rows) for found in tables)
    weights = [total / (len(tables) * len(found.rows)) for found in tables]
    if len(tables) == 1:
        return tables[0].rows
    return [
        [number * weight for number in row] for found, weight in zip(tables, weights, strict=True) for row in found.rows
    ]


def _fit(
    contestants: Sequence[Contestant], measured: Sequence[Measured], scores: Sequence[Table], draws: Draws
) -> Quantity | None:
    """Score against the logarithm of size, from four sizes on: log-odds for right and wrong, else the score itself."""
    sizes = [one.size_b for one in contestants if one.size_b is not None]
    if len(sizes) < len(contestants) or len(set(sizes)) < LEAST_SIZES:
        return None
    doublings = [math.log2(size) for size in sizes]
    centre = sum(doublings) / len(doublings)
    whole = sum((at - centre) ** 2 for at in doublings)
    weights = [(at - centre) / whole for at in doublings]
    right_or_wrong = all(binary(found.rows) for found in scores)
    unit: Unit = "logit" if right_or_wrong else "score"
    label = "log-odds for a doubling, fitted" if right_or_wrong else "score for a doubling, fitted"
    found = draws.of(("score",), range(len(contestants)))
    gap = next((one.looked for one in measured if one.looked), "")
    if found is not None and right_or_wrong and not all(0 < share < 1 for share in found.observed.tolist()):
        gap = gap or "one of the models is right, or wrong, throughout"
    slope = None if found is None or gap else found.of_means(_line(weights, found.n if right_or_wrong else None))
    note = f"straight line over log2 of {len(set(sizes))} sizes: it describes these models, and is no law"
    return quantity("fit", label, unit, slope, gap, note=note)


def _line(weights: Sequence[float], n: int | None) -> Callable[[Floats], Floats]:
    """The slope of log-odds of shares of n items, or of the scores themselves."""
    import numpy as np

    along = np.asarray(weights)

    def slope(means: Floats) -> Floats:
        found: Floats = (means if n is None else log_odds(means, n)) @ along
        return found

    return slope


def _notes(contestants: Sequence[Contestant], measured: Sequence[Measured]) -> tuple[str, ...]:
    found = [note for one in measured for note in one.notes]
    unsized = [one.name for one in contestants if one.size_b is None]
    if unsized:
        found.append(f"no slope for a doubling: the size of {_listed(unsized)} is not known (--size NAME=8)")
    families = list(dict.fromkeys(one.family for one in contestants if one.family))
    if len(families) > 1:
        found.append(
            f"the models are of several families ({', '.join(families)}): their sizes are not all that differs, so"
            " neither slope nor ratio is of size alone"
        )
    assumed = [one.name for one in contestants if one.bytes_from == "assumed" and one.weights_gb is not None]
    if assumed:
        found.append(f"memory is estimated: {_listed(assumed)} as 2 bytes a weight (--weight-bytes NAME=1)")
    counted = [one.name for one in contestants if one.counted_gb is not None]
    if counted:
        found.append(f"memory is counted from the shape: {_listed(counted)} in 16 bits (--weight-bytes NAME=1)")
    unpriced = [one.name for place, one in enumerate(contestants) if _unpriced(measured, place)]
    if unpriced:
        found.append(f"the cost of {_listed(unpriced)} is not known (--price NAME=IN/OUT, dollars per million tokens)")
    if len({one.setting for one in measured}) > 1:
        found.append("benchmarks were asked by different methods or presets; within each all models by the same")
    return tuple(dict.fromkeys(found))


def _unpriced(measured: Sequence[Measured], model: int) -> bool:
    name: Field = "usd"
    return bool(missing(measured, name, (model,)))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
