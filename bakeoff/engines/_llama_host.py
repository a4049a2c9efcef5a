"""The native llama.cpp server inside this process, and the threads that wait on it.

xllamacpp's calls block, so each slot has a thread that takes calls from one queue. What its C++
side does not forgive is kept away from it here: it must not be destroyed before its loop runs (it
hangs), nor while a call is inside (it hangs, or the interpreter crashes at its exit); and its
constructor and destructor hold Python's global lock. Example:

    host = Host(lambda: start(path, settings), settings.slots)
    host.submit(call); call.reply.result(); host.close()
"""

from __future__ import annotations

import atexit
import importlib
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol

import orjson

from bakeoff.core.errors import BadRequest, ContextOverflow, EndpointWrong, EngineError, Unavailable
from bakeoff.core.timing import Gaps
from bakeoff.engines._release import give_back
from bakeoff.engines.openai_compatible import StreamAssembly

_PATIENCE_S = 60.0
_UBATCH = 512
_SIMILAR = 0.5  # of a prompt, for a slot to go on with what it holds: as much as makes a group (runner.prefixes)
_PING = b'{"prompt":"a","max_tokens":1,"stream":true,"cache_prompt":false}'

Take = Callable[[bytes], bool]


class Native(Protocol):
    """The part of xllamacpp.Server in use; the package ships no types."""

    def handle_chat_completions(self, prompt: bytes, callback: Take, /) -> None: ...

    def handle_completions(self, prompt: bytes, callback: Take, /) -> None: ...


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """How the server is built: calls at once, tokens of context for each, tokens per step, …"""

    slots: int
    context: int
    threads: int
    batch: int
    kv_type: str
    prompt_cache: bool
    draft: str = ""  # "ngram", or the file of the model that guesses
    draft_tokens: int = 8

    @property
    def draft_name(self) -> str:
        """What guesses, without the folder it lies in."""
        return Path(self.draft).name


class Call:
    """One request on its way: cancelling `reply` stops it after the batch or token in work."""

    def __init__(self, sent: bytes, api: str) -> None:
        self.sent = sent
        self.reply: Future[dict[str, Any]] = Future()
        self.pieces = Gaps(0.0)
        self.taken: Future[None] = Future()  # a slot has begun with it, or never will
        self.queue_s = 0.0
        self._came = time.perf_counter()
        self._api = api
        self._assembly = StreamAssembly(api, "llama.cpp")
        self._error: EngineError | None = None
        self._closing: threading.Event | None = None

    def run(self, server: Native, closing: threading.Event) -> None:
        """Block until the reply is whole, has failed, or nobody wants it any more."""
        self._closing = closing
        began = time.perf_counter()
        self.pieces = Gaps(began)
        self.queue_s = began - self._came
        self._take_up()
        ask = server.handle_chat_completions if self._api == "chat" else server.handle_completions
        try:
            ask(self.sent, self._take)
            if self._error is not None:
                raise self._error
            if closing.is_set():
                raise Unavailable("the engine was closed during the call")
            self._settle(said(self._assembly.response(), self._api))
        except EngineError as error:
            self.fail(error)
        except ValueError as error:  # the C++ side refuses the request
            self.fail(BadRequest(f"llama.cpp refuses the request ({error})"))
        except Exception as error:
            self.fail(Unavailable(f"llama.cpp failed ({type(error).__name__}: {error})"))

    def _take(self, chunk: bytes) -> bool:
        """One chunk of the reply; True ends the call. Must not raise: xllamacpp swallows that."""
        try:
            if b'"exceed_context_size_error"' in chunk[:400]:
                raise overflow(chunk)
            if self._assembly.add(chunk):
                self.pieces.note(time.perf_counter())
        except EngineError as error:
            self._error = error
            return True
        except Exception as error:
            self._error = Unavailable(f"llama.cpp answered {chunk[:60]!r} ({error!r:.80})")
            return True
        return self.reply.cancelled() or (self._closing is not None and self._closing.is_set())

    def _settle(self, reply: dict[str, Any]) -> None:
        with suppress(InvalidStateError):  # cancelled meanwhile
            self.reply.set_result(reply)

    def _take_up(self) -> None:
        with suppress(InvalidStateError):  # nobody waits for it any more
            self.taken.set_result(None)

    def fail(self, error: EngineError) -> None:
        with suppress(InvalidStateError):
            # Without its traceback, whose frames would keep the server alive after close.
            self.reply.set_exception(error.with_traceback(None))
        self._take_up()


def said(reply: dict[str, Any], api: str) -> dict[str, Any]:
    """The reply with "" for null: a model that ends at once has said nothing, which is no fault."""
    choice = reply["choices"][0]
    part, field = (choice["message"], "content") if api == "chat" else (choice, "text")
    part[field] = part[field] or ""
    return reply


