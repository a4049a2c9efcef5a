"""Cuts documents into chunks of so many tokens, each sharing some with the one before it.

Tokens are those of the embedder that will read the chunk, so a chunk of 256 fills the window of MiniLM (its two
marks are counted). Cuts fall between tokens and never within a word. Text whose tokens are long is cut sooner: a
chunk has at most 10 characters for each token it has room for, blanks aside. Pure. Example:

    chunks(document, embedder, Cut(size=256, overlap=50))
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

from bakeoff.core.embedding import Embedder, Span
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.retrieval import MOST_CHARS_OF_TOKEN
from bakeoff.retrieval.documents import Chunk, Document
from bakeoff.retrieval.tokens import signs, tokens_of

MARKS = 2  # [CLS] and [SEP], which an embedder adds
SMALLEST = 16


@dataclass(frozen=True, slots=True)
class Cut:
    """How documents are cut: tokens of a chunk, and how many of them the next one has again."""

    size: int = 256
    overlap: int = 50

    def __post_init__(self) -> None:
        if self.size < SMALLEST:
            raise ConfigInvalid(f"chunks of {self.size} tokens hold too little", f"ask for {SMALLEST} or more")
        if not 0 <= self.overlap < self.size - MARKS:
            raise ConfigInvalid(
                f"chunks of {self.size} tokens cannot overlap by {self.overlap}",
                f"ask for 0 to {self.size - MARKS - 1}, usually a fifth of the size",
            )


def chunks(document: Document, embedder: Embedder, cut: Cut) -> Iterator[Chunk]:
    """The chunks of a document in order; none where it has no tokens."""
    spans = tokens_of(document.text, embedder)
    for first, last in _windows(spans, document.text, cut):
        start, end = spans[first][0], spans[last - 1][1]
        text = document.text[start:end]
        yield Chunk(
            _id(document.key, start, text),
            text,
            start,
            end,
            last - first,
            document.id or document.key[:12],
            document.title,
            document.section,
            document.url,
            document.source,
            document.meta,
        )


def _windows(spans: Sequence[Span], text: str, cut: Cut) -> Iterator[Span]:
    """Ranges of tokens that are the chunks. The last one ends where the document does."""
    room = cut.size - MARKS
    until = [0, *accumulate(signs(text, spans, place) for place in range(len(spans)))]
    first = 0
    while first < len(spans):
        held = bisect_right(until, until[first] + room * MOST_CHARS_OF_TOKEN) - 1
        most = max(first + 1, min(first + room, held))
        last = min(most, len(spans))
        if last < len(spans):
            last = _at_word(spans, text, last, max(first + 1, first + (most - first) // 2))
        yield first, last
        if last == len(spans):
            return
        shared = cut.overlap * (most - first) // room
        first = max(first + 1, _at_word(spans, text, last - shared, first + 1) if shared else last)


def _at_word(spans: Sequence[Span], text: str, place: int, least: int) -> int:
    """The nearest token at or before `place` that begins a word; `place` where there is none from `least` on."""
    for candidate in range(place, least - 1, -1):
        start = spans[candidate][0]
        if start == 0 or spans[candidate - 1][1] < start or not text[start - 1].isalnum():
            return candidate
    return place


def _id(document: str, start: int, text: str) -> str:
    """Eight letters and digits that stand for a chunk: short, as models have to write them."""
    name = blake2b(f"{document}\x1f{start}\x1f{text}".encode(), digest_size=5).digest()
    return base64.b32encode(name).decode().lower()


def distinct(found: Sequence[Chunk]) -> list[Chunk]:
    """Each chunk once, in order; where two texts share an id, the later one's is lengthened."""
    kept: dict[str, Chunk] = {}
    for chunk in found:
        other = kept.get(chunk.id)
        if other is not None and other.text == chunk.text and other.document == chunk.document:
            continue
        name = chunk.id
        while name in kept:
            name = f"{name}{_id(name, chunk.start, chunk.text)[:2]}"
        kept[name] = chunk if name == chunk.id else _renamed(chunk, name)
    return list(kept.values())


def _renamed(chunk: Chunk, name: str) -> Chunk:
    fields = {slot: getattr(chunk, slot) for slot in Chunk.__slots__}
    return Chunk(**(fields | {"id": name}))
