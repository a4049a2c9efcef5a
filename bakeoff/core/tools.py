"""What an agent may use: tools by name, each with a JSON schema of its arguments and limits of its own.

result = await tool.execute({"expression": "2 + 2"})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bakeoff.core.types import Json


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool said, or why it could not: a failure is no exception but an observation. `seconds` by the clock.

    `fault`: it failed for reasons of its own - its time was up, its service is down - and may not the next time.
    """

    text: str
    success: bool = True
    seconds: float = 0.0
    fault: bool = False


class Tool(Protocol):
    """Something a model can call.

    `steady`: equal arguments always give an equal result. What another tool said is kept (`ToolMemory`), so that a
    trial that is begun anew is told the same.
    """

    name: str
    description: str
    steady: bool

    @property
    def schema(self) -> Mapping[str, Json]:
        """JSON schema of the arguments, an object."""
        ...

    @property
    def identity(self) -> str:
        """What its results depend on, besides the arguments: part of what a run is."""
        ...

    async def execute(self, arguments: Mapping[str, Json]) -> ToolResult:
        """Run it within its limits of time and size."""
        ...


class ToolMemory(Protocol):
    """What tools said, by a key that names the call and everything before it. Outlives the process."""

    def find(self, key: str) -> ToolResult | None: ...

    def keep(self, key: str, result: ToolResult) -> None:
        """Durable when it returns. Raises SystemFault."""
        ...
