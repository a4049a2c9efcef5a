"""Means over benchmarks: every benchmark counts alike, and items are drawn within their benchmark. Pure.

The pooled score of a model is the mean of its benchmarks' scores, so a benchmark of 14,000 items does not
drown one of 164. Each item (with all of its repeats) is a cluster, drawn within its benchmark: a stratified
bootstrap. The interval of a pooled difference is put together from the benchmarks' own intervals by MOVER
(Zou and Donner 2008, https://doi.org/10.1002/sim.3095): with one benchmark it is that benchmark's. Its test
flips the signs of the items' differences, each weighted as in the mean. Example:

    pooled_difference([compared_gsm8k, compared_mmlu])      # mean of two differences, interval by MOVER
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.reports.scaling.items import FIELDS, Field, Item, Table, table
from bakeoff.stats.paired import sign_flip

if TYPE_CHECKING:
    from bakeoff.stats.resample import Floats, Resampled

SEED = 0
RESAMPLES = 4_000


def drawn(tables: Sequence[Table], in_blocks: bool = False, seed: int = SEED) -> Resampled | None:
    """Resampled column means, averaged over the benchmarks; None where one of them has no complete row.

    `in_blocks` draws neighbours together, the cube root of n of them: for times, which hang together.
    """
    from bakeoff.stats.resample import Resampled, resample

    if not tables or any(not one.rows for one in tables):
        return None
    found = []
    for place, one in enumerate(tables):
        n = len(one.rows)
        size = max(1, round(n ** (1 / 3)))
        blocks = [row // size for row in range(n)] if in_blocks else None
        found.append(resample(one.rows, RESAMPLES, seed + place, clusters=blocks))
    observed = sum((each.observed for each in found[1:]), found[0].observed) / len(found)
    means = sum((each.means for each in found[1:]), found[0].means) / len(found)
    return Resampled(observed, means, sum(each.n for each in found), sum(one.missing for one in tables))


class Draws:
    """Resampled means of models' fields on the same items; what was drawn once is not drawn again.

    Models are drawn in the order of their names, whichever is named first. Where every item knows every field
    that is known at all, one draw serves them all.
    """

    def __init__(self, items: Sequence[Sequence[Item]], names: Sequence[str]) -> None:
        self._items = items
        self._order = sorted(range(len(names)), key=lambda place: names[place])
        known = [name for name in FIELDS if self.tables((name,)) and all(one.rows for one in self.tables((name,)))]
        self._joint = tuple(known) if not any(one.missing for one in self.tables(tuple(known))) else ()
        self._drawn: dict[tuple[tuple[Field, ...], tuple[int, ...], bool], Resampled | None] = {}

    def tables(self, fields: tuple[Field, ...], models: Sequence[int] | None = None) -> list[Table]:
        return [table(items, fields, self._order if models is None else models) for items in self._items]

    def of(self, fields: tuple[Field, ...], models: Sequence[int], in_blocks: bool = False) -> Resampled | None:
        """Columns: for each field each of the models; None where a benchmark has no item with all of them."""
        from bakeoff.stats.resample import Resampled

        joint = set(fields) <= set(self._joint)
        drawn_fields = self._joint if joint else fields
        among = [place for place in self._order if joint or place in models]
        whole = self._once(drawn_fields, tuple(among), in_blocks)
        if whole is None:
            return None
        columns = [drawn_fields.index(name) * len(among) + among.index(m) for name in fields for m in models]
        return Resampled(whole.observed[columns], whole.means[:, columns], whole.n, whole.n_missing)

    def _once(self, fields: tuple[Field, ...], models: tuple[int, ...], in_blocks: bool) -> Resampled | None:
        key = (fields, models, in_blocks)
        if key not in self._drawn:
            self._drawn[key] = drawn(self.tables(fields, models), in_blocks)
        return self._drawn[key]


def pooled_difference(differences: Sequence[Estimate]) -> Estimate:
    """The mean of benchmarks' differences, each counted alike; no value where one has none."""
    return _mover(differences, "mover95")


def pooled_score(scores: Sequence[Estimate]) -> Estimate:
    """The mean of benchmarks' scores, each counted alike, with the mean of their bounds for missing items."""
    found = _mover(scores, "mover95")
    if found.value is None or any(one.lowest is None or one.highest is None for one in scores):
        return found
    lowest = sum(one.lowest or 0.0 for one in scores) / len(scores)
    highest = sum(one.highest or 0.0 for one in scores) / len(scores)
    return Estimate(found.value, found.low, found.high, found.n, found.n_missing, found.method, lowest, highest)


def _mover(parts: Sequence[Estimate], method: str) -> Estimate:
    n, missing = sum(one.n for one in parts), sum(one.n_missing for one in parts)
    known = [(p.value, p.low, p.high) for p in parts if p.value is not None]
    if not parts or len(known) < len(parts):
        return Estimate(None, None, None, n, missing, method)
    value = sum(middle for middle, _, _ in known) / len(known)
    if any(low is None or high is None for _, low, high in known):
        return Estimate(value, None, None, n, missing, f"{method}-unbounded")
    below = math.sqrt(sum((middle - (low or 0.0)) ** 2 for middle, low, _ in known)) / len(known)
    above = math.sqrt(sum(((high or 0.0) - middle) ** 2 for middle, _, high in known)) / len(known)
    return Estimate(value, value - below, value + above, n, missing, method)


def pooled_p(tables: Sequence[Table]) -> float | None:
    """Two-sided p of the pooled difference; each table has the scores of A and B in two columns."""
    if not tables or any(not one.rows for one in tables):
        return None
    total = sum(len(one.rows) for one in tables)
    weighted = [(row[1] - row[0]) * total / (len(tables) * len(table.rows)) for table in tables for row in table.rows]
    return sign_flip(weighted).p


def log_odds(shares: Floats, n: int) -> Floats:
    """Of shares of n items, with half an item more on either side, so that none is infinite (Anscombe 1956)."""
    import numpy as np

    found: Floats = np.log((shares * n + 0.5) / ((1 - shares) * n + 0.5))
    return found


def spread(tables: Sequence[Table]) -> float | None:
    """The mean square of an item's weighted difference: what the number of items that a claim takes rests on."""
    if not tables or any(not one.rows for one in tables):
        return None
    total = sum(len(one.rows) for one in tables)
    squares = [
        sum((row[1] - row[0]) ** 2 for row in table.rows) * total / (len(tables) * len(table.rows)) ** 2
        for table in tables
    ]
    return sum(squares)
