"""One file for each tool that an agent may call; the table below is all that a listing reads.

Others join through the entry points `bakeoff.tools`, as a function of a file (`path/to/file.py:name`), or from an
MCP server (`mcp:URL`, `mcp:COMMAND`).
"""

from bakeoff.core.registry import Registry

TOOLS = Registry(
    "tool",
    {
        "calculator": "bakeoff.tools.calculator:Calculator",
        "python": "bakeoff.tools.python:PythonTool",
        "retrieval": "bakeoff.tools.retrieval:Retrieval",
        "search": "bakeoff.tools.search:Search",
    },
)
