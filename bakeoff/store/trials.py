"""Completions and trials: rows to core types and back. Implements the runner's Archive.

Both are written in one transaction. A completion that is there stays as it is (it was paid for
once); a trial that is there is replaced, because a resume answers again what ended in an error.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Row, Select, and_, case, func, null, select

from bakeoff.core.hashing import unpack
from bakeoff.core.origin import asked_in
from bakeoff.core.records import Measure, Met
from bakeoff.core.types import Completion, Outcome, Trial
from bakeoff.store.bulk import Bulk
from bakeoff.store.database import Database
from bakeoff.store.rows import completion_of, completion_row, insert_of, trial_of, trial_row
from bakeoff.store.tables import COMPLETIONS, TRIALS

_KEYS_AT_ONCE = 500
_ROWS_AT_ONCE = 2000
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_FOUND = [column for column in COMPLETIONS.c if column.name not in ("raw", "gaps")]


class TrialRepository:
    """Reads and writes trials and completions of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        insert, dialect = insert_of(database.dialect), database.engine.dialect
        self._insert_completion = Bulk(insert(COMPLETIONS).on_conflict_do_nothing(index_elements=["key"]), dialect)
        trial = insert(TRIALS)
        identity = ["cell_id", "sample_id", "repeat"]
        replaced = {c.name: trial.excluded[c.name] for c in TRIALS.c if c.name not in identity}
        self._insert_trial = Bulk(trial.on_conflict_do_update(index_elements=identity, set_=replaced), dialect)

    def write(self, completions: Sequence[Completion], trials: Sequence[Trial]) -> None:
        with self._database.write() as connection:
            if completions:
                self._insert_completion.execute(connection, map(completion_row, completions))
            if trials:
                self._insert_trial.execute(connection, map(trial_row, trials))

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        found: dict[bytes, Completion] = {}
        with self._database.read() as connection:
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                query = select(*_FOUND).where(COMPLETIONS.c.key.in_(keys[start : start + _KEYS_AT_ONCE]))
                for row in connection.execute(query):
                    completion = completion_of(row)
                    found[completion.key] = completion
        return found

    def keys(self, models: Sequence[str]) -> Iterator[bytes]:
        for (key,) in self._streamed(select(COMPLETIONS.c.key).where(COMPLETIONS.c.model.in_(models))):
            yield bytes(key)

    def _streamed(self, query: Select[Any]) -> Iterator[Row[Any]]:
        """The rows as the database gives them; closed with whoever iterates."""
        with (
            self._database.read() as connection,
            connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(query) as rows,
        ):
            yield from rows

    def count(self, models: Sequence[str]) -> int:
        query = select(func.count()).select_from(COMPLETIONS).where(COMPLETIONS.c.model.in_(models))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def raw(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """The exchange of each completion, as JSON."""
        with self._database.read() as connection:
            query = select(COMPLETIONS.c.key, COMPLETIONS.c.raw).where(COMPLETIONS.c.key.in_(keys))
            return {bytes(row.key): unpack(row.raw) for row in connection.execute(query)}

    def settled(self, cell_ids: Sequence[int]) -> Iterator[tuple[int, str, int]]:
        """(cell, sample id, repeat) of every trial that is not owed again, streamed."""
        query = select(TRIALS.c.cell_id, TRIALS.c.sample_id, TRIALS.c.repeat).where(
            TRIALS.c.cell_id.in_(cell_ids), TRIALS.c.outcome != Outcome.ERROR.value
        )
        yield from (tuple(row) for row in self._streamed(query))

    def values(self, cell_ids: Sequence[int]) -> Iterator[tuple[int, str, int, Outcome, float | None]]:
        """(cell, sample id, repeat, outcome, value) of every stored trial, streamed."""
        columns = (TRIALS.c.cell_id, TRIALS.c.sample_id, TRIALS.c.repeat, TRIALS.c.outcome, TRIALS.c.value)
        for row in self._streamed(select(*columns).where(TRIALS.c.cell_id.in_(cell_ids))):
            yield row.cell_id, row.sample_id, row.repeat, _OUTCOMES[row.outcome], row.value

    def met(self, a: int, b: int, imported: bool = False) -> Iterator[Met]:
        """What two cells made of the samples and repeats that both were asked, by sample, streamed.

        The texts come along where the scores differ. `imported`: their traces say what they were asked.
        """
        x, y = TRIALS.alias("x"), TRIALS.alias("y")
        differ = x.c.value != y.c.value
        texts = [case((differ, column)) for column in (x.c.target, x.c.extracted, y.c.extracted)]
        traces = (x.c.trace, y.c.trace) if imported else (null(), null())
        numbers = (x.c.outcome, y.c.outcome, x.c.value, y.c.value)
        query: Select[Any] = (
            select(x.c.sample_id, x.c.repeat, *numbers, *texts, x.c.target == y.c.target, *traces)
            .join(y, and_(x.c.sample_id == y.c.sample_id, x.c.repeat == y.c.repeat))
            .where(x.c.cell_id == a, y.c.cell_id == b)
            .order_by(x.c.sample_id, x.c.repeat)
        )
        for row in self._streamed(query):
            sample, repeat, one, other, a, b, target, text_a, text_b, alike, first, second = tuple(row)
            same = bool(alike) and not (imported and _asked_otherwise(first, second))
            yield Met(sample, repeat, _OUTCOMES[one], _OUTCOMES[other], a, b, target, text_a, text_b, same)

    def asked(self, cell_id: int) -> int:
        """How many samples of a cell have a trial."""
        query = select(func.count(TRIALS.c.sample_id.distinct())).where(TRIALS.c.cell_id == cell_id)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def answered(self, cell_id: int) -> bool:
        """Whether a cell has a trial."""
        query = select(TRIALS.c.cell_id).where(TRIALS.c.cell_id == cell_id).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None

    def measures(self, cell_id: int) -> Iterator[Measure]:
        """The numbers of a cell's trials, streamed, without their texts; the repeats of a sample together."""
        columns = (TRIALS.c.outcome, TRIALS.c.value, TRIALS.c.latency_s, TRIALS.c.prompt_tokens)
        more = (TRIALS.c.output_tokens, TRIALS.c.cost, TRIALS.c.cached, TRIALS.c.sample_id, TRIALS.c.repeat)
        query = select(*columns, *more, TRIALS.c.parts)
        query = query.where(TRIALS.c.cell_id == cell_id).order_by(TRIALS.c.sample_id, TRIALS.c.repeat)
        for row in self._streamed(query):
            fields = tuple(row)
            yield Measure(_OUTCOMES[fields[0]], *fields[1:])

    def graded(self, cell_id: int) -> Iterator[Trial]:
        """The trials of a cell by sample, streamed, without their answers."""
        query = select(TRIALS).where(TRIALS.c.cell_id == cell_id).order_by(TRIALS.c.sample_id)
        yield from map(trial_of, self._streamed(query))

    def of_sample(self, cell_id: int, sample_id: str, repeat: int | None = None) -> list[Trial]:
        """The trials of one sample in one cell, of each repeat or of one; the answer is filled in."""
        query = select(TRIALS).where(TRIALS.c.cell_id == cell_id, TRIALS.c.sample_id == sample_id)
        query = query if repeat is None else query.where(TRIALS.c.repeat == repeat)
        with self._database.read() as connection:
            found = [trial_of(row) for row in connection.execute(query.order_by(TRIALS.c.repeat))]
        self._fill_answers(found)
        return found

    def trials(self, cell_id: int) -> Generator[Trial, None, None]:
        """The trials of a cell by sample and repeat, streamed; the answer is filled in."""
        query = select(TRIALS).where(TRIALS.c.cell_id == cell_id).order_by(TRIALS.c.sample_id, TRIALS.c.repeat)
        streamed = map(trial_of, self._streamed(query))
        while trials := list(islice(streamed, _ROWS_AT_ONCE // 4)):
            self._fill_answers(trials)
            yield from trials

    def _fill_answers(self, trials: Sequence[Trial]) -> None:
        """An answer that is its last completion's text is stored once, with the completion."""
        wanted = [trial.keys[-1] for trial in trials if trial.answer is None and trial.keys]
        found = self.find(wanted) if wanted else {}
        for trial in trials:
            if trial.answer is None and trial.keys and trial.keys[-1] in found:
                trial.answer = found[trial.keys[-1]].text


def _asked_otherwise(a: str | None, b: str | None) -> bool:
    """Whether two logs of other tools say that this sample was another question."""
    first, second = (asked_in(orjson.loads(trace)) if trace else "" for trace in (a, b))
    return bool(first and second and first != second)
