"""Tools of an MCP server, by its URL or by the command that starts it.

Model Context Protocol, https://modelcontextprotocol.io, through its own Python package (extra `mcp`). The server is
asked for its tools once; a call goes over a connection that is kept while the run lasts, and made anew when it broke.

    mcp:http://127.0.0.1:8000/mcp           mcp:python weather_server.py
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool, ToolFailed
from bakeoff.tools._mcp_patience import NO_JSON, Patience
from bakeoff.tools._mcp_session import LIST_SECONDS, PARSE_ERROR, Server, Session, connected, innermost, needs_mcp

if TYPE_CHECKING:
    from mcp_types import CallToolResult
    from mcp_types import Tool as Offered

CALL_SECONDS = 60.0
_MOST_TOOLS = 100
_MOST_PAGES = 20
_NAME = re.compile("[A-Za-z0-9_.-]{1,128}")  # what the protocol allows; it goes into the prompt as it is


class McpTool(BoundedTool):
    """One tool of a server. Not steady: the server is somebody else's."""

    steady = False
    seconds = CALL_SECONDS

    def __init__(self, session: Session, name: str, description: str, schema: Mapping[str, Json]) -> None:
        self._session = session
        self._schema = schema
        self.name = name
        self.description = " ".join(description.replace("\0", "\ufffd").split("\n\n")[0].split())[:500]
        self.description = self.description or f"Calls {name}."

    @property
    def schema(self) -> Mapping[str, Json]:
        return self._schema

    @property
    def identity(self) -> str:
        return f"mcp:{self._session.server.target}:{self.name}:{digest(dict(self._schema))[:16]}"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        result = await self._session.call(self.name, arguments)
        text = told(result)
        if result.is_error:
            raise ToolFailed(text or "the server's tool failed")
        return text


def tools_of(server: Server) -> tuple[McpTool, ...]:
    """All tools of a server. Asks it. Raises ConfigInvalid, MissingExtra."""
    needs_mcp()
    session = Session(server)
    return tuple(McpTool(session, name, said, schema) for name, said, schema in _offered(server))


@cache
def _offered(server: Server) -> tuple[tuple[str, str, Mapping[str, Json]], ...]:
    """(name, description, schema) of each tool. In a loop of its own: whoever builds a method may be in one."""
    found: list[Offered] = []
    failed: list[BaseException] = []

    def ask() -> None:
        try:
            found.extend(asyncio.run(asyncio.wait_for(_listed(server), LIST_SECONDS)))
        except BaseException as error:
            failed.append(innermost(error))

    thread = threading.Thread(target=ask, name="mcp-list", daemon=True)
    thread.start()
    thread.join(LIST_SECONDS)  # no longer, though the end of the server takes it a moment
    if failed or thread.is_alive():
        why = _reason(failed[0]) if failed else f"no answer in {LIST_SECONDS:g} s"
        raise ConfigInvalid(
            f"the MCP server '{server.target}' told no tools ({why})",
            "check that the address or command is right, and that the server runs alone",
        )
    if not found:
        raise ConfigInvalid(f"the MCP server '{server.target}' has no tools", "name another one")
    odd = next((one.name for one in found if not _NAME.fullmatch(one.name)), None)
    if odd is not None:
        raise ConfigInvalid(
            f"the MCP server '{server.target}' calls a tool {odd[:60]!r}, and a name is letters, digits, '_', '-', '.'",
            "correct its name, or name another server",
        )
    return tuple((one.name, one.description or "", dict(one.input_schema)) for one in found)


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {LIST_SECONDS:g} s"
    if getattr(error, "code", None) == PARSE_ERROR:
        return NO_JSON
    said = str(error) if isinstance(error, ToolFailed) else f"{type(error).__name__}: {error}"
    return " ".join(said.split())[:200]


async def _listed(server: Server) -> Sequence[Offered]:
    patience = Patience()
    async with connected(server, patience) as client, patience.awaiting():
        found: list[Offered] = []
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None or len(found) >= _MOST_TOOLS:
                break
        return found[:_MOST_TOOLS]


def told(result: CallToolResult) -> str:
    """The text of a result: its text parts, what else there is by its kind; else its structured content."""
    parts = [str(getattr(part, "text", None) or f"[{part.type}]") for part in result.content]
    if parts:
        return "\n".join(parts)
    if result.structured_content is None:
        return ""
    return orjson.dumps(result.structured_content).decode()
