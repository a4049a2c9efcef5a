"""Keys that stand twice in one object of a JSON file: JSON readers take the last, and lose the first in silence.

The reader of rows is a fast one, which cannot tell; so a file is looked at apart, once for each content of it:
its keys are counted in the text and in what was read.
Which of two equal keys counts is not defined (RFC 8259, section 4). Example:

    twin_keys(Path("x.jsonl"))    # TwinKeys(1, ((3, "answer"),)): in line 3 "answer" stands there twice
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import orjson

from bakeoff.benchmarks._files import ending_of, opened

NAMED = 3
_AT_ONCE = 1000
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?')  # with what follows a key
_LOOSE_COLON = re.compile(rb'"[ \t\r\n]+:')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]')


@dataclass(frozen=True, slots=True)
class TwinKeys:
    """How many keys stand there again, and the first of them with the line they stand in."""

    count: int = 0
    first: tuple[tuple[int, str], ...] = ()

    def __str__(self) -> str:
        told = "; ".join(f"line {line}: '{key:.40}'" for line, key in self.first)
        return told + ("; …" if self.count > len(self.first) else "")


def twin_keys(path: Path) -> TwinKeys:
    """Look at a .json or a file of JSON lines; other formats have no keys. Raises OSError."""
    ending = ending_of(path)
    if ending in (".parquet", ".arrow", ".csv", ".tsv", ".txt"):
        return TwinKeys()
    count = 0
    first: list[tuple[int, str]] = []
    try:
        for twin in _of_whole(path) if ending == ".json" else _of_lines(path):
            count += 1
            if len(first) < NAMED:
                first.append(twin)
    except (EOFError, zlib.error):  # a broken archive: whoever reads its rows says so
        pass
    return TwinKeys(count, tuple(first))


def _of_lines(path: Path) -> Iterator[tuple[int, str]]:
    number = 1
    with opened(path) as file:
        while lines := list(islice(file, _AT_ONCE)):
            if _suspect(lines):
                for place, line in enumerate(lines, number):
                    if _has_twins(line):
                        yield from ((place, key) for _, key in located(line.decode("utf-8", "replace")))
            number += len(lines)


def _suspect(lines: list[bytes]) -> bool:
    """Whether one of the lines may have twins; many at once, which is far quicker."""
    keys = _lost_keys(b"[%b]" % b",".join(line for line in lines if line.strip()))
    return keys is None or keys > 0


def _of_whole(path: Path) -> Iterator[tuple[int, str]]:
    with opened(path) as file:
        content = file.read()
    if _has_twins(content):
        yield from located(content.decode("utf-8", "replace"))


def _has_twins(content: bytes) -> bool:
    return bool(_lost_keys(content.removeprefix(b"\xef\xbb\xbf")))


def _lost_keys(content: bytes) -> int | None:
    """How many keys more the text has than the value that is read from it; None for no JSON."""
    try:
        kept = _keys(orjson.loads(content))
    except orjson.JSONDecodeError:
        return None
    # Every key ends in `":`, or in a quote and spaces before the colon: as many as were read, and none is lost.
    if content.count(b'":') == kept and not _LOOSE_COLON.search(content):
        return 0
    ends = _STRING.findall(content)
    return len(ends) - ends.count(b"") - kept


def _keys(value: object) -> int:
    """The keys of all objects in a value."""
    count, rest = 0, [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            count += len(one)
            rest += [inner for inner in one.values() if isinstance(inner, dict | list)]
        elif isinstance(one, list):
            rest += [inner for inner in one if isinstance(inner, dict | list)]
    return count


def located(text: str) -> Iterator[tuple[int, str]]:
    """(line, key) of every key that its object has already; of sound JSON."""
    line, before = 1, ""
    objects: list[set[str] | None] = []  # the keys so far of what is open; None is a list
    for hit in _TOKEN.finditer(text):
        token = hit[0]
        if token == "\n":
            line += 1
            continue
        if token in "{[":
            objects.append(set() if token == "{" else None)
        elif token in "}]":
            objects.pop()
        elif token[0] == '"' and before in ("{", ",") and objects and (keys := objects[-1]) is not None:
            key = json.loads(token)
            if key in keys:
                yield line, key
            keys.add(key)
        before = token
