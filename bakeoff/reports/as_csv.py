"""Runs as CSV: a row for each cell, a column for each number.

Texts that a spreadsheet would take for a formula are quoted with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from bakeoff.core.types import Json
from bakeoff.reports.as_json import cell_json
from bakeoff.reports.calibration import BIN, bin_numbers
from bakeoff.reports.report import Entry
from bakeoff.reports.summary import CellSummary, RunSummary


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
    return [{"run": run.name, **_flat(_told(cell))} for run in runs for cell in run.cells]


def render_bins(entries: Sequence[Entry]) -> str:
    """The bins of a reliability diagram, a row for each; empty where no cell has one."""
    rows = [
        (entry.number, _inert(entry.name), _inert(entry.cell.benchmark), *bin_numbers(one))
        for entry in entries
        if (found := entry.summary.calibration) is not None
        for one in found.bins
    ]
    if not rows:
        return ""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([("cell", "name", "benchmark", *BIN), *rows])
    return out.getvalue()


def _told(cell: CellSummary) -> dict[str, Json]:
    """What is told of a cell, with its calibration in columns where it has one; bins have a file of their own."""
    fields = cell_json(cell)
    found = fields.pop("calibration")
    if isinstance(found, dict):
        fields["calibration"] = {name: value for name, value in found.items() if name != "bins"}
    return fields


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