def overflow(chunk: bytes) -> ContextOverflow:
    """The error of a prompt that does not fit (pure)."""
    error = orjson.loads(chunk)["error"]
    size, room = error.get("n_prompt_tokens"), error.get("n_ctx")
    return ContextOverflow(
        f"the prompt has {size} tokens, a slot of llama.cpp holds {room}",
        "give it more with the setting 'context'",
    )


class Host:
    """One server and its threads, from the first call to `close` or the exit of the interpreter."""

    def __init__(self, start: Callable[[], Native], slots: int) -> None:
        self._start = start
        self._server: Native | None = None
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        # Daemons, because the interpreter waits for other threads before it runs exit handlers.
        self._threads = [
            threading.Thread(target=self._work, name=f"llama_cpp-{slot}", daemon=True) for slot in range(slots)
        ]
        for thread in self._threads:
            thread.start()
        atexit.register(self.close)

    def submit(self, call: Call) -> None:
        self._calls.put(call)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            if self._closing.is_set():
                call.fail(Unavailable("the engine was closed before the call"))
            elif not call.reply.cancelled():
                try:
                    server = self._started()
                except EngineError as error:
                    call.fail(error)
                else:
                    call.run(server, self._closing)
                    del server  # an idle thread must not keep it alive

    def _started(self) -> Native:
        # A thread's lock and not asyncio's: one engine may be called from more than one event loop.
        with self._starting:
            if self._server is None:
                self._server = self._start()
            return self._server

    def close(self) -> None:
        """Stop the calls, end the threads, free the model. Blocks for one batch at most."""
        atexit.unregister(self.close)
        self._closing.set()
        for _ in self._threads:
            self._calls.put(None)
        deadline = time.monotonic() + _PATIENCE_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._server = None  # a thread that is stuck inside still holds it, so it is not destroyed
        give_back()


def start(path: Path, settings: LlamaSettings) -> Native:
    """Load the model. Raises EndpointWrong."""
    try:
        native = importlib.import_module("xllamacpp")
    except ImportError as error:
        raise EndpointWrong(f"xllamacpp cannot be imported ({error})", "install it anew") from None
    try:
        server: Native = native.Server(_params(native, path, settings))
        # Nothing but an answered call shows that the server's loop runs.
        server.handle_completions(_PING, lambda chunk: False)
    except Exception as error:
        raise EndpointWrong(
            f"llama.cpp cannot load '{path}' ({error})",
            "the file is damaged or of an unknown kind, or memory is short (lower 'context', 'slots')",
        ) from None
    return server


def _params(native: Any, path: Path, settings: LlamaSettings) -> Any:
    params = native.CommonParams()
    params.model.path = str(path)
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context
    params.n_batch = settings.batch
    params.n_ubatch = min(settings.batch, _UBATCH)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.threads
    params.cont_batching = True
    params.warmup = False  # it would run with the global lock held; the first call does it without
    params.verbosity = -1
    params.cache_prompt = settings.prompt_cache
    if settings.prompt_cache:
        params.slot_prompt_similarity = _SIMILAR
    if settings.draft:
        _set_draft(native, params, settings)
    params.cache_ram_mib = 0  # a second cache, of prompts that no slot holds any more: 8 GiB by default
    _set_attention(native, params, settings.kv_type)
    _set_private(params)
    return params


def _set_draft(native: Any, params: Any, settings: LlamaSettings) -> None:
    """Guess tokens from what stands before, or by a smaller model that has the same tokens."""
    kinds = native.common_speculative_type
    if settings.draft == "ngram":
        params.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE]
        params.speculative.ngram_simple.size_m = settings.draft_tokens
        return
    params.speculative.types = [kinds.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE]
    params.speculative.draft.mparams.path = settings.draft
    params.speculative.draft.n_max = settings.draft_tokens
    params.speculative.draft.cpuparams.n_threads = settings.threads
    params.speculative.draft.cpuparams_batch.n_threads = settings.threads


def _set_attention(native: Any, params: Any, kv_type: str) -> None:
    """Flash attention only where it must be: with it, replies depend on what else is in the batch."""
    flash = native.llama_flash_attn_type
    if kv_type == "f16":
        params.flash_attn_type = flash.LLAMA_FLASH_ATTN_TYPE_DISABLED
    else:  # a quantised V cache exists with flash attention only
        params.cache_type_k = params.cache_type_v = native.ggml_type.GGML_TYPE_Q8_0
        params.flash_attn_type = flash.LLAMA_FLASH_ATTN_TYPE_ENABLED


def _set_private(params: Any) -> None:
    """The HTTP listener cannot be left out: loopback, any free port, a key nobody knows."""
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [secrets.token_urlsafe(32)]
    params.cors_origins = "http://127.0.0.1"
    params.cors_origins_explicit = True
    params.cors_credentials = False
    params.n_threads_http = 2
    params.offline = True
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
