"""Runs as CSV: a row for each cell, a column for each number.

Texts that a spreadsheet would take for a formula are quoted with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from bakeoff.core.types import Json
from bakeoff.reports.as_json import cell_json
from bakeoff.reports.summary import RunSummary


def render_csv(runs: Sequence[RunSummary]) -> str:
    """The cells of runs; empty where there are none."""
    rows = rows_of(runs)
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=columns_of(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows([{name: _inert(value) for name, value in row.items()} for row in rows])
    return out.getvalue()


def rows_of(runs: Sequence[RunSummary]) -> list[dict[str, Json]]:
    """A flat row for each cell."""
    return [{"run": run.name, **_flat(cell_json(cell))} for run in runs for cell in run.cells]


def columns_of(rows: Sequence[dict[str, Json]]) -> list[str]:
    """The columns of all rows: cells have metrics of their own."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _flat(fields: dict[str, Json]) -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            flat.update({f"{name}_{inner}": found for inner, found in _flat(value).items()})
        else:
            flat[name] = value
    return flat


def _inert(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", "\n")  # the csv module leaves a lone carriage return unquoted: a new row
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\n")) else text
