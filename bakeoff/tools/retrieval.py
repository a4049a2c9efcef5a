"""Finds passages in a knowledge base, by its own way of search; each with the id that an answer may cite.

{"query": "height of the Eiffel Tower"}      → [eiffel-3] Eiffel Tower: It is 330 metres tall …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import ToolConfig
from bakeoff.core.retrieval import Passage
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool

PASSAGES = 3
_CHARS = 1200  # of one passage


class Retrieval(BoundedTool):
    name = "retrieval"
    description = "Finds passages about a subject in a collection of documents."
    parameters: ClassVar[Mapping[str, Json]] = {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "what to look for", "minLength": 1}},
        "required": ["query"],
        "additionalProperties": False,
    }
    needs = ("retriever",)
    seconds = 30.0

    def __init__(self, config: ToolConfig) -> None:
        if config.retriever is None:
            raise ConfigInvalid(f"tool '{self.name}' needs a knowledge base", "name one: react:kb=NAME")
        self._retriever = config.retriever

    @property
    def identity(self) -> str:
        return f"{self.name}:{PASSAGES}:{self._retriever.identity}"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        return shown(await self._retriever.search(str(arguments["query"])[:1000], PASSAGES))


def shown(passages: Sequence[Passage]) -> str:
    """Passages as a model reads them, a paragraph each."""
    if not passages:
        return "nothing was found"
    return "\n\n".join(f"[{one.id}] {one.title + ': ' if one.title else ''}{_flat(one.text)}" for one in passages)


def _flat(text: str) -> str:
    """On one line, so that no line of a passage looks like a step of the agent's own."""
    return " ".join(text[:_CHARS].split())
