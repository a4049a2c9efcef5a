"""What stands in for the parts that some methods need: a base of three passages, a tool that adds.

method = build("rag_naive", top_k=2)
"""

from __future__ import annotations

from collections.abc import Mapping

from bakeoff.core.options import settled
from bakeoff.core.protocols import Method, MethodConfig
from bakeoff.core.retrieval import Passage
from bakeoff.core.tools import ToolResult
from bakeoff.core.types import Json
from bakeoff.methods import METHODS


class Base:
    """A knowledge base of three passages."""

    identity = "a base"

    async def search(self, query: str, count: int) -> list[Passage]:
        return [Passage(f"p{i}", f"Passage {i} of {len(query)} characters.", 1.0 / (i + 1)) for i in range(3)][:count]


class Adder:
    """A tool."""

    name = "calculator"
    description = "Adds."
    identity = "adder"
    steady = True

    @property
    def schema(self) -> Mapping[str, Json]:
        return {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}

    async def execute(self, arguments: Mapping[str, Json]) -> ToolResult:
        return ToolResult("4")


def build(name: str, **given_options: bool | int | float | str) -> Method:
    """A method of the table with its parts."""
    cls = METHODS.load(name)
    options = settled(name, getattr(cls, "OPTIONS", {}), given_options)
    shots = 2 if name == "few_shot" else None  # its usual five are more than some suites have
    method: Method = cls(MethodConfig(shots, options, Base(), (Adder(),)))
    return method
