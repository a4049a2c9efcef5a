"""The performance of a run's cells, read from the store: the calls behind them and what the machine took.

Example:

    performances(laboratory.runs, UsageRepository(database), summary)[cell.id].output_per_s
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bakeoff.core.origin import origin
from bakeoff.core.usage import Usage
from bakeoff.reports.performance import CallTally, Machine, Performance
from bakeoff.reports.summary import RunSummary
from bakeoff.store.usages import UsageRepository


def performances(run_id: int, usages: UsageRepository, summary: RunSummary) -> dict[int, Performance]:
    """Of each cell of a run that has calls, by its id. One pass over the calls of each cell."""
    tallies = {}
    for one in summary.cells:
        if origin(one.cell) is None:  # a log of another tool tells nothing of this machine
            tally = tallies[one.cell.id] = CallTally(summary.created_at)
            for call in usages.calls(one.cell.id):
                tally.add(call)
    taken = usages.of_run(run_id)
    cached = {one.cell.id: one.cached for one in summary.cells}
    return {
        cell: replace(tally.performance(cached[cell]), machine=_machine(cell, taken, tallies))
        for cell, tally in tallies.items()
        if tally.calls
    }


def _machine(cell: int, taken: Mapping[int, Sequence[Usage]], tallies: Mapping[int, CallTally]) -> Machine | None:
    """What the lane of a cell took: cells with the same stretches of time were asked together."""
    own = taken.get(cell)
    if not own:
        return None
    together = [other for other, usages in taken.items() if usages == own]
    counts = [tallies[other].tokens_within(own) for other in together if other in tallies]
    known = [count for count in counts if count is not None]
    return Machine(tuple(own), len(together), sum(known) if len(known) == len(counts) else None)
