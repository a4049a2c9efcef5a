"""The tokens of a text as its embedder counts them, none of them long; and the text as the embedder can read it.

WordPiece takes a word of more than 100 characters for one token that it does not know: 200,000 letters without a
space count as one, and a Thai paragraph means nothing to it. Such runs are cut before it reads them; any other text
is read as it is. Pure. Example:

    tokens_of("a" * 200, MiniLm())          # 100, in place of 1
    readable("a" * 200, MiniLm())           # with a blank after every 10 letters
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from bakeoff.core.embedding import Embedder, Span
from bakeoff.core.retrieval import MOST_CHARS_OF_TOKEN

LONGEST = 100  # characters of a word that WordPiece reads
_ITS_PARTS = 3  # that the tokenizer takes a sign apart into, at most, before it counts: a syllable of Hangul
_SHORT = LONGEST // _ITS_PARTS
_LONG_RUN = re.compile(rf"\S{{{_SHORT + 1}}}")


def tokens_of(text: str, embedder: Embedder) -> list[Span]:
    """Where the tokens are; between the starts of two of them stand at most about `LONGEST` signs, blanks aside."""
    spans = embedder.tokens(text)
    found: list[Span] = []
    for place, (start, end) in enumerate(spans):
        until = spans[place + 1][0] if place + 1 < len(spans) else end
        if until - start <= _SHORT:
            found.append((start, end))
            continue
        found += _of_run(text, start, end, embedder) if _is_long(text[start:end]) else [(start, end)]
        found += _passed_over(text, end, until)
    return found


def readable(text: str, embedder: Embedder) -> str:
    """The text with blanks in runs that the embedder takes for one unknown word; any other as it is."""
    if not _LONG_RUN.search(text):
        return text
    parts = []
    done = 0
    for start, end in embedder.tokens(text):
        if _is_long(text[start:end]):
            parts += [text[done:start], " ".join(text[at:to] for at, to in _pieces(text, start, end))]
            done = end
    return "".join([*parts, text[done:]])


def signs(text: str, spans: Sequence[Span], place: int) -> int:
    """The characters from one token to the next, blanks aside."""
    start, end = spans[place]
    until = spans[place + 1][0] if place + 1 < len(spans) else end
    return len("".join(text[start:until].split()))


def _is_long(run: str) -> bool:
    return len(run) > _SHORT and len(unicodedata.normalize("NFD", run)) > LONGEST


def _of_run(text: str, start: int, end: int, embedder: Embedder) -> Iterator[Span]:
    for at, to in _pieces(text, start, end):
        for first, last in embedder.tokens(text[at:to]):
            yield at + first, at + last


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """A run in parts; none begins with a mark that belongs to the sign before it, unless all are marks."""
    while start < end:
        to = min(start + MOST_CHARS_OF_TOKEN, end)
        while to < end and to > start + MOST_CHARS_OF_TOKEN // 2 and unicodedata.category(text[to]).startswith("M"):
            to -= 1
        yield start, to
        start = to


def _passed_over(text: str, start: int, end: int) -> Iterator[Span]:
    """Signs that the tokenizer leaves out, such as those of no width: they are sent to a model all the same."""
    if len("".join(text[start:end].split())) <= LONGEST:
        return
    for at in range(start, end, MOST_CHARS_OF_TOKEN):
        to = min(at + MOST_CHARS_OF_TOKEN, end)
        if text[at:to].strip():
            yield at, to
