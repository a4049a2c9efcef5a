"""A report's cells as Parquet: a row for each cell, the columns of the CSV with their types.

pyarrow is loaded when it is asked for (extra `parquet`). Example:

    Path("report.parquet").write_bytes(render_parquet(report.runs))
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Json
from bakeoff.reports.as_csv import columns_of, rows_of
from bakeoff.reports.summary import RunSummary


def render_parquet(runs: Sequence[RunSummary]) -> bytes:
    """The file; its bytes depend on the runs and on the version of pyarrow. Raises MissingExtra."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("pyarrow, which writes Parquet,", "parquet") from None
    rows = rows_of(runs)
    columns = {name: pa.array(_alike([row.get(name) for row in rows])) for name in columns_of(rows)}
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return bytes(sink.getvalue())


def _alike(values: list[Json]) -> list[Json]:
    """Values of one column with one type: whole numbers among fractions are fractions."""
    if any(isinstance(value, float) for value in values):
        return [float(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in values]
    return [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in values]
