"""One thin send over HTTP, and what each failure of it means.

Adapters make the body and read the reply; this file owns the connection pool and turns statuses,
sockets and web pages into the EngineErrors of `core.errors`. Example:

    http = Http("http://127.0.0.1:8000/v1", headers={}, timeout=60)
    body = await http.post("/chat/completions", b"{…}")
"""

from __future__ import annotations

import email.utils
import math
import time
from collections.abc import AsyncGenerator, Mapping
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import orjson
from yarl import URL

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
CONNECT_SECONDS = 10
LONGEST_WAIT = 3600.0
_SECRET_HEADERS = ("authorization", "x-api-key", "api-key")
_SECRET_LENGTH = 12  # a shorter one ("EMPTY", "ollama") is no secret, and may well stand in a reply
_OVERFLOW_WORDS = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "context_size",
    "maximum model length",
    "too many tokens",
    "prompt is too long",
)


class Http:
    """A connection pool to one endpoint. Opens no socket before the first call."""

    def __init__(self, base_url: str, headers: Mapping[str, str], timeout: float, trust_proxies: bool = False) -> None:
        self._url = check_url(base_url)
        self.base_url = public_url(base_url)  # for messages
        if "authorization" in headers and "@" in urlsplit(base_url).netloc:
            raise ConfigInvalid(
                f"there is an API key, and a user in the base URL '{self.base_url}' too", "leave one of them out"
            )
        self._headers = {"content-type": "application/json", **_checked(headers)}
        self._secrets = [
            secret.encode()
            for name, value in headers.items()
            if name.lower() in _SECRET_HEADERS and len(secret := value.rpartition(" ")[2]) >= _SECRET_LENGTH
        ]
        self._timeout = timeout
        self._trust_proxies = trust_proxies
        self._session: aiohttp.ClientSession | None = None
        self._paths: dict[str, URL] = {}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_SECONDS),
                trust_env=self._trust_proxies,
                skip_auto_headers=("User-Agent",),
            )
        return self._session

    def _at(self, path: str) -> URL:
        """The address of a path, parsed once."""
        if path not in self._paths:
            self._paths[path] = URL(self._url + path)
        return self._paths[path]

    async def post(self, path: str, body: bytes) -> bytes:
        """Send a JSON body; the body of a 200 reply. Raises an EngineError for all else."""
        url = self.base_url + path
        try:
            async with self._open().post(self._at(path), data=body, allow_redirects=False) as reply:
                content = self._redacted(await _read(reply, url))
                if reply.status != 200:
                    raise status_error(reply.status, content, reply.headers, url)
                return content
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._network_error(error, url) from None

    async def stream(self, path: str, body: bytes) -> AsyncGenerator[bytes, None]:
        """Send a JSON body; the payload of each server-sent event as it arrives."""
        url = self.base_url + path
        try:
            async with self._open().post(self._at(path), data=body, allow_redirects=False) as reply:
                if reply.status != 200:
                    content = self._redacted(await _read(reply, url))
                    raise status_error(reply.status, content, reply.headers, url)
                if "html" in reply.content_type:
                    raise web_page(url)
                async for line in reply.content:
                    if line.startswith(b"data:"):
                        yield self._redacted(line[5:].strip())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise self._network_error(error, url) from None

    def _redacted(self, content: bytes) -> bytes:
        """What the endpoint said, without the key: some quote it (law 7)."""
        for secret in self._secrets:
            if secret in content:
                content = content.replace(secret, b"[secure]")
        return content

    def _network_error(self, error: Exception, url: str) -> EngineError:
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            return Unavailable(f"no connection to '{url}' within {CONNECT_SECONDS} s")
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


async def _read(reply: aiohttp.ClientResponse, url: str) -> bytes:
    """The body, unless it is larger than any completion: the length told, and the bytes that came."""
    if (reply.content_length or 0) > MAX_REPLY_BYTES:
        raise BadResponse(f"'{url}' answered {reply.content_length:,} bytes")
    if reply.content_length is not None and "content-encoding" not in reply.headers:
        return await reply.read()
    chunks: list[bytes] = []
    size = 0
    async for chunk in reply.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_REPLY_BYTES:
            raise BadResponse(f"'{url}' answered over {MAX_REPLY_BYTES:,} bytes")
    return b"".join(chunks)


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Raise ConfigInvalid for a key that no header can hold; says nothing of the key itself."""
    for value in headers.values():
        if not (value.isascii() and value.isprintable()):
            raise ConfigInvalid(
                "the API key holds a line break or a character that no key has", "copy the key again, without '…'"
            )
    return headers


def check_url(url: str) -> str:
    """The base URL without a trailing slash. Raises ConfigInvalid when it is none."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        usable = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:  # what it says may quote a password
        raise ConfigInvalid(
            f"base URL '{_shown(url)}' has a wrong host or port", "write it like http://127.0.0.1:8000/v1"
        ) from None
    if not usable or url != url.strip() or " " in url:
        raise ConfigInvalid(
            f"base URL '{_shown(url)}' has no 'http://' or 'https://' with a host",
            "write it like http://127.0.0.1:8000/v1",
        )
    if parts.query or parts.fragment:
        raise ConfigInvalid(
            f"base URL '{public_url(url)}' has a '?' or '#' behind it", "leave out what follows the path"
        )
    return url.rstrip("/")


def public_url(url: str) -> str:
    """The address without user, password and query: what may be stored and shown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"  # IPv6
    if parts.port:
        host = f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))


def _shown(url: str) -> str:
    """A text that is no URL, without what would be user, password and query if it were one."""
    return url.rpartition("@")[2].partition("?")[0][:100]


def status_error(status: int, content: bytes, headers: Mapping[str, str], url: str) -> EngineError:
    """What a status other than 200 means (pure)."""
    said = _said(content)
    text = f"'{url}' answered {status}" + (f": {said}" if said else "")
    lowered = said.lower()
    if status == 429 and "insufficient_quota" in lowered:
        return AuthFailed(text, "the account has no credit left")
    if status in (429, 529):
        return RateLimited(text, _retry_after(headers.get("retry-after")))
    if status == 402:
        return AuthFailed(text, "the account has no credit left")
    if status in (401, 403):
        return AuthFailed(text, "check the API key")
    if 300 <= status < 400:
        return EndpointWrong(f"'{url}' redirects to '{_shown(headers.get('location', 'nowhere'))}'", "use that address")
    if status in (404, 405):
        return EndpointWrong(text, "check --base-url (it usually ends in /v1) and the model's name")
    if any(word in lowered for word in _OVERFLOW_WORDS):  # before 500: llama.cpp's server says it so
        return ContextOverflow(text)
    if status == 408 or status >= 500:
        return Unavailable(text, None)
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
    """Seconds to wait, from seconds or an HTTP date; None for what is neither."""
    try:
        seconds = float(value or "nan")
    except ValueError:
        seconds = _seconds_until(value or "")
    return min(max(0.0, seconds), LONGEST_WAIT) if math.isfinite(seconds) else None


def _seconds_until(date: str) -> float:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError, TypeError):
        return math.nan
