"""Keys that stand twice: found with their line, whatever stands around them, and nothing else is."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.benchmarks._twin_keys import TwinKeys, located, twin_keys

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": 1, "b": {"c": 1, "c": 2}}\n', ((2, "c"),)),
        ("a.jsonl", '\ufeff{"a": 1, "a": 2, "a": 3}\n', ((1, "a"), (1, "a"))),
        ("a.jsonl", '{"a": 1, "\\u0061": 2}\n', ((1, "a"),)),
        ("a.jsonl", '{"a": "a", "b": ["a", "a", {"a": 1}]}\n', ()),
        ("a.jsonl", '{"a": "\\"a\\": 1, \\"a\\": 2"}\n', ()),
        ("a.jsonl", '{"a": 1, "a": }\n[1]\n\nbroken\n', ()),
        ("a.json", '[\n {"a": 1},\n {"b": 1,\n  "a": {"b": 2},\n  "b": 3}\n]', ((5, "b"),)),
        ("a.json", "[", ()),
        ("a.csv", '"{""a"": 1, ""a"": 2}"\n', ()),
    ],
)
def test_found_with_line_and_key(tmp_path: Path, name: str, text: str, found: tuple[tuple[int, str], ...]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert twin_keys(tmp_path / name) == TwinKeys(len(found), found)


def test_in_an_archive_and_in_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"a": 1, "a": 2}\n' * 5000))
    assert twin_keys(path).count == 5000
    path.write_bytes(path.read_bytes()[:60])
    assert twin_keys(path).count < 5000


def test_among_thousands_and_beside_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = ['{"a": 1}'] * 3000
    lines[700], lines[2100], lines[2999] = "broken", '{"a": 1, "a": 2}', "\n" + '{"b": 1, "b": 2}'
    path.write_text("\n".join(lines), encoding="utf-8")
    assert twin_keys(path).first == ((2101, "a"), (3001, "b"))


def test_the_first_three_are_named() -> None:
    told = str(TwinKeys(7, ((1, "a"), (2, "b"), (9, "c"))))
    assert told == "line 1: 'a'; line 2: 'b'; line 9: 'c'; …"


@given(VALUES, st.sampled_from([None, 1]))
def test_what_is_written_once_is_found_never(value: object, indent: int | None) -> None:
    assert list(located(json.dumps(value, indent=indent))) == []


@given(st.text(max_size=8), VALUES)
def test_what_is_written_twice_is_found_once(key: str, value: object) -> None:
    pair = f"{json.dumps(key)}: {json.dumps(value)}"
    assert list(located(f"[{{{pair},\n{pair}}}]")) == [(2, key)]
