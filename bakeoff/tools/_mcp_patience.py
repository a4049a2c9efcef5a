"""How long a reply of an MCP server is awaited: less, once the server has said what is no message of the protocol.

Servers print a line of their own to the stream of messages and answer all the same, so such a line ends nothing at
once; but where the reply itself was garbled nobody else will say so. Example:

    patience = Patience()       # of one connection, whose messages go to `patience.hear`
    async with patience.awaiting():
        reply = await client.call_tool("add", {"a": 1, "b": 2})
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bakeoff.tools._bounded import ToolFailed

CALL_SECONDS = 5.0  # for the reply to a call, from the first line that is no message
STARTING_SECONDS = 20.0  # for the first replies of a server, which may say that it starts and take its time
NO_JSON = "the MCP server answered no JSON"


class Patience:
    """What is awaited on one connection."""

    def __init__(self) -> None:
        self._awaited: dict[asyncio.Timeout, float] = {}

    async def hear(self, message: object) -> None:
        """A message of the server that answers nothing; an exception is a line that could not be read."""
        if not isinstance(message, Exception):
            return
        now = asyncio.get_running_loop().time()
        for limit, seconds in self._awaited.items():
            if limit.when() is None:
                limit.reschedule(now + seconds)

    @asynccontextmanager
    async def awaiting(self, seconds: float | None = None) -> AsyncIterator[None]:
        """As long as it takes, and `seconds` from the first line that is no message. Raises ToolFailed then."""
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._awaited[limit] = CALL_SECONDS if seconds is None else seconds
                try:
                    yield
                finally:
                    del self._awaited[limit]
        except TimeoutError:
            if limit.expired():
                raise ToolFailed(NO_JSON, fault=True) from None
            raise
