"""What a method that reads before it answers is handed: something that finds passages.

passages = await retriever.search("Who wrote it?", 5)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bakeoff.core.types import Json

MOST_CHARS_OF_TOKEN = 10  # that a token counts for: a tokenizer may take any word it does not know for one


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a knowledge base: its id is what an answer cites, `score` what it was ranked by (higher is nearer)."""

    id: str
    text: str
    score: float = 0.0
    title: str = ""
    section: str = ""
    url: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)


class Retriever(Protocol):
    """A knowledge base and a way to search it."""

    @property
    def identity(self) -> str:
        """What the passages found depend on, besides the query: base, embedder, chunking, way of search."""
        ...

    async def search(self, query: str, count: int) -> list[Passage]:
        """The `count` best passages, best first; fewer where there are no more. Raises RetrievalFailed."""
        ...
