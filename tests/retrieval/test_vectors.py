"""Vectors by content: nothing is embedded twice, and what a kill leaves behind is whole."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from bakeoff.core.errors import RunLocked
from bakeoff.retrieval.vectors import VectorCache
from tests.retrieval.words import Words

TEXTS = [f"text number {number}" for number in range(150)]


def fill(folder: Path, embedder: Words, texts: list[str]) -> np.ndarray:
    with VectorCache.open(folder, 64) as cache:
        return cache.fill(texts, embedder.embed)


def test_what_was_embedded_is_not_embedded_again(tmp_path: Path) -> None:
    embedder = Words()
    first = fill(tmp_path, embedder, [*TEXTS, TEXTS[0]])
    again = fill(tmp_path, embedder, [TEXTS[3], "new", TEXTS[0]])
    assert embedder.asked == 151
    assert np.array_equal(again[0], first[3]) and np.array_equal(again[2], first[0])
    assert np.array_equal(first[-1], first[0])


@pytest.mark.parametrize(
    "torn", [("keys.bin", 7), ("vectors.bin", 100), ("keys.bin", 16 * 20), ("vectors.bin", 256 * 9)]
)
def test_a_torn_end_is_owed_again(tmp_path: Path, torn: tuple[str, int]) -> None:
    whole = fill(tmp_path, Words(), TEXTS)
    path = tmp_path / torn[0]
    os.truncate(path, path.stat().st_size - torn[1])
    embedder = Words()
    assert np.array_equal(fill(tmp_path, embedder, TEXTS), whole)
    assert 0 < embedder.asked <= 20


def test_what_came_before_a_fault_is_kept(tmp_path: Path) -> None:
    embedder = Words()

    def failing(texts: list[str]) -> np.ndarray:
        if embedder.asked >= 128:
            raise OSError("gone")
        return embedder.embed(texts)

    with pytest.raises(OSError, match="gone"), VectorCache.open(tmp_path, 64) as cache:
        cache.fill(TEXTS, failing)  # type: ignore[arg-type] # a list is a sequence
    later = Words()
    fill(tmp_path, later, TEXTS)
    assert later.asked == 150 - 128


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    with (
        VectorCache.open(tmp_path, 64),
        pytest.raises(RunLocked, match="another process"),
        VectorCache.open(tmp_path, 64),
    ):
        pass
