"""What a tool of one's own is made from: import from here, the other modules may move.

A subclass of `BoundedTool` with a schema of its arguments and `run`; docs/agent.md shows one. Example:

    from bakeoff.tools.base import BoundedTool, ToolConfig, ToolFailed
"""

from bakeoff.core.protocols import ToolConfig
from bakeoff.core.tools import Tool, ToolResult
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool, ToolFailed

__all__ = ["BoundedTool", "Json", "Tool", "ToolConfig", "ToolFailed", "ToolResult"]
