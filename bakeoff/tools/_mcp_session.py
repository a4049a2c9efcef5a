"""One connection to an MCP server, kept by a task of its own while the event loop runs.

The package's scopes have to be left by the task that entered them; so a task holds the connection, and calls use
it. When the loop ends the task is cancelled, and with it a server that was started by a command ends.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shlex
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bakeoff.core.errors import ConfigInvalid, MissingExtra
from bakeoff.core.types import Json
from bakeoff.tools._bounded import ToolFailed

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult

LIST_SECONDS = 60.0
CONNECT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A URL or a command. `key` is sent as a bearer token to a URL."""

    target: str
    key: str | None = field(default=None, repr=False)
    trust_proxies: bool = False

    @property
    def is_url(self) -> bool:
        return self.target.startswith(("http://", "https://"))

    def words(self) -> list[str]:
        """The command, as a shell would take it apart. Raises ConfigInvalid."""
        try:
            words = shlex.split(self.target)
        except ValueError as error:
            raise ConfigInvalid(f"the MCP command '{self.target}' cannot be read ({error})", "correct it") from None
        if not words:
            raise ConfigInvalid("the MCP server has neither URL nor command", "write mcp:URL or mcp:COMMAND")
        return words


def needs_mcp() -> None:
    if importlib.util.find_spec("mcp") is None:
        raise MissingExtra("the MCP package", "mcp")


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Client]:
    """A connection for as long as it is entered."""
    import httpx2
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if server.is_url:
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else None
        timeout = httpx2.Timeout(CONNECT_SECONDS, read=300)
        async with (
            httpx2.AsyncClient(headers=headers, timeout=timeout, trust_env=server.trust_proxies) as http,
            Client(streamable_http_client(server.target, http_client=http)) as client,
        ):
            yield client
        return
    first, *rest = server.words()
    with open(os.devnull, "w", encoding="utf-8") as nothing:
        params = StdioServerParameters(command=first, args=rest)
        async with Client(stdio_client(params, errlog=nothing)) as client:
            yield client


def innermost(error: BaseException) -> BaseException:
    """The error behind the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


class Session:
    """Calls of a server's tools, over one connection for each event loop."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._loop: asyncio.AbstractEventLoop | None = None
        self._holder: asyncio.Task[None] | None = None
        self._client: asyncio.Future[Client] | None = None

    async def call(self, name: str, arguments: Mapping[str, Json]) -> CallToolResult:
        """What a tool returned. Raises ToolFailed where the server is not there."""
        from mcp import MCPError

        client = await self._connected()
        try:
            return await client.call_tool(name, dict(arguments))
        except MCPError as error:
            if client is self._now() and "closed" in str(error).lower():
                self._drop()
            raise ToolFailed(f"the MCP server refused: {error}", fault=True) from None
        except Exception as error:  # the connection broke, however the package says so
            self._drop()
            raise ToolFailed(f"the MCP server is gone ({type(error).__name__}: {error})", fault=True) from None

    async def _connected(self) -> Client:
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._holder is None or self._holder.done() or self._client is None:
            self._loop = loop
            self._client = loop.create_future()
            self._holder = loop.create_task(self._hold(self._client), name=f"mcp {self.server.target:.60}")
        try:
            return await asyncio.wait_for(asyncio.shield(self._client), CONNECT_SECONDS)
        except TimeoutError:
            self._drop()
            raise ToolFailed(f"no connection to the MCP server in {CONNECT_SECONDS:g} s", fault=True) from None

    async def _hold(self, client: asyncio.Future[Client]) -> None:
        try:
            async with connected(self.server) as found:
                client.set_result(found)
                await asyncio.Event().wait()  # until it is dropped, or the loop ends
        except Exception as error:
            if client.done():
                return  # it broke later: the call that notices says so
            client.set_exception(ToolFailed(f"the MCP server cannot be reached ({innermost(error)})"[:300], fault=True))
            client.exception()  # looked at, should nobody wait for it any more
        finally:
            client.cancel()  # where it is not settled: whoever waits need not wait on

    def _now(self) -> Client | None:
        return self._client.result() if self._client is not None and self._client.done() else None

    def _drop(self) -> None:
        if self._holder is not None:
            self._holder.cancel()
        self._holder = self._client = None
