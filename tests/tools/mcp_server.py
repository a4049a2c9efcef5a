"""An MCP server for the tests: `python mcp_server.py` speaks over its standard streams, with a port over HTTP."""

from __future__ import annotations

import os
import sys
import time

from mcp.server import MCPServer

server = MCPServer("tests")


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers.

    More that no model needs to know.
    """
    return str(a + b)


@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("out of luck")


@server.tool()
def end() -> str:
    """End the server."""
    os._exit(1)


@server.tool()
def long() -> str:
    """Say much."""
    return "y" * 100_000


@server.tool()
def hang() -> str:
    """Take a long time."""
    time.sleep(30)
    return "late"


@server.tool()
def surroundings() -> str:
    """Say whether a secret of the caller's can be seen."""
    return os.environ.get("OPENAI_API_KEY", "nothing")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run()
