"""One thin send over HTTP, and what each failure of it means.

Adapters make the body and read the reply; this file owns the connection pool and turns statuses,
sockets and web pages into the EngineErrors of `core.errors`. Example:

    http = Http("http://127.0.0.1:8000/v1", headers={}, timeout=60)
    body = await http.post("/chat/completions", b"{…}")
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import orjson

from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ConfigInvalid,
    ContextOverflow,
    EndpointWrong,
    EngineError,
    EngineTimeout,
    RateLimited,
    Unavailable,
)

MAX_REPLY_BYTES = 64 * 1024 * 1024
_OVERFLOW_WORDS = ("context length", "context_length", "context window", "too many tokens", "prompt is too long")


class Http:
    """A connection pool to one endpoint. Opens no socket before the first call."""

    def __init__(self, base_url: str, headers: Mapping[str, str], timeout: float, trust_proxies: bool = False) -> None:
        self.base_url = check_url(base_url)
        self._headers = {"content-type": "application/json", **headers}
        self._timeout = timeout
        self._trust_proxies = trust_proxies
        self._session: aiohttp.ClientSession | None = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=10),
                trust_env=self._trust_proxies,
                skip_auto_headers=("User-Agent",),
            )
        return self._session

    async def post(self, path: str, body: bytes) -> bytes:
        """Send a JSON body; the body of a 200 reply. Raises an EngineError for all else."""
        url = self.base_url + path
        try:
            async with self._open().post(url, data=body, allow_redirects=False) as reply:
                if reply.content_length is not None and reply.content_length > MAX_REPLY_BYTES:
                    raise BadResponse(f"'{url}' answered {reply.content_length:,} bytes")
                content = await reply.read()
                if reply.status != 200:
                    raise status_error(reply.status, content, reply.headers, url)
                return content
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._network_error(error, url) from None

    async def stream(self, path: str, body: bytes) -> AsyncIterator[bytes]:
        """Send a JSON body; the payload of each server-sent event as it arrives."""
        url = self.base_url + path
        try:
            async with self._open().post(url, data=body, allow_redirects=False) as reply:
                if reply.status != 200:
                    raise status_error(reply.status, await reply.read(), reply.headers, url)
                if "html" in reply.content_type:
                    raise web_page(url)
                async for line in reply.content:
                    if line.startswith(b"data:"):
                        yield line[5:].strip()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._network_error(error, url) from None

    def _network_error(self, error: Exception, url: str) -> EngineError:
        if isinstance(error, TimeoutError):
            return EngineTimeout(f"no answer from '{url}' within {self._timeout:g} s")
        if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            return EndpointWrong(f"no secure connection to '{url}' ({error})", "check the address")
        if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
            return EndpointWrong(f"'{url}' is no address", "check --base-url")
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return Unavailable(f"the host of '{url}' is not known", "check --base-url")
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unavailable(f"nothing answers at '{url}'", "is the server up? Check --base-url")
        return Unavailable(f"the connection to '{url}' broke ({type(error).__name__})")

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


def check_url(url: str) -> str:
    """The base URL without a trailing slash. Raises ConfigInvalid when it is none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigInvalid(
            f"base URL '{url}' has no 'http://' or 'https://' with a host",
            "write it like http://127.0.0.1:8000/v1",
        )
    return url.rstrip("/")


def public_url(url: str) -> str:
    """The address without user, password and query: what may be stored and shown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port:
        host = f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def status_error(status: int, content: bytes, headers: Mapping[str, str], url: str) -> EngineError:
    """What a status other than 200 means (pure)."""
    said = _said(content)
    text = f"'{url}' answered {status}" + (f": {said}" if said else "")
    lowered = said.lower()
    if status == 429 and "insufficient_quota" in lowered:
        return AuthFailed(text, "the account has no credit left")
    if status in (429, 529):
        return RateLimited(text, _retry_after(headers.get("retry-after")))
    if status in (401, 403):
        return AuthFailed(text, "check the API key")
    if 300 <= status < 400:
        return EndpointWrong(f"'{url}' redirects to '{headers.get('location', '?')}'", "use that address")
    if status in (404, 405):
        return EndpointWrong(text, "check --base-url (it usually ends in /v1) and the model's name")
    if status == 408 or status >= 500:
        return Unavailable(text, None)
    if any(word in lowered for word in _OVERFLOW_WORDS):
        return ContextOverflow(text)
    return BadRequest(text)


def web_page(url: str) -> EndpointWrong:
    return EndpointWrong(f"'{url}' answered a web page, not JSON", "check --base-url (it usually ends in /v1)")


def parse_reply(content: bytes, url: str) -> dict[str, object]:
    """The JSON object of a reply. Raises EndpointWrong for a web page, BadResponse for cut JSON."""
    try:
        reply = orjson.loads(content)
    except orjson.JSONDecodeError:
        if content.lstrip()[:1] == b"<":
            raise web_page(url) from None
        raise BadResponse(f"'{url}' answered broken JSON: {content[:60]!r}") from None
    if not isinstance(reply, dict):
        raise BadResponse(f"'{url}' answered no JSON object: {content[:60]!r}")
    return reply


def _said(content: bytes) -> str:
    """The endpoint's own words: the error message of a JSON body, else the start of the text."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        text = content[:200].decode("utf-8", "replace").strip()
        return "" if text.startswith("<") else " ".join(text.split())[:160]
    found = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(found, dict):
        words = [str(found[name]) for name in ("message", "detail", "code", "type") if found.get(name)]
        found = ", ".join(words)
    return " ".join(str(found).split())[:300]


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from seconds or an HTTP date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        date = email.utils.parsedate_tz(value)
        return max(0.0, email.utils.mktime_tz(date) - time.time()) if date else None
