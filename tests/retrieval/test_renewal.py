"""A document with the id of one that is in a base takes its place; a kill leaves the old state or the new."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.retrieval.base import KnowledgeBase, new_generation
from bakeoff.retrieval.documents import Document
from bakeoff.retrieval.ingest import Recipe, Tally, grow
from tests.conftest import require
from tests.retrieval.test_search import quiet
from tests.retrieval.words import Words

PARIS = Document("Paris lies on the Seine", "Paris", id="paris", source="a.jsonl")
ROME = Document("Rome lies on the Tiber", "Rome", id="rome", source="a.jsonl")
NOTE = Document("Ships left port", "Note", source="note.txt")
NEW = replace(PARIS, text="Paris was called Lutetia", source="b.jsonl")


def added(folder: Path, documents: Sequence[Document]) -> Tally:
    require("bm25s")
    return grow(folder / "base", documents, Recipe("words", Words()), folder / "cache", quiet)[1]


def texts(folder: Path) -> list[str]:
    return [chunk.text for chunk in KnowledgeBase.open(folder / "base").chunks()]


def identity(folder: Path) -> str:
    return KnowledgeBase.open(folder / "base").manifest.identity


def test_it_stands_where_the_old_one_did_and_is_counted(tmp_path: Path) -> None:
    added(tmp_path / "a", [PARIS, ROME, NOTE])
    assert added(tmp_path / "a", [NEW, ROME]).replaced == 1
    assert texts(tmp_path / "a") == [NEW.text, ROME.text, NOTE.text]
    added(tmp_path / "b", [NEW, ROME, NOTE])
    assert identity(tmp_path / "a") == identity(tmp_path / "b")


def test_what_is_as_it_was_changes_nothing(tmp_path: Path) -> None:
    parts = [PARIS, ROME, replace(PARIS, text="It has two million people", section="People"), NOTE]
    added(tmp_path, parts)
    before = identity(tmp_path)
    again = added(tmp_path, [replace(part, source="other.jsonl") for part in parts])
    assert (again.replaced, identity(tmp_path)) == (0, before)


def test_lines_with_one_id_that_are_read_together_are_one_document(tmp_path: Path) -> None:
    people = replace(PARIS, text="It has two million people", section="People")
    added(tmp_path, [PARIS, people, ROME])
    assert added(tmp_path, [NEW, people]).replaced == 1
    assert texts(tmp_path) == [NEW.text, people.text, ROME.text]


def test_one_without_text_any_more_is_taken_out(tmp_path: Path) -> None:
    added(tmp_path, [PARIS, ROME])
    assert added(tmp_path, [replace(PARIS, text="")]).replaced == 1
    assert texts(tmp_path) == [ROME.text]


def test_a_document_without_an_id_is_added(tmp_path: Path) -> None:
    added(tmp_path, [NOTE])
    assert added(tmp_path, [replace(NOTE, text="Ships came home")]).replaced == 0
    assert texts(tmp_path) == ["Ships left port", "Ships came home"]


@pytest.mark.parametrize("read", [[PARIS, ROME], [replace(PARIS, meta={"year": 1}), ROME], [NEW]])
def test_a_kill_at_any_step_leaves_the_old_state_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[Document]
) -> None:
    """Of the steps that change the folder, each is the last one once."""
    added(tmp_path / "old", [PARIS, ROME])
    old = texts(tmp_path / "old")
    shutil.copytree(tmp_path / "old", tmp_path / "new")
    added(tmp_path / "new", read)
    new = texts(tmp_path / "new")
    for last in range(6):
        folder = tmp_path / str(last)
        shutil.copytree(tmp_path / "old", folder)
        with monkeypatch.context() as patched:
            killed_after(last, patched)
            with suppress(KeyboardInterrupt):
                added(folder, read)
        assert texts(folder) in (old, new)
        added(folder, read)
        assert texts(folder) == new


def killed_after(steps: int, patched: pytest.MonkeyPatch) -> None:
    left = [steps]

    def step(then: object) -> object:
        def taken(*args: object, **named: object) -> object:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            return then(*args, **named)  # type: ignore[operator] # one of the functions below

        return taken

    patched.setattr("bakeoff.retrieval.base.shutil.rmtree", step(shutil.rmtree))
    patched.setattr("bakeoff.retrieval.base.Path.rename", step(Path.rename))
    patched.setattr("bakeoff.retrieval.ingest.new_generation", step(new_generation))
