"""Runs, their cells, and saved sample sets: rows to core records and back."""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from bakeoff.core.errors import ConfigInvalid, RunNotFound
from bakeoff.core.records import CellRecord, Fault, RunRecord, RunStatus, SampleSet, noted
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Outcome
from bakeoff.store.database import Database
from bakeoff.store.rows import cell_of, cell_row, run_of
from bakeoff.store.tables import CELLS, RUNS, SAMPLE_SETS, TRIALS


class RunRepository:
    """Reads and writes runs, cells and sample sets of one database.

    A killed process cannot write that it ended; `was_killed` tells a run that is marked as running
    and is not, which is then read as interrupted.
    """

    def __init__(self, database: Database, was_killed: Callable[[RunRecord], bool] = lambda run: False) -> None:
        self._database = database
        self._was_killed = was_killed

    def create(self, name: str, spec: ExperimentSpec, cells: Sequence[CellRecord], version: str) -> RunRecord:
        """Store a new run and its cells (their ids are given here). Raises ConfigInvalid."""
        now = time.time()
        row = {
            "name": name,
            "spec": spec.model_dump_json(),
            "spec_hash": spec.hash(),
            "status": RunStatus.RUNNING.value,
            "created_at": now,
            "updated_at": now,
            "seconds": 0.0,
            "version": version,
        }
        try:
            with self._database.write() as connection:
                run_id = connection.execute(insert(RUNS).returning(RUNS.c.id), row).scalar_one()
                connection.execute(insert(CELLS), [cell_row(run_id, cell) for cell in cells])
        except IntegrityError:
            raise ConfigInvalid(f"run '{name}' was started by another process just now", "try again") from None
        return self.get(name)

    def find(self, name: str) -> RunRecord | None:
        with self._database.read() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.name == name)).first()
        return self._run(row) if row else None

    def get(self, name: str) -> RunRecord:
        """The run of that name. Raises RunNotFound with the nearest name."""
        found = self.find(name)
        if found is None:
            near = difflib.get_close_matches(name, [run.name for run in self.all()], n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'? See 'bakeoff runs'" if near else "see 'bakeoff runs'"
            raise RunNotFound(f"no run '{name}' in '{self._database.where}'", hint)
        return found

    def all(self) -> list[RunRecord]:
        """All runs, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(RUNS).order_by(RUNS.c.created_at.desc(), RUNS.c.id.desc()))
            return [self._run(row) for row in rows]

    def _run(self, row: Row[Any]) -> RunRecord:
        run = run_of(row)
        return replace(run, status=RunStatus.INTERRUPTED) if self._was_killed(run) else run

    def open_execution(self, run_id: int) -> None:
        """Note that a run is being executed."""
        running = RunStatus.RUNNING.value
        with self._database.write() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status != running).values(status=running))

    def close_execution(self, run_id: int, status: RunStatus, seconds: float, looks: int | None = None) -> None:
        """Note how an execution ended, and after how many looks; its seconds are added to those before."""
        values = {"status": status.value, "updated_at": time.time(), "seconds": RUNS.c.seconds + seconds}
        if looks is not None:
            values["looks"] = looks
        with self._database.write() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(values))

    def cells(self, run_id: int) -> list[CellRecord]:
        """The cells of a run in the order of the matrix, each with what tells it from its namesakes."""
        with self._database.read() as connection:
            query = select(CELLS).where(CELLS.c.run_id == run_id).order_by(CELLS.c.position)
            found = [cell_of(row) for row in connection.execute(query)]
            spec = connection.execute(select(RUNS.c.spec).where(RUNS.c.id == run_id)).scalar_one_or_none()
        return noted(found, ExperimentSpec.model_validate_json(spec)) if spec else found

    def faults(self, run_id: int) -> dict[int, list[Fault]]:
        """For each cell its errors by code, with the message of one of them; the most frequent first."""
        count = func.count().label("count")
        query = (
            select(TRIALS.c.cell_id, TRIALS.c.error_code, count, func.min(TRIALS.c.error))
            .join(CELLS, TRIALS.c.cell_id == CELLS.c.id)
            .where(CELLS.c.run_id == run_id, TRIALS.c.outcome == Outcome.ERROR.value)
            .group_by(TRIALS.c.cell_id, TRIALS.c.error_code)
            .order_by(TRIALS.c.cell_id, count.desc(), TRIALS.c.error_code)
        )
        found: dict[int, list[Fault]] = {}
        with self._database.read() as connection:
            for cell_id, code, number, message in connection.execute(query):
                found.setdefault(cell_id, []).append(Fault(code or "error", number, message or ""))
        return found

    def outcomes(self, run_id: int) -> dict[int, dict[str, int]]:
        """For each cell the number of trials by outcome."""
        query = (
            select(CELLS.c.id, TRIALS.c.outcome, func.count())
            .join(TRIALS, TRIALS.c.cell_id == CELLS.c.id)
            .where(CELLS.c.run_id == run_id)
            .group_by(CELLS.c.id, TRIALS.c.outcome)
        )
        counts: dict[int, dict[str, int]] = {}
        with self._database.read() as connection:
            for cell_id, outcome, count in connection.execute(query):
                counts.setdefault(cell_id, {})[outcome] = count
        return counts

    def value_sums(self, run_id: int) -> dict[int, tuple[float, float]]:
        """For each cell the sum of the scores and of their squares."""
        query = (
            select(CELLS.c.id, func.sum(TRIALS.c.value), func.sum(TRIALS.c.value * TRIALS.c.value))
            .join(TRIALS, TRIALS.c.cell_id == CELLS.c.id)
            .where(CELLS.c.run_id == run_id, TRIALS.c.value.is_not(None))
            .group_by(CELLS.c.id)
        )
        with self._database.read() as connection:
            return {id_: (float(total), float(squares)) for id_, total, squares in connection.execute(query)}

    def usual_tokens(self, benchmark: str, method: str, model: str | None = None) -> tuple[float, float] | None:
        """Mean output tokens and latency of stored trials of this benchmark and method, by one model or by all."""
        query = (
            select(func.avg(TRIALS.c.output_tokens), func.avg(TRIALS.c.latency_s))
            .join(CELLS, TRIALS.c.cell_id == CELLS.c.id)
            .where(CELLS.c.benchmark == benchmark, CELLS.c.method == method, TRIALS.c.output_tokens > 0)
        )
        if model is not None:
            query = query.where(CELLS.c.model == model)
        with self._database.read() as connection:
            tokens, latency = connection.execute(query).one()
        return (float(tokens), float(latency)) if tokens is not None else None

    def save_samples(self, chosen: SampleSet) -> None:
        """Keep a sample set under its name. Raises ConfigInvalid when the name is taken."""
        row = {
            "name": chosen.name,
            "benchmark": chosen.benchmark,
            "data_digest": chosen.data_digest,
            "ids": orjson.dumps(chosen.ids).decode(),
            "created_at": time.time(),
        }
        if any(kept.benchmark == chosen.benchmark for kept in self.sample_sets(chosen.name)):
            raise ConfigInvalid(f"a sample set '{chosen.name}' of '{chosen.benchmark}' exists", "choose another name")
        with self._database.write() as connection:
            connection.execute(insert(SAMPLE_SETS), row)

    def sample_sets(self, name: str | None = None) -> list[SampleSet]:
        """The sample sets kept, of one name or all."""
        query = select(SAMPLE_SETS).order_by(SAMPLE_SETS.c.name, SAMPLE_SETS.c.benchmark)
        if name is not None:
            query = query.where(SAMPLE_SETS.c.name == name)
        with self._database.read() as connection:
            return [
                SampleSet(row.name, row.benchmark, row.data_digest, tuple(orjson.loads(row.ids)))
                for row in connection.execute(query)
            ]
