"""The figures of the last comparisons, kept in results.json: what docs/parity.md is printed from.

`{"modules": {module: [agreement, …]}, "rows": {benchmark: {split: rows loaded from the data folder}}}`. Example:

    record("maths", found, Path("data"))
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.errors import BakeoffError
from parity.agreement import Agreement

FILE = Path(__file__).parent / "results.json"


def kept() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(FILE.read_bytes()) if FILE.is_file() else {"modules": {}, "rows": {}}
    return found


def record(module: str, found: Sequence[Agreement], data: Path) -> None:
    """Put the figures of one module in the place of those that it had."""
    results = kept()
    results["modules"][module] = [asdict(row) for row in found]
    for name in sorted({row.benchmark for row in found}):
        results["rows"][name] = rows_of(name, data)
    save(results)


def save(results: dict[str, Any]) -> None:
    FILE.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")


def rows_of(name: str, data: Path) -> dict[str, int]:
    """split → how many rows our loader finds in the data folder; splits that are not there are left out."""
    ours = BENCHMARKS.load(name)(DataHome(data, data / "no-cache", offline=True))
    assert isinstance(ours, FileBenchmark)
    found: dict[str, int] = {}
    for split in ours.files:
        try:
            found[split] = sum(1 for _ in ours.samples(split))
        except BakeoffError:
            continue
    return found
