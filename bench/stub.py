"""An OpenAI-compatible stub on loopback: fixed latency, answers by content, faults on request.

Used by the benchmarks, the chaos tests and the end-to-end tests. It parses just enough HTTP to be
much cheaper than what it measures. `/stats` counts calls, `/bodies` lists how often each distinct
body was asked, `/reset` begins anew. A model named `knows-58` answers 58 of 100 gsm8k-like questions of
the tests right, by content. One named `agent-2` calls the first tool of a ReAct prompt twice, then
answers. Run alone: `python -m bench.stub PORT LATENCY_MS [FAULT_RATE]`.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

STOP_AFTER_SECONDS = 1800  # a stub that its test forgot ends by itself
_KNOWS = re.compile(rb'"model":\s*"knows-(\d+)')
_AGENT = re.compile(rb'"model":\s*"agent-(\d+)')
_TOOL = re.compile(rb'\\n- (\w+): [^\n]{0,600}?Action Input: \{\\"(\w+)\\"')
_OBSERVED = b'"content":"Observation: '
_QUESTION = re.compile(rb"fills (\d+) trays with (\d+) rolls")
Fault = Callable[["Stub"], None]


class Counters:
    """What the server saw, over all connections."""

    def __init__(self, latency: float, fault_rate: float, seed: int) -> None:
        self.latency = latency
        self.fault_rate = fault_rate
        self.dice = random.Random(seed)
        self.calls = 0
        self.faults = 0
        self.in_flight = 0
        self.peak = 0
        self.bodies: Counter[int] = Counter()

    def reset(self) -> None:
        self.calls = self.faults = self.peak = 0
        self.bodies.clear()


class Stub(asyncio.Protocol):
    """One connection: reads requests, answers each after the latency."""

    def __init__(self, counters: Counters) -> None:
        self.counters = counters
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = _content_length(head)
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            self._request(head.split(b" ", 2)[1], body)

    def _request(self, path: bytes, body: bytes) -> None:
        counters = self.counters
        if path == b"/stats":
            seen = {
                "n": counters.calls,
                "peak": counters.peak,
                "bad": counters.faults,
                "distinct": len(counters.bodies),
            }
            self._send(200, json.dumps(seen).encode())
        elif path == b"/bodies":
            self._send(200, json.dumps(sorted(counters.bodies.values())).encode())
        elif path == b"/reset":
            counters.reset()
            self._send(200, b"{}")
        elif path.endswith(b"/models"):
            self._send(200, b'{"object":"list","data":[{"id":"stub","object":"model"}]}')
        else:
            self._call(path, body)

    def _call(self, path: bytes, body: bytes) -> None:
        counters = self.counters
        counters.calls += 1
        counters.in_flight += 1
        counters.peak = max(counters.peak, counters.in_flight)
        digest = zlib.crc32(body)
        counters.bodies[digest] += 1
        if counters.latency:
            asyncio.get_running_loop().call_later(counters.latency, self._answer, path, body, digest)
        else:
            self._answer(path, body, digest)

    def _answer(self, path: bytes, body: bytes, digest: int) -> None:
        counters = self.counters
        counters.in_flight -= 1
        if counters.fault_rate and counters.dice.random() < counters.fault_rate:
            counters.faults += 1
            FAULTS[counters.faults % len(FAULTS)](self)
            return
        text = _said(body, digest)
        chat = b"chat" in path
        said = f'"message":{{"role":"assistant","content":"{text}"}}' if chat else f'"text":"{text}"'
        kind = "chat.completion" if chat else "text_completion"
        prompt = len(body) // 4
        usage = f'{{"prompt_tokens":{prompt},"completion_tokens":16,"total_tokens":{prompt + 16}}}'
        choice = f'{{"index":0,{said},"finish_reason":"stop"}}'
        reply = f'{{"id":"stub","object":"{kind}","created":0,"model":"stub","choices":[{choice}],"usage":{usage}}}'
        self._send(200, reply.encode())

    def _send(self, status: int, body: bytes, headers: bytes = b"") -> None:
        if self.transport is not None and not self.transport.is_closing():
            head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n"
            self.transport.write(head % (status, len(body), headers) + body)

    def drop(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    def rate_limit(self) -> None:
        self._send(429, b'{"error":{"message":"rate limited"}}', b"retry-after: 0\r\n")

    def fail(self) -> None:
        self._send(500, b"oops")

    def cut(self) -> None:
        self._send(200, b'{"id":"x","choices":[')


def _said(body: bytes, digest: int) -> str:
    """The text of a reply, as it stands in JSON."""
    number = _answer_to(body, digest)
    agent, tool = _AGENT.search(body), _TOOL.search(body)
    if agent is None or tool is None:
        return f"Let me think. The answer is {number}.\\n#### {number}"
    step = body.count(_OBSERVED)
    if step >= int(agent[1]):
        return f"Thought: that is all\\nAnswer: {number}"
    given = f'{{\\"{tool[2].decode()}\\": \\"{digest % 100} + {step}\\"}}'
    return f"Thought: step {step}\\nAction: {tool[1].decode()}\\nAction Input: {given}"


def _answer_to(body: bytes, digest: int) -> int:
    """What the model says: some number, or for one that knows as often as its name says the right one."""
    knows = _KNOWS.search(body)
    asked = _QUESTION.findall(body)
    if knows is None or not asked:
        return digest % 100
    trays, rolls = asked[-1]
    right = int(trays) * int(rolls) - 1
    return right if zlib.crc32(b"%d" % digest) % 100 < int(knows[1]) else right + 1


FAULTS: tuple[Fault, ...] = (Stub.drop, Stub.rate_limit, Stub.fail, Stub.cut)


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def serve(port: int, latency: float, fault_rate: float, seed: int, ready: Callable[[int], None]) -> None:
    counters = Counters(latency, fault_rate, seed)
    server = await asyncio.get_running_loop().create_server(lambda: Stub(counters), "127.0.0.1", port)
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await asyncio.sleep(STOP_AFTER_SECONDS)


def _child(pipe: Connection, port: int, latency: float, fault_rate: float, seed: int) -> None:
    import uvloop

    uvloop.run(serve(port, latency, fault_rate, seed, pipe.send))


@contextmanager
def stub_server(latency: float = 0.0, fault_rate: float = 0.0, seed: int = 0, port: int = 0) -> Iterator[str]:
    """A stub in a process of its own; yields its address, `http://127.0.0.1:PORT`."""
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_child, args=(there, port, latency, fault_rate, seed), daemon=True)
    process.start()
    try:
        if not here.poll(20):
            raise TimeoutError("the stub server did not start")
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.kill()
        process.join()
        here.close()
        there.close()


def main() -> None:
    port, latency = int(sys.argv[1]), float(sys.argv[2]) / 1000
    fault_rate = float(sys.argv[3]) if len(sys.argv) > 3 else 0.0
    asyncio.run(serve(port, latency, fault_rate, 0, lambda found: print(f"stub on {found}", flush=True)))


if __name__ == "__main__":
    main()
