"""One connection to an MCP server, kept by a task of its own while the event loop runs.

The package's scopes have to be left by the task that entered them; so a task holds the connection, and calls use
it. When the loop ends the task is cancelled, and with it a server that was started by a command ends; on Linux it
ends however this process does.
"""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bakeoff.core.errors import ConfigInvalid, MissingExtra
from bakeoff.core.types import Json
from bakeoff.tools._bounded import ToolFailed
from bakeoff.tools._mcp_patience import NO_JSON, STARTING_SECONDS, Patience

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult

LIST_SECONDS = 60.0
CONNECT_SECONDS = 60.0
PARSE_ERROR = -32700  # of JSON-RPC; the package itself says it of a reply over HTTP
# A server is ended when the thread that started it is gone, even if that was killed. Its process is the same after
# exec; where we were gone before the kernel was asked, its parent is another one.
_WITH_US = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""
logging.getLogger("mcp").addHandler(logging.NullHandler())  # else it writes tracebacks to the terminal


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

    def started_by(self) -> list[str]:
        """The words that start the command so that it does not outlive us. Raises ToolFailed where there is none."""
        words = self.words()
        if shutil.which(words[0]) is None:
            raise ToolFailed(f"there is no command '{words[0]}'", fault=True)
        if sys.platform != "linux" or not sys.executable:
            return words
        return [sys.executable, "-I", "-S", "-c", _WITH_US, str(os.getpid()), *words]


def needs_mcp() -> None:
    if importlib.util.find_spec("mcp") is None:
        raise MissingExtra("the MCP package", "mcp")


@asynccontextmanager
async def connected(server: Server, patience: Patience) -> AsyncIterator[Client]:
    """A connection for as long as it is entered. Raises ToolFailed where the server answers no JSON."""
    import httpx2
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    with open(os.devnull, "w", encoding="utf-8") as nothing:
        async with AsyncExitStack() as held:
            if server.is_url:
                headers = {"Authorization": f"Bearer {server.key}"} if server.key else None
                timeout = httpx2.Timeout(CONNECT_SECONDS, read=300)
                http = httpx2.AsyncClient(headers=headers, timeout=timeout, trust_env=server.trust_proxies)
                streams = streamable_http_client(server.target, http_client=await held.enter_async_context(http))
            else:
                first, *rest = server.started_by()
                streams = stdio_client(StdioServerParameters(command=first, args=rest), errlog=nothing)
            async with patience.awaiting(STARTING_SECONDS):
                client = await held.enter_async_context(Client(streams, message_handler=patience.hear))
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
        self._patience = Patience()

    async def call(self, name: str, arguments: Mapping[str, Json]) -> CallToolResult:
        """What a tool returned. Raises ToolFailed where the server is not there."""
        from mcp import MCPError

        client = await self._connected()
        try:
            async with self._patience.awaiting():
                return await client.call_tool(name, dict(arguments))
        except ToolFailed:
            raise
        except MCPError as error:
            if error.code == PARSE_ERROR:
                raise ToolFailed(NO_JSON, fault=True) from None
            if client is self._now() and "closed" in str(error).lower():
                self._drop()
            raise ToolFailed(f"the MCP server refused: {error}", fault=True) from None
        except Exception as error:  # the connection broke, however the package says so
            self._drop()
            raise ToolFailed(f"the MCP server is gone ({type(error).__name__}: {error})", fault=True) from None

    async def _connected(self) -> Client:
        loop = asyncio.get_running_loop()
        if self._loop is not loop or self._holder is None or self._holder.done() or self._client is None:
            self._loop, self._patience = loop, Patience()
            self._client = loop.create_future()
            self._holder = loop.create_task(
                self._hold(self._client, self._patience), name=f"mcp {self.server.target:.60}"
            )
        try:
            return await asyncio.wait_for(asyncio.shield(self._client), CONNECT_SECONDS)
        except TimeoutError:
            self._drop()
            raise ToolFailed(f"no connection to the MCP server in {CONNECT_SECONDS:g} s", fault=True) from None

    async def _hold(self, client: asyncio.Future[Client], patience: Patience) -> None:
        try:
            async with connected(self.server, patience) as found:
                client.set_result(found)
                await asyncio.Event().wait()  # until it is dropped, or the loop ends
        except Exception as error:
            if client.done():
                return  # it broke later: the call that notices says so
            why = innermost(error)
            said = str(why) if isinstance(why, ToolFailed) else f"the MCP server cannot be reached ({why})"
            client.set_exception(ToolFailed(said[:300], fault=True))
            client.exception()  # looked at, should nobody wait for it any more
        finally:
            client.cancel()  # where it is not settled: whoever waits need not wait on

    def _now(self) -> Client | None:
        return self._client.result() if self._client is not None and self._client.done() else None

    def _drop(self) -> None:
        if self._holder is not None:
            self._holder.cancel()
        self._holder = self._client = None
