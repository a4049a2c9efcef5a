"""Find a benchmark's file (local folder, then cache, then hub) and read its rows.

Reading is streamed, and every complaint names file, line and field. Example:

    home = DataHome(local=Path("data"), cache=Path("~/.cache/bakeoff"))
    for row in read_rows(home.find(HubFile("openai/gsm8k", "main/test.parquet", "e53f048")))
        row.text("question")
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import orjson

from bakeoff.benchmarks import _hub
from bakeoff.core.errors import BakeoffError, DataInvalid, DataMissing, MissingExtra
from bakeoff.core.types import Json

csv.field_size_limit(64 << 20)  # a passage may be longer than the 128 KiB that csv allows by itself


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file of a benchmark: where it lies in a local folder, and on the hub at which revision."""

    local: tuple[str, ...]
    hub_repo: str | None = None
    hub_path: str | None = None
    hub_revision: str | None = None
    sha256: str | None = None  # of the file on the hub; another file of the same rows has another


@dataclass(frozen=True, slots=True)
class DataHome:
    """Where data may lie: `local` is BAKEOFF_DATA, `cache` the folder for what the hub gave."""

    local: Path | None
    cache: Path
    offline: bool = False

    def locate(self, file: DataFile) -> tuple[Path, Literal["local", "cached"]] | None:
        """Where a file lies here, and in which of the places; looks only, fetches nothing."""
        for folder in (self.local, self.cache / "datasets"):
            for relative in file.local:
                for ending in ("", ".gz"):
                    path = folder / (relative + ending) if folder else None
                    if path is not None and path.is_file():
                        return path, "local" if folder is self.local else "cached"
        if file.hub_repo is None or file.hub_path is None:
            return None
        kept = _hub.cached(self.cache / "hub", file.hub_repo, file.hub_path, file.hub_revision)
        return (kept, "cached") if kept is not None else None

    def find(self, benchmark: str, file: DataFile) -> Path:
        """The path of a file, downloaded if need be. Raises DataMissing with every place that was tried."""
        found = self.locate(file)
        if found is not None:
            return found[0]
        with suppress(MissingExtra):
            if file.hub_repo is not None and not self.offline:
                return self.fetch(benchmark, file)
        wanted = file.local[0]
        where = f"'{self.local}'" if self.local else "a local folder (BAKEOFF_DATA is not set)"
        raise DataMissing(
            f"no data for benchmark '{benchmark}': '{wanted}' is not in {where}, not in the cache",
            "set BAKEOFF_DATA to a folder that holds it, or install 'bakeoff[hub]' to download it",
        )

    def fetch(self, benchmark: str, file: DataFile) -> Path:
        """The path of a file in the hub's cache, downloaded once. Raises DataMissing, DataInvalid, MissingExtra."""
        if file.hub_repo is None or file.hub_path is None:
            raise DataMissing(
                f"'{file.local[0]}' of benchmark '{benchmark}' is not on the hub",
                "put the file into a folder and set BAKEOFF_DATA to it",
            )
        kept = _hub.cached(self.cache / "hub", file.hub_repo, file.hub_path, file.hub_revision)
        if self.offline and kept is None:
            raise DataMissing(
                f"'{file.hub_path}' of '{file.hub_repo}' is not in the cache, and HF_HUB_OFFLINE is set",
                "unset HF_HUB_OFFLINE, or set BAKEOFF_DATA to a folder that holds the file",
            )
        try:
            path = kept or _hub.download(self.cache / "hub", file.hub_repo, file.hub_path, file.hub_revision)
        except BakeoffError:
            raise
        except Exception as error:  # the hub's own, its HTTP library's (which changes), the disk's
            why = str(error).split("\n", 1)[0]
            raise DataMissing(
                f"no data for benchmark '{benchmark}': '{file.local[0]}' is not in a local folder,"
                f" and the hub gave nothing ({type(error).__name__}: {why:.300})",
                "set BAKEOFF_DATA to a folder that holds it, or check the network",
            ) from None
        if file.sha256 is not None and _hub.sha256(path) != file.sha256:
            _hub.remove(path)
            raise DataInvalid(
                f"'{file.hub_path}' of '{file.hub_repo}' is not the file that benchmark '{benchmark}' was made for"
                f" (sha256 is not {file.sha256[:16]}…); it was thrown away",
                "fetch it again, or set BAKEOFF_DATA to a folder with the right one",
            )
        return path


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
        if field in self._fields:  # a column may have a dot in its name
            return self._fields[field]
        value: Json = self._fields
        for part in field.split("."):
            if not isinstance(value, dict) or part not in value:
                raise self.wrong(field, "missing")
            value = value[part]
        return value

    def has(self, field: str) -> bool:
        return field in self._fields

    def texts_of_cells(self) -> dict[str, str]:
        """The fields that hold one plain value, as texts."""
        return {
            name: value if isinstance(value, str) else str(value)
            for name, value in self._fields.items()
            if value is not None and not isinstance(value, list | dict)
        }

    def names(self) -> list[str]:
        return list(self._fields)

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


