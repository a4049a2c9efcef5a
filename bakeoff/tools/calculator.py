"""Works out arithmetic: + - * / // % **, brackets, percentages, and the usual functions.

Within limits of length, nesting and magnitude, so that no expression takes long or much memory. No names, no
attributes, no programs: [the parser](_arithmetic.py) knows numbers alone.

    {"expression": "(48 / 2) + 48"}       → 72
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bakeoff.core.protocols import ToolConfig
from bakeoff.core.types import Json
from bakeoff.tools._arithmetic import MAX_LENGTH, work_out
from bakeoff.tools._bounded import BoundedTool, ToolFailed
from bakeoff.tools._functions import Refused


class Calculator(BoundedTool):
    name = "calculator"
    description = "Works out arithmetic: numbers, + - * / ** %, brackets, functions such as sqrt, round, max."
    parameters: ClassVar[Mapping[str, Json]] = {
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "e.g. (48 / 2) + 48", "minLength": 1}},
        "required": ["expression"],
        "additionalProperties": False,
    }
    seconds = 2.0

    def __init__(self, config: ToolConfig | None = None) -> None:
        del config

    @property
    def identity(self) -> str:
        return f"calculator:2:{MAX_LENGTH}"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        try:
            return work_out(str(arguments["expression"]))
        except Refused as refused:
            raise ToolFailed(str(refused)) from None
