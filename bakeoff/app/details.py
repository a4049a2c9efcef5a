"""What `--detailed-analysis` writes beside the reports of a run: every trial, and what each factor adds.

`trials.jsonl` has a line for each trial with its prompt, answer, outcome and scores, as `bakeoff export` prints them;
`effects.json` takes the matrix apart, as `bakeoff effects` does, or says why that cannot be done. Example:

    list(write_details(results, "night", Path("report-night")))
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson

from bakeoff.app.ablation import ablation
from bakeoff.app.results import Results, export_lines
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.core.errors import NotComparable
from bakeoff.core.types import Json
from bakeoff.reports.effects import effects_json


def write_details(results: Results, name: str, folder: Path) -> Iterator[Path]:
    """Write both files, each whole or not at all; yields their paths. Raises RunNotFound, ConfigInvalid."""
    check_folder(folder)
    write_whole(folder / "trials.jsonl", (line + b"\n" for line in export_lines(results, name)))
    yield folder / "trials.jsonl"
    write_whole(folder / "effects.json", [orjson.dumps(_effects(results, name), option=orjson.OPT_INDENT_2) + b"\n"])
    yield folder / "effects.json"


def _effects(results: Results, name: str) -> Json:
    try:
        return effects_json(ablation(results.runs, results.trials, name))
    except NotComparable as error:
        return {"run": name, "gap": str(error)}
