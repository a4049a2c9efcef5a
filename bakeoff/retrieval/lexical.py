"""BM25 over the words of chunks, through bm25s (https://github.com/xhluca/bm25s, MIT; Lù 2024).

Lucene's variant, k1 = 1.5, b = 0.75; words in lower case without English stop words; no stemmer. Title and section
are words of a chunk, too. Example:

    Bm25.build(["A cat sat.", "Ships left port."], folder)
    Bm25.open(folder).nearest("which ships?", 5)      # [(1, 0.47)]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bakeoff.core.errors import MissingExtra
from bakeoff.retrieval.dense import Found, best


class Bm25:
    def __init__(self, index: Any) -> None:
        """`index` is None where no chunk has a word."""
        self._index = index

    @classmethod
    def build(cls, texts: Sequence[str], folder: Path) -> None:
        """Index the texts and write that to a folder. Raises MissingExtra."""
        bm25s = _library()
        words = _words(bm25s, texts)
        if not any(words):
            return  # nothing to be found by
        index = bm25s.BM25()
        index.index(words, show_progress=False)
        index.save(str(folder), show_progress=False)

    @classmethod
    def open(cls, folder: Path) -> Bm25:
        bm25s = _library()
        return cls(None if not folder.is_dir() else bm25s.BM25.load(str(folder), mmap=True, show_progress=False))

    def nearest(self, query: str, count: int) -> list[Found]:
        """The best chunks that share a word with the query; none where none does."""
        if self._index is None:
            return []
        (words,) = _words(_library(), [query])
        known = [word for word in words if word in self._index.vocab_dict]
        if not known:
            return []
        return [(row, score) for row, score in best(self._index.get_scores(known), count) if score > 0]


def _words(bm25s: Any, texts: Sequence[str]) -> list[list[str]]:
    words: list[list[str]] = bm25s.tokenize(list(texts), return_ids=False, show_progress=False)
    return words


def _library() -> Any:
    try:
        import bm25s
    except ImportError:
        raise MissingExtra("the BM25 index", "retrieval") from None
    return bm25s
