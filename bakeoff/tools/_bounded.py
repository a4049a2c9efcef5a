"""What tools share: arguments checked, time and size limited, a failure told and not raised.

A tool says its schema and `run`:

    class Shout(BoundedTool):
        name, description = "shout", "Says it louder."
        parameters = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}

        async def run(self, arguments):
            return str(arguments["text"]).upper()
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import ClassVar

from bakeoff.core.tools import ToolResult
from bakeoff.core.types import Json
from bakeoff.tools._arguments import problem

MAX_CHARS = 4000
_MAX_REASON = 300


class ToolFailed(Exception):
    """The tool has no result to give; the message is what the model reads. `fault`: as `ToolResult` has it."""

    def __init__(self, message: str, fault: bool = False) -> None:
        self.fault = fault
        super().__init__(message)


class BoundedTool:
    """A Tool. `seconds` by the clock, `most` characters of result."""

    name: str = ""
    description: str = ""
    parameters: ClassVar[Mapping[str, Json]] = {"type": "object", "properties": {}}
    steady: bool = True
    seconds: float = 10.0
    most: int = MAX_CHARS

    @property
    def schema(self) -> Mapping[str, Json]:
        return self.parameters

    @property
    def identity(self) -> str:
        return self.name

    async def execute(self, arguments: Mapping[str, Json]) -> ToolResult:
        started = time.perf_counter()
        wrong = problem(arguments, self.schema)
        if wrong:
            return ToolResult(wrong, False)
        text, success, fault = await self._tried(arguments)
        return ToolResult(text, success, time.perf_counter() - started, fault)

    async def _tried(self, arguments: Mapping[str, Json]) -> tuple[str, bool, bool]:
        """(text, success, fault)."""
        try:
            async with asyncio.timeout(self.seconds):
                return shortened(await self.run(arguments), self.most), True, False
        except ToolFailed as failed:
            return str(failed)[:_MAX_REASON], False, failed.fault
        except TimeoutError:
            return f"no result within {self.seconds:g} s", False, True
        except Exception as error:  # whatever it is: the model is told, and the loop goes on
            return f"{type(error).__name__}: {error}"[:_MAX_REASON], False, True

    async def run(self, arguments: Mapping[str, Json]) -> str:
        """The result for arguments that fit the schema. Raises ToolFailed."""
        raise NotImplementedError(f"{type(self).__name__} defines no run()")


def shortened(text: str, most: int) -> str:
    """The text, cut where it is too long; how much is missing is said."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"
