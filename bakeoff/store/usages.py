"""What the machine took while a run's cells were asked, and the times of the calls behind them: for performance.

Example:

    usages = UsageRepository(database)
    usages.write([cell.id for cell in cells], usage)
    [call.first_token_s for call in usages.calls(cell.id)]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Row, insert, select

from bakeoff.core.hashing import KEY_BYTES
from bakeoff.core.records import CallTimes
from bakeoff.core.timing import unpacked
from bakeoff.core.types import Estimate
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.store.database import Database
from bakeoff.store.runs import RunRepository
from bakeoff.store.tables import CELLS, COMPLETIONS, TRIALS, USAGES

_TRIALS_AT_ONCE = 500
_KEYS_AT_ONCE = 500


class UsageRepository:
    """Reads and writes usages of one database, and reads the times of calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def beside(cls, runs: RunRepository) -> UsageRepository:
        """The usages of the database in which these runs are."""
        return cls(runs._database)

    def write(self, cell_ids: Sequence[int], usage: Usage) -> None:
        """Keep one stretch of time for each of the cells that were asked in it."""
        rows = [{"cell_id": cell, **_row(usage)} for cell in cell_ids]
        if rows:
            with self._database.write() as connection:
                connection.execute(insert(USAGES), rows)

    def of_run(self, run_id: int) -> dict[int, list[Usage]]:
        """The usages of each cell of a run, in the order of time."""
        query = (
            select(USAGES)
            .join(CELLS, USAGES.c.cell_id == CELLS.c.id)
            .where(CELLS.c.run_id == run_id)
            .order_by(USAGES.c.cell_id, USAGES.c.began_at)
        )
        found: dict[int, list[Usage]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.cell_id, []).append(_usage(row))
        return found

    def calls(self, cell_id: int) -> Iterator[CallTimes]:
        """The times of the calls behind a cell's trials, streamed; one that answered two trials comes twice."""
        query = select(TRIALS.c["keys"]).where(TRIALS.c.cell_id == cell_id)
        with (
            self._database.read() as connection,
            connection.execution_options(yield_per=_TRIALS_AT_ONCE).execute(query) as rows,
        ):
            while some := list(islice(rows, _TRIALS_AT_ONCE)):
                keys = [key for (packed,) in some for key in _keys(bytes(packed))]
                for start in range(0, len(keys), _KEYS_AT_ONCE):
                    yield from self._times(keys[start : start + _KEYS_AT_ONCE])

    def _times(self, keys: Sequence[bytes]) -> Iterator[CallTimes]:
        columns = COMPLETIONS.c
        query = select(
            columns.key,
            columns.finished_at,
            columns.latency_s,
            columns.first_token_s,
            columns.prompt_tokens,
            columns.output_tokens,
            columns.cached_tokens,
            columns.gaps,
        ).where(columns.key.in_(keys))
        with self._database.read() as connection:
            found = {bytes(row[0]): row for row in connection.execute(query)}
        for key in keys:
            if key in found:
                _, ended, latency, first, prompt, output, cached, gaps = found[key]
                yield CallTimes(ended, latency, first, prompt, output, cached, unpacked(gaps))


def _keys(packed: bytes) -> Iterator[bytes]:
    for place in range(0, len(packed), KEY_BYTES):
        yield packed[place : place + KEY_BYTES]


def _row(usage: Usage) -> dict[str, object]:
    return {
        "began_at": usage.began_at,
        "ended_at": usage.ended_at,
        "readings": usage.readings,
        "host_peak": usage.host_peak,
        "host_before": usage.host_before,
        "devices": orjson.dumps(usage.devices).decode() if usage.devices else None,
        "lost": usage.lost,
    }


def _usage(row: Row[Any]) -> Usage:
    return Usage(
        began_at=row.began_at,
        ended_at=row.ended_at,
        readings=row.readings,
        host_peak=row.host_peak,
        host_before=row.host_before,
        devices=tuple(_device(fields) for fields in orjson.loads(row.devices or b"[]")),
        lost=row.lost,
    )


def _device(fields: dict[str, Any]) -> DeviceUsage:
    for name in ("utilisation", "power_w"):
        if fields[name] is not None:
            fields[name] = Estimate(**fields[name])
    return DeviceUsage(**fields)
