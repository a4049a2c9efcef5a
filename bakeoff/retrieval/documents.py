"""What is read into a knowledge base, and the pieces that it is cut into.

Document(text="Paris is the capital of France.", title="Paris", source="paris.md")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bakeoff.core.hashing import digest
from bakeoff.core.retrieval import Passage
from bakeoff.core.types import Json


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what is known of it. `id` is what its owner calls it, where he does; `source` the file."""

    text: str
    title: str = ""
    section: str = ""
    url: str = ""
    id: str = ""
    source: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What stands for it: two documents with the same key are one."""
        return digest([self.id, self.title, self.section, self.url, self.text])


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: `start` and `end` are characters of that text, `tokens` those of the embedder."""

    id: str
    text: str
    start: int
    end: int
    tokens: int
    document: str
    title: str = ""
    section: str = ""
    url: str = ""
    source: str = ""
    meta: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", {})}

    def passage(self, score: float) -> Passage:
        """Its own facts hold against a document's metadata of the same names: a budget is counted by them."""
        meta: dict[str, Json] = {"source": self.source, **self.meta}
        meta |= {"tokens": self.tokens, "document": self.document, "start": self.start, "end": self.end}
        return Passage(self.id, self.text, score, self.title, self.section, self.url, meta)
