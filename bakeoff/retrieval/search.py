"""Ways to search a knowledge base: dense, bm25, both fused, and either of them put in order anew by a reranker.

finder = Finder(base, embedder, index, "hybrid")
passages = await finder.search("Who wrote it?", 5)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol

from bakeoff.core.embedding import Embedder
from bakeoff.core.retrieval import Passage
from bakeoff.retrieval.base import KnowledgeBase
from bakeoff.retrieval.dense import DenseIndex, Found
from bakeoff.retrieval.fusion import fuse
from bakeoff.retrieval.lexical import Bm25
from bakeoff.retrieval.tokens import readable

Way = Literal["dense", "bm25", "hybrid"]
WAYS: tuple[Way, ...] = ("dense", "bm25", "hybrid")
POOL = 10  # that each half of a hybrid search brings
MOST_QUERY_CHARS = 10_000


class Reranker(Protocol):
    """Judges query and passage together, which is slower than comparing vectors and better."""

    @property
    def identity(self) -> str: ...

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How relevant each text is, higher is better; blocking."""
        ...


@dataclass(frozen=True)
class Finder:
    """One way to search one base (core Retriever). `pool`: how many each half of a hybrid search brings."""

    base: KnowledgeBase
    embedder: Embedder
    index: DenseIndex
    way: Way = "dense"
    pool: int = POOL
    reranker: Reranker | None = None

    @property
    def identity(self) -> str:
        way = f"{self.way}:{self.pool}" if self.way == "hybrid" else self.way
        last = f"/{self.reranker.identity}:{self.pool}" if self.reranker is not None else ""
        return f"{self.base.manifest.identity}/{way}{last}"

    async def search(self, query: str, count: int) -> list[Passage]:
        """In a thread: neither the model nor the matrix holds up the calls of others."""
        return await asyncio.to_thread(self.find, query, count)

    def find(self, query: str, count: int) -> list[Passage]:
        """The `count` best passages, best first; fewer where there are no more. Raises RetrievalFailed."""
        query = query[:MOST_QUERY_CHARS]
        if self.reranker is None:
            return [self._passage(found) for found in self._rows(query, count)]
        found = [self._passage(one) for one in self._rows(query, max(count, 2 * self.pool))]
        scores = self.reranker.scores(query, [passage.text for passage in found])
        again = [replace(passage, score=score) for passage, score in zip(found, scores, strict=True)]
        return sorted(again, key=lambda passage: -passage.score)[:count]

    def _rows(self, query: str, count: int) -> list[Found]:
        if not query.strip():
            return []
        if self.way == "bm25":
            return self._bm25.nearest(query, count)
        if self.way == "dense":
            return self._dense(query, count)
        pool = max(self.pool, -(-count // 2))
        halves = [self._dense(query, pool), self._bm25.nearest(query, pool)]
        return fuse([[row for row, _ in half] for half in halves])[:count]

    def _dense(self, query: str, count: int) -> list[Found]:
        return self.index.nearest(self.embedder.embed([readable(query, self.embedder)])[0], count)

    def _passage(self, found: Found) -> Passage:
        row, score = found
        return self.base.chunk(row).passage(round(score, 6))

    @cached_property
    def _bm25(self) -> Bm25:
        return Bm25.open(self.base.folder / "bm25")