@dataclass(slots=True)
class Reading:
    """What came of reading: the rows that are malformed, and the files that were opened."""

    faults: list[DataInvalid] = field(default_factory=list)
    opened: list[Path] = field(default_factory=list)
    passes_over: bool = True


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


@contextmanager
def collecting() -> Iterator[Reading]:
    """Within it a malformed row is noted and passed over, where otherwise it ends the reading."""
    with _into(Reading()) as found:
        yield found


@contextmanager
def watching() -> Iterator[Reading]:
    """Within it the files that are opened are noted; a malformed row ends the reading as ever."""
    with _into(Reading(passes_over=False)) as found:
        yield found


@contextmanager
def _into(found: Reading) -> Iterator[Reading]:
    before = _reading.set(found)
    try:
        yield found
    finally:
        _reading.reset(before)


def note(fault: DataInvalid) -> None:
    """Raise what is wrong with one row, unless such faults are collected."""
    kept = _reading.get()
    if kept is None or not kept.passes_over:
        raise fault
    kept.faults.append(fault)


def read_rows(path: Path, columns: Sequence[str] = (), within: Sequence[str] = (), ending: str = "") -> Iterator[Row]:
    """Rows of a file by its ending: .jsonl, .json, .csv, .tsv, .txt, .parquet, .arrow; gzipped ones too.

    `columns` name those of a .csv or .tsv without a header; `within` leads to the list in a .json, or to
    its lists where "*" stands for every item. A .txt has rows of one field, `line`. `ending`
    stands for that of a name which has another. One row at a time where the format allows. Raises DataInvalid.
    """
    reading = _reading.get()
    if reading is not None:
        reading.opened.append(path)
    empty = True
    try:
        for row in _rows_by_ending(path, columns, within, ending):
            empty = False
            yield row
    except UnicodeDecodeError as error:
        where = _first_no_utf8(path)
        raise DataInvalid(f"'{path}'{where} is no UTF-8 ({error.reason})", "convert the file to UTF-8") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataInvalid(f"'{path}' cannot be read ({error})", "check the file and its rights") from None
    if empty:
        raise DataInvalid(f"'{path}' holds no rows", "put the benchmark's file there")


def _rows_by_ending(path: Path, columns: Sequence[str], within: Sequence[str], ending: str) -> Iterator[Row]:
    ending = ending or ending_of(path)
    if ending == ".parquet":
        return _parquet_rows(path)
    if ending == ".arrow":
        return _arrow_rows(path)
    if ending in (".csv", ".tsv"):
        return _table_rows(path, "\t" if ending == ".tsv" else ",", columns)
    if ending == ".json":
        return _json_rows(path, within)
    return _text_rows(path) if ending == ".txt" else _line_rows(path)


