"""Trials with their steps, read out of the store: for `bakeoff show --steps`, the report and the export.

for view in traces(results, "night"): print(view.trial.sample_id, [step.kind for step in view.steps])
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from bakeoff.app.results import Results
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.records import CellRecord, RunRecord
from bakeoff.core.types import Trial
from bakeoff.reports.traces import TraceView, steps_shown
from bakeoff.store.trials import TrialRepository

AT_ONCE = 100


def traces(results: Results, name: str) -> Iterator[TraceView]:
    """Every trial of a run with its steps, streamed. Raises RunNotFound."""
    run = results.runs.get(name)
    for cell in results.runs.cells(run.id):
        streamed = results.trials.trials(cell.id)
        while batch := list(islice(streamed, AT_ONCE)):
            yield from _views(results.trials, run, cell, batch)


def traces_of_sample(results: Results, name: str, sample: str, cell: int | None = None) -> list[TraceView]:
    """A sample's trials in every cell, or in the one of that number. Raises RunNotFound, UnknownName, ConfigInvalid."""
    run = results.runs.get(name)
    cells = results.runs.cells(run.id)
    if cell is not None and cell not in {one.position for one in cells}:
        raise ConfigInvalid(f"run '{name}' has no cell {cell}", f"it has 0 to {len(cells) - 1}: bakeoff show {name}")
    chosen = [one for one in cells if cell is None or one.position == cell]
    found = [
        view for one in chosen for view in _views(results.trials, run, one, results.trials.of_sample(one.id, sample))
    ]
    if not found:
        ids = [trial.sample_id for trial in results.trials.graded(chosen[0].id)]
        raise UnknownName("sample", sample, ids, see=f"bakeoff export {name}")
    return found


def _views(trials: TrialRepository, run: RunRecord, cell: CellRecord, some: Sequence[Trial]) -> Iterator[TraceView]:
    found = trials.find([key for trial in some for key in trial.keys])
    for trial in some:
        yield TraceView(run.name, cell, trial, steps_shown(trial, found))
