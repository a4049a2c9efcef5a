"""The readers below the formats: JSON in pieces is JSON, bounds hold, archives that are none are told."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import DataInvalid
from bakeoff.imports import _reading, _zipped
from bakeoff.imports._reading import json_lines, members
from bakeoff.imports._zipped import Archive

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=5), VALUES, st.integers(1, 40), st.booleans())
def test_an_object_in_pieces_is_the_object(
    fields: dict[str, object], opened: object, chunk: int, indented: bool
) -> None:
    """Whatever the size of a piece: a number, an escape or a name may be cut at its end."""
    whole = {**fields, "opened": opened}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(_reading, "_CHUNK", chunk)
        path = Path(folder) / "whole.json"
        path.write_text(json.dumps(whole, indent=1 if indented else None), encoding="utf-8")
        found = list(members(path, "opened"))
    inside = [(name, value) for outer, name, value in found if outer == "opened"]
    if isinstance(opened, dict):
        assert dict(inside) == opened
    elif isinstance(opened, list):
        assert [value for _, value in inside] == opened
    else:
        assert inside == [("", opened)]
    assert {outer: value for outer, _, value in found if outer != "opened"} == {
        name: value for name, value in fields.items() if name != "opened"
    }


@pytest.mark.parametrize(
    "text", ["", "[1]", "{", '{"a"', '{"a": 1', '{"a": 1,', '{"a": tru', '{"opened": [1', "{1: 2}", "{]"]
)
def test_half_an_object_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    path.write_text(text)
    with pytest.raises(DataInvalid, match="no JSON"):
        list(members(path, "opened"))


def test_a_line_without_an_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reading, "LONGEST", 1000)
    path = tmp_path / "long.jsonl"
    path.write_text('{"id": 1}\n{"id": "' + "x" * 5000)
    with pytest.raises(DataInvalid, match="line 2: longer than"):
        list(json_lines(path))
    path.write_text('{"a": "' + "x" * 9000)
    monkeypatch.setattr(_reading, "_CHUNK", 100)
    with pytest.raises(DataInvalid, match="a value of more than"):
        list(members(path, "opened"))


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text('{"a": ' + "[" * 100_000 + "\n")
    with pytest.raises(DataInvalid, match="line 1: no JSON"):
        list(json_lines(path))
    with pytest.raises(DataInvalid, match="no JSON"):
        list(members(path, "opened"))


def test_archives_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.json", '{"a": 1}' * 200)
    whole = path.read_bytes()
    with Archive.open(path) as found:
        assert found.read("header.json") == b'{"a": 1}' * 200
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataInvalid, match="cut short"):
        Archive.open(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(DataInvalid, match="is no zip archive"):
        Archive.open(path)
    path.write_bytes(whole.replace(whole[50:54], b"\xff\xff\xff\xff", 1))
    with Archive.open(path) as found, pytest.raises(DataInvalid, match=r"member 'header\.json'"):
        found.read("header.json")
    path.write_bytes(whole)
    monkeypatch.setattr(_zipped, "LARGEST", 100)
    with Archive.open(path) as found, pytest.raises(DataInvalid, match="larger than"):
        found.read("header.json")