def _line_rows(path: Path) -> Iterator[Row]:
    with opened(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    row = Row(_object(line, path, number), path, number)
                except DataInvalid as fault:
                    note(fault)
                    continue
                yield row


def _text_rows(path: Path) -> Iterator[Row]:
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            yield Row({"line": line.rstrip("\r\n")}, path, number)


def _table_rows(path: Path, delimiter: str, columns: Sequence[str]) -> Iterator[Row]:
    # newline="": a quoted field may hold line breaks, and U+0085 or U+2028 are none for csv.
    with io.TextIOWrapper(opened(path), encoding="utf-8-sig", newline="") as lines:
        if delimiter == ",":
            table = csv.reader(lines, strict=True)
        else:  # a quotation mark in a .tsv is a quotation mark
            table = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        cells = _next_cells(table, path) if not columns else None
        names = list(columns) or cells or []
        if len(set(names)) < len(names):
            twin = next(name for name in names if names.count(name) > 1)
            raise DataInvalid(f"'{path}', line 1: column '{twin}' stands there twice", "rename one of them")
        while True:
            line = table.line_num + 1  # a row may go on over several
            cells = _next_cells(table, path)
            if cells is None:
                return
            if len(cells) == len(names):
                yield Row(dict(zip(names, cells, strict=True)), path, line)
            elif cells:
                why = f"{len(cells)} cells where {len(names)} columns are expected"
                note(DataInvalid(f"'{path}', line {line}: {why}", "correct the file"))


def _next_cells(table: Iterator[list[str]], path: Path) -> list[str] | None:
    """The next row of a table; None at its end."""
    try:
        return next(table, None)
    except csv.Error as error:
        line = getattr(table, "line_num", 0)
        raise DataInvalid(f"'{path}', line {line}: broken CSV ({error})", "correct the quotation marks") from None


def _first_no_utf8(path: Path) -> str:
    """Where the first line stands that is no UTF-8, for a message."""
    with suppress(OSError, EOFError, zlib.error), opened(path) as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f", line {number},"
    return ""


def _json_rows(path: Path, within: Sequence[str]) -> Iterator[Row]:
    with opened(path) as file:
        try:
            value: Json = orjson.loads(file.read().removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            raise DataInvalid(f"'{path}': broken JSON ({error})", "correct the file") from None
    for number, item in enumerate(_leaves(value, tuple(within), path), 1):
        if not isinstance(item, dict):
            note(DataInvalid(f"'{path}', item {number}: a JSON object is expected", "correct the file"))
            continue
        yield Row(item, path, number)


def _leaves(value: Json, within: tuple[str, ...], path: Path) -> Iterator[Json]:
    """The items of the lists that a path of names leads to."""
    if isinstance(value, list) and (not within or within[0] == "*"):
        for item in value:
            yield from _leaves(item, within[1:], path) if within[1:] else (item,)
        return
    if not within or not isinstance(value, dict) or within[0] not in value:
        wanted = f"field '{within[0]}'" if within else "a list"
        raise DataInvalid(f"'{path}': {wanted} is missing", "put the benchmark's file there")
    yield from _leaves(value[within[0]], within[1:], path)


def _arrow_rows(path: Path) -> Iterator[Row]:
    """A file of `datasets.save_to_disk`: an Arrow IPC stream."""
    try:
        import pyarrow as arrow
    except ImportError:
        raise MissingExtra("the reader of .arrow files", "hub") from None
    number = 0
    try:
        with arrow.memory_map(os.fspath(path)) as source:
            for batch in arrow.ipc.open_stream(source):
                for fields in batch.to_pylist():
                    number += 1
                    yield Row(fields, path, number)
    except (arrow.ArrowInvalid, ValueError) as error:
        raise DataInvalid(f"'{path}' cannot be read ({error})", "check the file") from None


def ending_of(path: Path) -> str:
    """What a file is by its name, gzipped or not: ".jsonl"."""
    return Path(path.name.removesuffix(".gz")).suffix


def opened(path: Path) -> BinaryIO | gzip.GzipFile:
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
