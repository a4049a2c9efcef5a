"""Find a benchmark's file (local folder, then cache, then hub) and read its rows.

Reading is streamed, and every complaint names file, line and field. Example:

    home = DataHome(local=Path("data"), cache=Path("~/.cache/bakeoff"))
    for row in read_rows(home.find(HubFile("openai/gsm8k", "main/test.parquet", "e53f048")))
        row.text("question")
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from bakeoff.core.errors import DataInvalid, DataMissing, MissingExtra
from bakeoff.core.types import Json


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a benchmark: where it lies in a local folder, and on the hub at which revision."""

    local: tuple[str, ...]
    hub_repo: str | None = None
    hub_path: str | None = None
    hub_revision: str | None = None


@dataclass(frozen=True, slots=True)
class DataHome:
    """Where data may lie: `local` is BAKEOFF_DATA, `cache` the folder for what the hub gave."""

    local: Path | None
    cache: Path
    offline: bool = False

    def find(self, benchmark: str, file: DataFile) -> Path:
        """The path of a file. Raises DataMissing with every place that was tried."""
        for folder in (self.local, self.cache / "datasets"):
            for relative in file.local:
                for ending in ("", ".gz"):
                    path = folder / (relative + ending) if folder else None
                    if path is not None and path.is_file():
                        return path
        fetched = self._from_hub(benchmark, file)
        if fetched is not None:
            return fetched
        wanted = file.local[0]
        where = f"'{self.local}'" if self.local else "a local folder (BAKEOFF_DATA is not set)"
        raise DataMissing(
            f"no data for benchmark '{benchmark}': '{wanted}' is not in {where}, not in the cache",
            "set BAKEOFF_DATA to a folder that holds it, or install 'bakeoff[hub]' to download it",
        )

    def _from_hub(self, benchmark: str, file: DataFile) -> Path | None:
        if file.hub_repo is None or file.hub_path is None:
            return None
        try:
            from huggingface_hub import hf_hub_download
        except ImportError:
            return None
        try:
            return Path(
                hf_hub_download(
                    file.hub_repo,
                    file.hub_path,
                    repo_type="dataset",
                    revision=file.hub_revision,
                    cache_dir=self.cache / "hub",
                    local_files_only=self.offline,
                )
            )
        except Exception as error:  # its own, its HTTP library's (which changes), the disk's
            if self.offline:
                return None
            why = str(error).split("\n", 1)[0]
            raise DataMissing(
                f"no data for benchmark '{benchmark}': '{file.local[0]}' is not in a local folder,"
                f" and the hub gave nothing ({type(error).__name__}: {why:.120})",
                "set BAKEOFF_DATA to a folder that holds it, or check the network",
            ) from None


class Row:
    """One row of a data file, which knows where it stands."""

    __slots__ = ("_fields", "line", "path")

    def __init__(self, fields: dict[str, Json], path: Path, line: int) -> None:
        self._fields = fields
        self.path = path
        self.line = line

    def wrong(self, field: str, why: str) -> DataInvalid:
        return DataInvalid(f"'{self.path}', line {self.line}, field '{field}': {why}", "correct the file")

    def get(self, field: str) -> Json:
        value: Json = self._fields
        for part in field.split("."):
            if not isinstance(value, dict) or part not in value:
                raise self.wrong(field, "missing")
            value = value[part]
        return value

    def has(self, field: str) -> bool:
        return field in self._fields

    def text(self, field: str) -> str:
        value = self.get(field)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(field, f"a text is expected, not {value!r:.40}")
        return value

    def texts(self, field: str) -> list[str]:
        value = self.get(field)
        if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
            raise self.wrong(field, f"a list of texts is expected, not {value!r:.40}")
        return [str(v) for v in value]

    def rows(self, field: str) -> list[Row]:
        """The objects of a list field, as rows of their own."""
        value = self.get(field)
        if not isinstance(value, list) or not value:
            raise self.wrong(field, f"a list of objects is expected, not {value!r:.40}")
        found = [item for item in value if isinstance(item, dict)]
        if len(found) != len(value):
            raise self.wrong(field, "a list of objects is expected")
        return [Row(item, self.path, self.line) for item in found]


def read_rows(path: Path) -> Iterator[Row]:
    """Rows of a .jsonl, .jsonl.gz or .parquet file, one at a time. Raises DataInvalid."""
    if path.name.endswith(".parquet"):
        yield from _parquet_rows(path)
        return
    try:
        with _opened(path) as lines:
            empty = True
            for number, line in enumerate(lines, 1):
                if line.strip():
                    empty = False
                    yield Row(_object(line, path, number), path, number)
            if empty:
                raise DataInvalid(f"'{path}' holds no rows", "put the benchmark's file there")
    except (OSError, EOFError, zlib.error) as error:
        raise DataInvalid(f"'{path}' cannot be read ({error})", "check the file and its rights") from None


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")


def _object(line: bytes, path: Path, number: int) -> dict[str, Json]:
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise DataInvalid(f"'{path}', line {number}: broken JSON ({error})", "correct the file") from None
    if not isinstance(fields, dict):
        raise DataInvalid(f"'{path}', line {number}: a JSON object is expected", "correct the file")
    return fields


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise MissingExtra("the reader of .parquet files", "hub") from None
    number = 0
    try:
        for batch in parquet.ParquetFile(os.fspath(path)).iter_batches(batch_size=256):
            for fields in batch.to_pylist():
                number += 1
                yield Row(fields, path, number)
    except (OSError, ValueError) as error:
        raise DataInvalid(f"'{path}' cannot be read ({error})", "check the file") from None
