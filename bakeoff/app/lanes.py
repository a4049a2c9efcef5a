"""The lanes of an execution: which engine answers which cells, in which order, how many calls at once.

A lane is a model under a preset. Where optimisations are measured each of them is a lane that is asked in turns: a part
of the samples, each cell by itself, then the model is let go and the next has its turn. Example:

    lanes_of(prepared, plans, callers, meters, settled, find)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from bakeoff.app.callers import Callers
from bakeoff.app.measuring import parts, turns
from bakeoff.app.meters import Meters
from bakeoff.app.planning import Prepared, PreparedCell, PreparedModel
from bakeoff.core.protocols import Engine
from bakeoff.core.records import CellRecord
from bakeoff.engines._optimised import Find, FromStore
from bakeoff.runner.calls import Caller
from bakeoff.runner.order import ordering_of
from bakeoff.runner.schedule import Block, CellPlan, Lane

Pair = tuple[PreparedCell, CellPlan]
Settled = Callable[[Sequence[int]], Collection[tuple[int, str, int]]]  # of the cells with these ids


def cell_plan(cell: PreparedCell, record: CellRecord) -> CellPlan:
    """A prepared cell as the runner knows it."""
    benchmark = cell.benchmark
    return CellPlan(record.id, cell.method, benchmark.task, benchmark.profile, benchmark.score)


def lanes_of(
    prepared: Prepared,
    plans: Sequence[CellPlan],
    callers: Callers,
    meters: Meters,
    settled: Settled,
    find: Find,
) -> list[Lane]:
    """The lanes in the order in which they are asked where one waits for the other."""
    made = _Lanes(prepared, callers, meters, settled, find)
    pairs = list(zip(prepared.cells, plans, strict=True))
    lanes: list[Lane] = []
    for _, group in groupby(pairs, key=lambda pair: (pair[0].model.name, pair[0].model.preset, _way(pair[0].model))):
        members = list(group)
        lanes += made.measured(members) if prepared.spec.optimisations else [made.plain(members)]
    return lanes


def _way(model: PreparedModel) -> object:
    """What else than name and preset makes another model of it: nothing where optimisations take turns."""
    return model.asked if model.optimisation else id(model)


class _Lanes:
    """Makes lanes out of cells that one model answers."""

    def __init__(self, prepared: Prepared, callers: Callers, meters: Meters, settled: Settled, find: Find) -> None:
        self._prepared = prepared
        self._callers = callers
        self._meters = meters
        self._settled = settled
        self._find = find

    def plain(self, members: Sequence[Pair]) -> Lane:
        model = members[0][0].model
        engine = self._meters.metered(model.engine, [plan.id for _, plan in members])
        caller, most = self._callers.of(engine, f"{model.name} {model.preset}")
        blocks = [self._block(same) for same in _by_benchmark(members)]
        return Lane(f"{model.name} ({model.preset})", engine, caller, blocks, most, ordering_of(engine.limits, most))

    def measured(self, members: Sequence[Pair]) -> list[Lane]:
        """The optimisations of one model in turns."""
        spec = self._prepared.spec
        of = {label: list(pairs) for label, pairs in groupby(members, key=lambda pair: pair[0].model.optimisation)}
        called = {label: self._called(pairs[0][0].model) for label, pairs in of.items()}
        in_flight = max(most for _, most in called.values())
        fewest = min(len(pair[0].benchmark.draw) for pair in members)
        passes = len(parts(fewest, spec.measurement.passes, in_flight))
        return [
            self._turn(of[label], *called[label], turn, passes)
            for turn, order in enumerate(turns(list(of), passes, spec.seed))
            for label in order
        ]

    def _called(self, model: PreparedModel) -> tuple[Caller, int]:
        if isinstance(model.engine, FromStore):
            model.engine.connect(self._find)
        return self._callers.of(model.engine, f"{model.name} {model.preset}")

    def _turn(self, members: Sequence[Pair], caller: Caller, most: int, turn: int, passes: int) -> Lane:
        """One part of the samples, cell by cell."""
        model = members[0][0].model
        engine: Engine = self._meters.metered(model.engine, [plan.id for _, plan in members])
        blocks = []
        for pair in members:
            samples = len(pair[0].benchmark.draw)
            part = range(round(samples * turn / passes), round(samples * (turn + 1) / passes))
            # One repeat after the other: a prompt that was asked just now is no shared beginning.
            blocks += [
                replace(self._block([pair], part), first_repeat=repeat, repeats=repeat + 1)
                for repeat in range(self._prepared.spec.repeats)
            ]
        limits = engine.limits
        return Lane(
            f"{model.name} ({model.preset}) {model.optimisation}",
            engine,
            caller.through(engine),
            blocks,
            most,
            ordering_of(limits, most),
            warm=limits.in_process,
            apart=True,
        )

    def _block(self, members: Sequence[Pair], part: range | None = None) -> Block:
        plans = [plan for _, plan in members]
        ids = [plan.id for plan in plans]
        draw, repeats = members[0][0].benchmark.draw, self._prepared.spec.repeats
        return Block(draw, plans, repeats, lambda: set(self._settled(ids)), part)


def _by_benchmark(members: Sequence[Pair]) -> Iterator[list[Pair]]:
    for _, same in groupby(members, key=lambda pair: id(pair[0].benchmark)):
        yield list(same)
