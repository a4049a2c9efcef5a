"""Runs that were made elsewhere, written in one transaction: a whole run, or nothing of it.

ImportRepository(database).write(NewRun("r", spec, …), cells, lambda ids: groups_of(ids))
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.core.records import CellRecord, RunStatus
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Completion, Trial
from bakeoff.store.database import Database
from bakeoff.store.rows import cell_row, completion_row, insert_of, trial_row
from bakeoff.store.tables import CELLS, COMPLETIONS, RUNS, TRIALS

Group = tuple[Sequence[Completion], Sequence[Trial]]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run that has ended before it is stored."""

    name: str
    spec: ExperimentSpec
    status: RunStatus
    seconds: float
    version: str


class ImportRepository:
    """Writes whole runs into one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_spec(self, spec_hash: str) -> str | None:
        """The name of a run with that spec, the oldest."""
        query = select(RUNS.c.name).where(RUNS.c.spec_hash == spec_hash).order_by(RUNS.c.id)
        with self._database.read() as connection:
            return connection.execute(query).scalars().first()

    def write(
        self, run: NewRun, cells: Sequence[CellRecord], groups: Callable[[Sequence[int]], Iterator[Group]]
    ) -> None:
        """Store a run, its cells (whose ids `groups` is given) and its trials, a group at a time.

        Raises ConfigInvalid when the name is taken, DataInvalid when a trial comes twice; then, as on any
        other error, nothing is kept.
        """
        try:
            with self._database.write() as connection:
                run_id = connection.execute(insert(RUNS).returning(RUNS.c.id), _run_row(run)).scalar_one()
                ids = [
                    connection.execute(insert(CELLS).returning(CELLS.c.id), cell_row(run_id, cell)).scalar_one()
                    for cell in cells
                ]
                for completions, trials in groups(ids):
                    self._write_group(connection, completions, trials)
        except IntegrityError:
            raise ConfigInvalid(f"a run '{run.name}' is in the store already", "choose another --name") from None

    def _write_group(self, connection: Connection, completions: Sequence[Completion], trials: Sequence[Trial]) -> None:
        _refuse_twins(connection, trials)
        if completions:
            known = insert_of(self._database.dialect)(COMPLETIONS).on_conflict_do_nothing(index_elements=["key"])
            connection.execute(known, [completion_row(completion) for completion in completions])
        if trials:
            connection.execute(insert(TRIALS), [trial_row(trial) for trial in trials])


def _refuse_twins(connection: Connection, trials: Sequence[Trial]) -> None:
    named = Counter((trial.cell, trial.sample_id, trial.repeat) for trial in trials)
    columns = (TRIALS.c.cell_id, TRIALS.c.sample_id, TRIALS.c.repeat)
    for cell in {trial.cell for trial in trials}:
        ids = {trial.sample_id for trial in trials if trial.cell == cell}
        stored = select(*columns).where(TRIALS.c.cell_id == cell, TRIALS.c.sample_id.in_(ids))
        named.update((row[0], row[1], row[2]) for row in connection.execute(stored))
    for (_, sample_id, repeat), count in named.items():
        if count > 1:
            raise DataInvalid(
                f"sample '{sample_id:.60}' comes twice (repeat {repeat})",
                "say what counts its repeats, or take one of the two out",
            )


def _run_row(run: NewRun) -> dict[str, object]:
    now = time.time()
    return {
        "name": run.name,
        "spec": run.spec.model_dump_json(),
        "spec_hash": run.spec.hash(),
        "status": run.status.value,
        "created_at": now,
        "updated_at": now,
        "seconds": run.seconds,
        "version": run.version,
    }
