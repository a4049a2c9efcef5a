"""The files of a run against their hashes: a pinned one is refused, a recorded one told, and each is hashed once."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import bakeoff
from bakeoff.app import data_index
from bakeoff.app.data_index import DataIndex
from bakeoff.app.file_hashes import compare_files
from bakeoff.app.lint import Caution
from bakeoff.app.settings import Settings
from bakeoff.app.wiring import build_benchmark
from bakeoff.benchmarks import _hub
from bakeoff.core.errors import ConfigInvalid, DataInvalid
from tests.conftest import DataFolder

ROW = '{"question": "Which, %s?", "answer": "one"}\n'


def declared(folder: Path, *more: str, rows: str = ROW % 1) -> Path:
    (folder / "x.jsonl").write_text(rows, encoding="utf-8")
    path = folder / "own.yaml"
    path.write_text("\n".join(["data: x.jsonl", "columns: {question: question, answer: answer}", *more]) + "\n")
    return path


def compared(path: Path, *files: Path) -> tuple[Caution, ...]:
    settings = Settings.load()
    benchmark = build_benchmark(str(path), settings)
    return compare_files([(str(path), benchmark, files or (path.parent / "x.jsonl",))], settings)


def run(path: Path, name: str | None = None) -> int:
    return sum(cell.estimate.n for cell in bakeoff.run(models="fake/a", benchmarks=str(path), name=name).cells)


def test_what_is_unchanged_is_not_spoken_of_and_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = declared(tmp_path)
    hashed: list[Path] = []
    real = _hub.sha256

    def counted(file: Path) -> str:
        hashed.append(file)
        return real(file)

    monkeypatch.setattr(data_index, "sha256", counted)
    assert run(path) == run(path) == 1  # any warning would be an error
    assert hashed == [tmp_path / "x.jsonl"]
    assert DataIndex(Settings.load().home).recorded(tmp_path / "x.jsonl") == real(tmp_path / "x.jsonl")


def test_a_file_that_is_not_the_declared_one_is_refused_before_anything_is_spent(tmp_path: Path, home: Path) -> None:
    right = hashlib.sha256((ROW % 1).encode()).hexdigest()
    path = declared(tmp_path, f"sha256: {{test: {right}}}")
    assert run(path) == 1
    (tmp_path / "x.jsonl").write_text(ROW % 2, encoding="utf-8")
    found = hashlib.sha256((ROW % 2).encode()).hexdigest()
    with pytest.raises(DataInvalid) as refused:
        run(path)
    said = str(refused.value)
    assert said.count("\n") == 0
    for word in (str(tmp_path / "x.jsonl"), str(path), found[:12], right[:12], "restore it", "'sha256' out of the"):
        assert word in said
    (tmp_path / "x.jsonl").write_text(ROW % 1, encoding="utf-8")
    assert run(path) == 1


def test_a_pinned_file_of_which_nothing_is_recorded(tmp_path: Path) -> None:
    path = declared(tmp_path, f"sha256: {{test: {'ab' * 32}}}")
    with pytest.raises(DataInvalid, match=r"wanted abababababab…"):
        run(path)
    assert DataIndex(Settings.load().home).recorded(tmp_path / "x.jsonl") is None  # a wrong file is no memory


def test_a_change_since_the_first_use_is_told_until_it_is_accepted_or_undone(tmp_path: Path) -> None:
    path = declared(tmp_path)
    assert run(path) == 1
    before = (tmp_path / "x.jsonl").stat()
    (tmp_path / "x.jsonl").write_text(ROW % 2, encoding="utf-8")  # of the same size
    os.utime(tmp_path / "x.jsonl", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    with pytest.warns(RuntimeWarning, match=r"data-changed: .*x\.jsonl' is not the file that was recorded .* --accept"):
        assert run(path) == 1
    (caution,) = compared(path)
    assert caution.code == "data-changed"
    (tmp_path / "x.jsonl").write_text(ROW % 1, encoding="utf-8")
    assert compared(path) == ()


def test_examples_count_too_where_they_are_shown(gsm8k_folder: DataFolder) -> None:
    folder = gsm8k_folder(5)
    asked = {"models": "fake/a", "benchmarks": "gsm8k"}
    bakeoff.run(**asked, methods="naive,few_shot:2")
    train = folder / "gsm8k" / "train.jsonl"
    train.write_text("\n".join(reversed(train.read_text().splitlines())) + "\n")
    bakeoff.run(**asked, methods="cot")
    with pytest.warns(RuntimeWarning, match=r"train\.jsonl' is not the file that was recorded"):
        bakeoff.run(**asked, methods="few_shot:2", name="other")


def test_a_file_of_the_hubs_cache_is_what_its_blob_is_named_for(tmp_path: Path) -> None:
    path = declared(tmp_path)
    blob = tmp_path / "blobs" / hashlib.sha256(b"sent").hexdigest()
    blob.parent.mkdir()
    blob.write_bytes(b"sent")
    link = tmp_path / "test.parquet"
    link.symlink_to(blob)
    assert compared(path, link) == ()
    blob.write_bytes(b"changed")
    with pytest.raises(
        DataInvalid, match=r"is not what the hub sent .*: fetch it again: bakeoff data fetch .* --force"
    ):
        compared(path, link)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = declared(tmp_path)
    (caution,) = compared(path, tmp_path / "gone.jsonl")
    assert caution.code == "data-unread" and "No such file" in caution.said
    pinned = declared(tmp_path, f"sha256: {{test: {'ab' * 32}}}")
    (tmp_path / "x.jsonl").unlink()
    (tmp_path / "x.jsonl").mkdir()
    assert [one.code for one in compared(pinned, tmp_path / "x.jsonl")] == ["data-unread"]  # it is no file of a split


def test_a_pinned_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = declared(tmp_path, f"sha256: {{test: {'ab' * 32}}}")

    def denied(file: Path) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(data_index, "sha256", denied)
    with pytest.raises(DataInvalid, match=r"cannot be compared with its hash \(Permission denied\)"):
        compared(path)


DAMAGED = ["[1]", "{", "{}garbage", '{"a": {"parts": []}}', '{"a": {"rows": 3}}', '{"a": {"twin_keys": [1, [2]]}}']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_index_is_told_and_a_pinned_file_is_compared_all_the_same(
    tmp_path: Path, home: Path, content: str
) -> None:
    home.mkdir()
    (home / "data-index.json").write_text(content)
    (caution,) = compared(declared(tmp_path))
    assert caution.code == "data-index" and "is broken" in caution.said and "delete it" in caution.hint
    with pytest.raises(DataInvalid, match="was declared for"):
        compared(declared(tmp_path, f"sha256: {{test: {'ab' * 32}}}"))
    assert (home / "data-index.json").read_text() == content
    with pytest.raises(ConfigInvalid, match="is broken"):
        DataIndex(home)


def test_an_index_that_cannot_be_read(tmp_path: Path, home: Path) -> None:
    (home / "data-index.json").mkdir(parents=True)
    (caution,) = compared(declared(tmp_path))
    assert caution.code == "data-index" and "cannot be read" in caution.said


def test_keys_that_stand_twice_are_told_once_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = declared(tmp_path, rows=ROW % 1 + '{"question": "Which?", "answer": "one",\t"answer": "two"}\n')
    (caution,) = compared(path)
    assert caution.code == "duplicate-keys"
    assert "1 key stands twice" in caution.said and "line 2: 'answer'" in caution.said
    monkeypatch.setattr(data_index, "twin_keys", lambda path: pytest.fail("looked again"))
    assert compared(path) == (caution,)
    assert json.loads((Settings.load().home / "data-index.json").read_text())


def test_shipped_suites_are_no_files_of_the_users(home: Path) -> None:
    bakeoff.run(models="fake/a", benchmarks="classification", limit=2)
    assert not (home / "data-index.json").exists()
