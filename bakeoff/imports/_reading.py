"""Files that others wrote, read in bounded memory; every complaint names the file, the line and the field.

for number, row in json_lines(Path("samples.jsonl")): text(row, "response", number, path)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TextIO

import orjson

from bakeoff.core.errors import DataInvalid, DataMissing
from bakeoff.core.types import Json
from bakeoff.imports.found import as_json

LONGEST = 64 << 20  # bytes of one line, or of one value in a file that is a single one
_CHUNK = 1 << 20
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, for complaints: a file, and a line or the name of a part of it."""

    path: Path
    line: int | str = 0

    def __str__(self) -> str:
        where = f" line {self.line:,}" if isinstance(self.line, int) else f" {self.line}"
        return f"'{self.path}'{where if self.line else ''}"

    def wrong(self, what: str, hint: str = "correct the file, or make it again") -> DataInvalid:
        return DataInvalid(f"{self}: {what}", hint)


def check_file(path: Path, hint: str) -> Path:
    """The path, when a file lies there. Raises DataMissing and DataInvalid."""
    if path.is_dir():
        raise DataInvalid(f"'{path}' is a folder", hint)
    if not path.is_file():
        raise DataMissing(f"no file '{path}'", hint)
    if path.stat().st_size == 0:
        raise DataInvalid(f"'{path}' is empty", hint)
    return path


def hashed(*paths: Path) -> str:
    """The SHA-256 of the files' bytes, one after the other."""
    hasher = sha256()
    for path in paths:
        with path.open("rb") as file:
            while block := file.read(_CHUNK):
                hasher.update(block)
    return hasher.hexdigest()


def json_lines(path: Path) -> Iterator[tuple[Place, dict[str, Json]]]:
    """Each line's object with its place; empty lines are passed over. Raises DataInvalid."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST + 1):
            number += 1
            place = Place(path, number)
            if len(line) > LONGEST:
                raise place.wrong(f"longer than {LONGEST >> 20} MB", "this is no log with a sample a line")
            if number == 1 and line.startswith(b"\x1f\x8b"):
                raise place.wrong("packed by gzip", "unpack it: gunzip -k FILE")
            if number == 1 and line.strip().removeprefix(b"\xef\xbb\xbf").startswith(b"["):
                raise place.wrong(
                    "a JSON list, and no object in each line", "write one object a line: jq -c '.[]' FILE"
                )
            if line.strip():
                yield place, parsed(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, place)


def parsed(text: bytes, place: Place) -> dict[str, Json]:
    """The JSON object in a text. Raises DataInvalid.

    Python writes NaN and Infinity, which are no JSON: they are read here, and refused where they are a score.
    """
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            said = str(error).split(":")[0] or "it is nested too deep"
            raise place.wrong(f"no JSON ({said.lower()})") from None
    if not isinstance(value, dict):
        raise place.wrong(f"a JSON object is expected, not {_kind(value)}")
    return value


def members(path: Path, opened: str) -> Iterator[tuple[str, str, Json]]:
    """(field, "", value) for the fields of a file that is one JSON object, read a piece at a time.

    The field `opened` is not kept as a whole: (opened, key or place, value) for each of its members.
    Raises DataInvalid; a value may have `LONGEST` characters.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        scan = _Scan(file, Place(path))
        for name in scan.names():
            if name != opened or scan.peek() not in "{[":
                yield name, "", scan.value()
            elif scan.peek() == "{":
                yield from ((name, inner, scan.value()) for inner in scan.names())
            else:
                yield from ((name, str(number), scan.value()) for number in scan.places())


class _Scan:
    """A cursor over JSON text of which only a window is in memory."""

    def __init__(self, file: TextIO, place: Place) -> None:
        self._place, self._file = place, file
        self._window = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def _more(self) -> bool:
        self._window = self._window[self._at :]
        self._at = 0
        if len(self._window) > LONGEST:
            raise self._place.wrong(f"a value of more than {LONGEST >> 20} MB")
        # As much as is there again, so that a long value is not scanned a hundred times.
        found = self._file.read(max(_CHUNK, len(self._window)))
        self._window += found
        return bool(found)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._window):
                if not self._window[self._at].isspace():
                    return self._window[self._at]
                self._at += 1
            if not self._more():
                return ""

    def _take(self, wanted: str) -> str:
        found = self.peek()
        if not found or found not in wanted:
            what = f"'{found}'" if found else "the end of the file"
            raise self._place.wrong(f"no JSON ({' or '.join(wanted)} expected, {what} found)")
        self._at += 1
        return found

    def value(self) -> Json:
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._window, self._at)
            except RecursionError:
                raise self._place.wrong("no JSON (it is nested too deep)") from None
            except ValueError as error:
                if self._more():
                    continue
                raise self._place.wrong(f"no JSON ({str(error).split(':')[0].lower()})") from None
            if not self._window[end:].strip("0123456789.eE+-") and self._more():
                continue  # a number may go on: the window may end behind "12" or "12." or "12e-"
            self._at = end
            return value  # type: ignore[no-any-return]

    def names(self) -> Iterator[str]:
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise self._place.wrong("no JSON (a field has no name)")
            self._take(":")
            yield name
            if self._take(",}") == "}":
                return

    def places(self) -> Iterator[int]:
        self._take("[")
        number = 0
        if self.peek() == "]":
            self._take("]")
            return
        while True:
            yield number
            number += 1
            if self._take(",]") == "]":
                return


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list"}
    return names.get(type(value), "an object")


def mapping(value: Json) -> dict[str, Json]:
    """The value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: Json) -> list[Json]:
    """The value when it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Json) -> str:
    """A value as text: itself, or as JSON. None is empty."""
    if value is None or isinstance(value, str):
        return value or ""
    return as_json(value).decode()


def needed(row: Mapping[str, Json], name: str, place: Place) -> Json:
    """A field that has to be there. Raises DataInvalid."""
    if name not in row:
        raise place.wrong(f"field '{name}' is missing", "is this a log of that tool, and of a version that is read?")
    return row[name]


def number(value: Json, place: Place, what: str, hint: str = "choose another one with --metric") -> float:
    """A finite number, true and false being 1 and 0. Raises DataInvalid."""
    if not isinstance(value, bool | int | float):
        raise place.wrong(f"{what} is no number but {_kind(value)}", hint)
    if not math.isfinite(value):
        raise place.wrong(f"{what} is {value}, which is no score", "correct it, or leave the sample out")
    return float(value)


def count(value: Json) -> int | None:
    """A number of tokens, where one is told."""
    told = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return int(value) if told and 0 <= value <= _LARGEST else None  # type: ignore[arg-type, operator]


def amount(value: Json) -> float | None:
    """An amount of dollars or seconds, where one is told that can be one: from 0 to two thousand million."""
    told = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if told and 0 <= value <= _LARGEST else None  # type: ignore[arg-type, operator]


def seconds(value: Json) -> float:
    """A time, where one is told; else 0, which is no measurement."""
    return amount(value) or 0.0
