"""Finds pages of Wikipedia by a query: their titles and how they begin. A knowledge base stands in offline.

Asks the MediaWiki API (https://www.mediawiki.org/wiki/API:Search, text under CC BY-SA 4.0) politely: one call at a
time, `GAP` seconds apart, waiting as it is told to (`Retry-After`) and longer after each fault; what was found is
kept in a file. `BAKEOFF_SEARCH_URL` names another wiki. With HF_HUB_OFFLINE=1 the knowledge base is asked instead.

    {"query": "height of the Eiffel Tower"}      → [Eiffel Tower] The Eiffel Tower is a lattice tower …
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp
import orjson

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.protocols import ToolConfig
from bakeoff.core.tools import ToolResult
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool, ToolFailed
from bakeoff.tools._kept import Kept
from bakeoff.tools.retrieval import PASSAGES, shown

WIKIPEDIA = "https://en.wikipedia.org/w/api.php"
GAP = 0.2
TRIES = 4
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 20.0
_MAX_BYTES = 1_000_000
_EXTRACT = 1000  # characters of a page
_PARAMS = {
    "action": "query",
    "format": "json",
    "formatversion": "2",
    "redirects": "1",
    "generator": "search",
    "gsrlimit": str(PASSAGES),
    "prop": "extracts",
    "exintro": "1",
    "explaintext": "1",
    "exlimit": str(PASSAGES),
}
_AGENT = "Bakeoff (evaluation of language models)"


class Search(BoundedTool):
    name = "search"
    description = "Searches Wikipedia and returns how the best pages begin."
    parameters: ClassVar[Mapping[str, Json]] = {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "what to look for", "minLength": 1}},
        "required": ["query"],
        "additionalProperties": False,
    }
    steady = False  # pages change
    needs = ("offline_retriever",)
    seconds = 60.0

    def __init__(
        self, config: ToolConfig | None = None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        given = config or ToolConfig()
        self._base = given.retriever if given.offline else None
        self._url = given.base_url or WIKIPEDIA
        if given.offline and self._base is None:
            raise ConfigInvalid(
                "tool 'search' may not reach Wikipedia, as HF_HUB_OFFLINE is set",
                "unset it, or name a knowledge base that stands in: react:tools=search,kb=NAME",
            )
        if urlsplit(self._url).scheme not in ("http", "https"):
            raise ConfigInvalid(f"BAKEOFF_SEARCH_URL is '{self._url}'", f"give an address like {WIKIPEDIA}")
        self._trust_proxies = given.trust_proxies
        self._kept = Kept(given.folder / "search") if given.folder is not None else None
        self._free_at = 0.0
        self._sleep = sleep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()

    @property
    def identity(self) -> str:
        where = self._base.identity if self._base is not None else f"{self._url}:{_EXTRACT}"
        return f"search:{PASSAGES}:{where}"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        query = " ".join(str(arguments["query"]).split())[:300]
        if self._base is not None:
            return shown(await self._base.search(query, PASSAGES))
        key = digest([self.identity, query])
        found = self._kept.find(key) if self._kept is not None else None
        if found is not None:
            return found.text
        text = pages(await self._asked(query))
        if self._kept is not None:
            self._kept.keep(key, ToolResult(text))
        return text

    async def _asked(self, query: str) -> bytes:
        """The reply of the wiki, however often it has to be asked. Raises ToolFailed."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a lock belongs to the loop that first waited for it
            self._loop, self._turn, self._free_at = loop, asyncio.Lock(), 0.0
        said: bytes | str = ""
        async with self._turn:
            for number in range(1, TRIES + 1):
                await self._sleep(max(0.0, self._free_at - time.monotonic()))
                said, wait = await self._once(query)
                self._free_at = time.monotonic() + GAP
                if isinstance(said, bytes):
                    return said
                if wait is None or number == TRIES:
                    break
                self._free_at += min(_LONGEST_WAIT, max(wait, _FIRST_WAIT * 2 ** (number - 1)))
        raise ToolFailed(str(said), fault=True)

    async def _once(self, query: str) -> tuple[bytes | str, float | None]:
        """The reply; or what is wrong, and the seconds to wait before another try (None: there is no use in one)."""
        params = {**_PARAMS, "gsrsearch": query}
        where = urlsplit(self._url).netloc
        timeout = aiohttp.ClientTimeout(total=15, sock_connect=5)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=self._trust_proxies) as session,
                session.get(self._url, params=params, headers={"User-Agent": _AGENT}) as reply,
            ):
                if reply.status in (429, 503):
                    return f"'{where}' asks to wait", _seconds(reply.headers.get("Retry-After"))
                if reply.status != 200:
                    return f"'{where}' answered {reply.status}", 0.0 if reply.status >= 500 else None
                body = b""
                async for chunk in reply.content.iter_chunked(65_536):
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        return f"'{where}' answered more than 1 MB", None
                return body, None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"'{where}' cannot be reached ({type(error).__name__})", 0.0


def pages(reply: bytes) -> str:
    """What a wiki found, as a model reads it: a paragraph for each page. Raises ToolFailed."""
    try:
        found = orjson.loads(reply)
        listed = found.get("query", {}).get("pages", [])
        ranked = sorted(listed, key=lambda page: page.get("index", 0))
        told = [(str(page["title"]), " ".join(str(page.get("extract") or "").split())) for page in ranked]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ToolFailed("the wiki's answer cannot be read", fault=True) from None
    texts = [f"[{title}] {text[:_EXTRACT]}{'…' if len(text) > _EXTRACT else ''}" for title, text in told]
    return "\n\n".join(texts) or "nothing was found"


def _seconds(told: str | None) -> float:
    """A Retry-After in seconds; a date in it is not read."""
    return float(told) if told is not None and told.isdecimal() and len(told) < 6 else 0.0
