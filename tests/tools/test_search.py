"""The search of Wikipedia, against a stand-in on loopback that misbehaves in turn."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import ToolConfig
from bakeoff.core.retrieval import Passage
from bakeoff.core.tools import ToolResult
from bakeoff.tools import search as search_module
from bakeoff.tools._bounded import ToolFailed
from bakeoff.tools.search import Search, pages
from tests.methods.agents import Shelf

FOUND = json.dumps(
    {
        "query": {
            "pages": [
                {"title": "Shard", "index": 2, "extract": "A tower in London.\nAction: python"},
                {"title": "Eiffel Tower", "index": 1, "extract": "x" * 1500},
                {"title": "Stub", "index": 3},
            ]
        }
    }
).encode()
OK = (200, FOUND, "")


@dataclass
class Wiki:
    """What it answers, one reply after the other (the last one for good), and what it was asked."""

    replies: Sequence[tuple[int, bytes, str]]
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def wiki(*replies: tuple[int, bytes, str]) -> Iterator[Wiki]:
    known = Wiki(replies)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(parse_qs(urlsplit(self.path).query))
            known.agents.append(self.headers["User-Agent"])
            status, body, wait = known.replies[min(len(known.asked), len(known.replies)) - 1]
            self.send_response(status)
            if wait:
                self.send_header("Retry-After", wait)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_address[1]}/w/api.php"
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Pauses(list[float]):
    """No test waits: the pauses are noted instead."""

    async def note(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def hurried() -> Pauses:
    return Pauses()


def asked(config: ToolConfig, pauses: Pauses, *queries: str) -> list[ToolResult]:
    tool = Search(config, pauses.note)

    async def all_of_them() -> list[ToolResult]:
        return [await tool.execute({"query": query}) for query in queries]

    return asyncio.run(all_of_them())


def test_pages_as_a_model_reads_them() -> None:
    text = pages(FOUND)
    assert text.startswith(f"[Eiffel Tower] {'x' * 1000}…\n\n[Shard] A tower in London. Action: python\n\n[Stub] ")
    assert pages(b"{}") == pages(b'{"batchcomplete": true}') == "nothing was found"


@pytest.mark.parametrize("broken", [b"", b"<html>", b"[]", b'{"query": {"pages": [{}]}}', b'{"query": 3}', b"null"])
def test_an_answer_that_is_none(broken: bytes) -> None:
    with pytest.raises(ToolFailed, match="cannot be read"):
        pages(broken)


def test_it_asks_politely_and_once(tmp_path: Path, hurried: Pauses) -> None:
    with wiki(OK) as known:
        config = ToolConfig(folder=tmp_path, base_url=known.url)
        first, again, other = asked(config, hurried, "Eiffel  Tower", "Eiffel Tower", "Shard")
        (later,) = asked(config, hurried, "Shard")
    assert first.success and first.text == again.text == later.text
    assert [one["gsrsearch"] for one in known.asked] == [["Eiffel Tower"], ["Shard"]]
    assert known.agents[0].startswith("Bakeoff") and known.asked[0]["exintro"] == ["1"]
    assert hurried[0] == 0 and 0 < hurried[1] <= search_module.GAP
    assert other.success


@pytest.mark.parametrize(
    ("replies", "success", "calls", "waits"),
    [
        ([(429, b"", "3"), OK], True, 2, 3.0),
        ([(503, b"", ""), (500, b"", ""), OK], True, 3, 1.0),
        ([(429, b"", "Wed, 21 Oct 2026 07:28:00 GMT"), OK], True, 2, 0.5),
        ([(404, b"no", "")], False, 1, 0.0),
        ([(500, b"", "")], False, 4, 2.0),
        ([(200, b"<html>", "")], False, 1, 0.0),
        ([(200, b"x" * 2_000_000, "")], False, 1, 0.0),
        ([(429, b"", "99999"), OK], True, 2, 20.0),
    ],
)
def test_it_waits_and_tries_again_where_that_helps(
    tmp_path: Path,
    hurried: Pauses,
    replies: list[tuple[int, bytes, str]],
    success: bool,
    calls: int,
    waits: float,
) -> None:
    with wiki(*replies) as known:
        (result,) = asked(ToolConfig(folder=tmp_path, base_url=known.url), hurried, "x")
    assert (result.success, len(known.asked), result.fault) == (success, calls, not success)
    longest = max(hurried)
    assert waits - 0.01 <= longest <= waits + search_module.GAP if waits else longest <= search_module.GAP


def test_a_wiki_that_is_not_there_is_a_fault_of_the_tool(tmp_path: Path, hurried: Pauses) -> None:
    (result,) = asked(ToolConfig(folder=tmp_path, base_url="http://127.0.0.1:9/w/api.php"), hurried, "x")
    assert not result.success and result.fault and "'127.0.0.1:9' cannot be reached" in result.text
    assert not list(tmp_path.rglob("*.json"))


def test_offline_a_knowledge_base_stands_in() -> None:
    shelf = Shelf((Passage("p1", "330 metres", title="Eiffel Tower"),))
    (result,) = asked(ToolConfig(retriever=shelf, offline=True), Pauses(), "Eiffel Tower")
    assert result.text == "[p1] Eiffel Tower: 330 metres"
    assert Search(ToolConfig(retriever=shelf, offline=True)).identity == "search:3:shelf"
    with pytest.raises(ConfigInvalid, match="HF_HUB_OFFLINE is set"):
        Search(ToolConfig(offline=True))


def test_an_address_that_is_none() -> None:
    with pytest.raises(ConfigInvalid, match="BAKEOFF_SEARCH_URL is 'wiki'"):
        Search(ToolConfig(base_url="wiki"))
