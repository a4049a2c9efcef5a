"""Qdrant in a folder finds what exact search finds; one that is down is told, and the rest is sent later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bakeoff.core.errors import RetrievalFailed
from bakeoff.retrieval import qdrant
from bakeoff.retrieval.dense import ExactIndex
from bakeoff.retrieval.qdrant import Qdrant
from tests.conftest import require


@pytest.fixture
def vectors() -> np.ndarray:
    require("qdrant_client")
    found = np.random.default_rng(7).standard_normal((90, 8), dtype=np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def quiet(done: int, of: int) -> None:
    pass


@pytest.mark.filterwarnings("ignore")  # of its client: in a folder indexes have no effect
def test_it_finds_what_exact_search_finds(tmp_path: Path, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qdrant, "AT_ONCE", 20)
    with Qdrant.open(str(tmp_path / "q")) as index:
        index.upload("base-1", vectors[:50], quiet)  # as after a fault
        sent: list[int] = []
        index.upload("base-1", vectors, lambda done, of: sent.append(done))
        assert sent == [60, 80, 90]
        index.upload("base-0", vectors[:5], quiet)
        index.drop("base-", keep="base-1")
        with pytest.raises(RetrievalFailed):
            Qdrant.nearest(_asking(index, "base-0"), vectors[0], 3)
        found = _asking(index, "base-1").nearest(vectors[4], 6)
    exact = ExactIndex(vectors).nearest(vectors[4], 6)
    assert [row for row, _ in found] == [row for row, _ in exact]
    assert np.allclose([score for _, score in found], [score for _, score in exact], atol=1e-5)


def _asking(index: Qdrant, collection: str) -> Qdrant:
    index._collection = collection
    return index


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_is_down_and_a_folder_in_use_are_told(tmp_path: Path, vectors: np.ndarray) -> None:
    with (
        pytest.raises(RetrievalFailed, match=r"Qdrant at 'http://127.0.0.1:9' cannot be asked .*what was sent is kept"),
        Qdrant.open("http://127.0.0.1:9") as index,
    ):
        index.upload("base", vectors, quiet)
    with (
        Qdrant.open(str(tmp_path / "q")),
        pytest.raises(RetrievalFailed, match="cannot be asked"),
        Qdrant.open(str(tmp_path / "q")),
    ):
        pass
