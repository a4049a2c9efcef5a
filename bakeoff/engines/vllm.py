"""Models of vLLM, without a server: a folder, or a name of the hub at a commit, in a process that is kept here.

Calls are handed on as they come and vLLM batches them continuously; what prompts share is computed once (prefix
caching). The messages become tokens here, by the same template and the same splits as in engine 'transformers'.
The process ends, and its memory is free, when the engine is closed. Code that a model brings is never run.
Settings (a preset's, or --model-args): `dtype` auto, bf16, fp16 or fp32, `context` tokens of a sequence, `batch`
sequences at once, `step_tokens` computed at once, `kv_gib`, `threads` of a CPU, `revision`, `dummy` (random weights,
never graded), `json_schema`, `regex`, `grammar` or `choice` (a|b) that every reply has to follow,
and vLLM's own: `gpu_memory_utilization`, `tensor_parallel_size`, `data_parallel_size`,
`quantization`, `kv_cache_dtype`, `attention_backend`, `enforce_eager`, `enable_prefix_caching`, … Example:

    bakeoff run --models vllm/models/qwen3-8b --model-args dtype=bf16,batch=64 --benchmarks gsm8k

Log-probabilities are those of the model itself, before temperature and top-p. Replies in a batch may differ from
those alone where two tokens are as likely as each other: vLLM's kernels depend on what is computed together.

Sources: https://docs.vllm.ai/en/stable/api/vllm/v1/engine/async_llm/ and
https://docs.vllm.ai/en/stable/features/structured_outputs/.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping
from typing import Any

import orjson

from bakeoff.core.errors import ConfigInvalid, EngineTimeout, Unavailable
from bakeoff.core.hashing import exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.types import Completion, Json, ModelIdentity, Price, Request
from bakeoff.engines._prompts import Prompter, Scored, from_scored
from bakeoff.engines._transformers_files import Place, fetch, find, template_name
from bakeoff.engines._vllm_host import Host, Job
from bakeoff.engines._vllm_messages import fill, from_message, to_message, to_scored
from bakeoff.engines._vllm_settings import CAPACITY, VllmSettings, checked
from bakeoff.engines._vllm_used import Used, build, launch, resolved

_FILES = ("*.json", "*.jinja", "*.model", "merges.txt", "vocab.txt", "*.safetensors")


class Vllm:
    """Engine in a process of its own, which the first call starts and `close` ends."""

    def __init__(self, config: EngineConfig) -> None:
        built = build()
        if config.base_url is not None:
            raise ConfigInvalid(
                f"engine 'vllm' takes no base URL (got '{config.base_url}')",
                "it needs no server; name a server's model 'openai_compatible/<id>'",
            )
        self._config = config
        self._settings = checked(config)
        self._place = find(config.name, self._settings.revision, self._settings.dummy, "vllm")
        self._used = resolved(self._settings, self._place, built)
        self._context = self._used.context
        self._prompter = Prompter(config, self._place, self._context, self._settings.dummy)
        self._tokenizer = any(self._place.folder.glob("tokenizer*"))
        if self._settings.guide[0] and not self._tokenizer:
            raise ConfigInvalid(f"'{self._settings.guide[0]}' needs the model's tokenizer", "fetch its files")
        self._identity = identity_of(config, self._settings, self._place, self._used)
        self._host: Host | None = None
        self._opening = threading.Lock()  # calls that come together start one process
        self._closings = 0

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def limits(self) -> EngineLimits:
        copies = int(self._used.handed.get("data_parallel_size", 1))
        return EngineLimits(
            max_concurrency=2 * self._used.batch * copies,  # so that vLLM's queue is never empty
            in_process=True,
            context_length=self._context,
            price=self._config.price or Price(0.0, 0.0),
            likelihood="full",
            prefix_cache="shared" if self._used.handed.get("enable_prefix_caching") else "none",
            slots=self._used.batch * copies,
        )

    async def generate(self, request: Request) -> Completion:
        began, host = time.perf_counter(), self._host
        if host is None or host.gone:
            host = await asyncio.to_thread(self._opened, self._closings)
        ready = host.ready.done()
        rows, job = await asyncio.to_thread(self.to_job, request)  # in a thread: vLLM computes meanwhile
        await self._loaded(host)
        waited_s = 0.0 if ready else time.perf_counter() - began  # for the model: no part of what a call takes
        try:
            async with asyncio.timeout(self._config.timeout):
                await asyncio.to_thread(host.submit, job)
                reply = await asyncio.wrap_future(job.reply)
        except TimeoutError:
            raise EngineTimeout(f"no reply from '{self._identity.name}' within {self._config.timeout:g} s") from None
        finally:
            job.reply.cancel()  # takes it out of the queue if the caller is gone
        completion = self._completion(request, rows, reply)
        if self._settings.dummy:
            completion.finish_reason = "dummy"  # random weights: the runner grades no such reply
        completion.queue_s += waited_s
        completion.raw = self._exchange(request, completion, reply, host)
        return completion

    def _opened(self, closings: int) -> Host:
        """The process that runs, or a new one. Raises Unavailable where the engine was closed `closings` times, and
        once more since; DataMissing for weights that cannot be fetched."""
        with self._opening:
            if self._closings != closings:
                raise Unavailable("the engine was closed during the call")
            if self._host is not None and self._host.gone:
                self._host.close()
                self._host = None
            if self._host is None:
                self._host = self._open()
            return self._host

    def _open(self) -> Host:
        place = self._place
        folder = fetch(place.hub, place.revision, _FILES) if place.hub and not self._settings.dummy else place.folder
        first = launch(self._used, self._settings, str(folder.resolve()), self._tokenizer)
        return Host(self._identity.name, first)

    async def _loaded(self, host: Host) -> None:
        """Wait until the model is there: a time-out is for a call, and not for this."""
        waited = host.ready.result() if host.ready.done() else await asyncio.shield(asyncio.wrap_future(host.ready))
        if waited is not None:
            if self._host is host:  # the next call tries again
                self._host = None
                await asyncio.to_thread(host.close)
            raise waited

    def to_job(self, request: Request) -> tuple[list[Scored], Job]:
        """The call for a request. Raises ContextOverflow, BadRequest, EndpointWrong."""
        if request.scored:
            rows = self._prompter.rows(request)
            return rows, Job(to_scored(rows))
        prompt = self._prompter.prompt(request)
        most = min(request.sampling.max_tokens, self._context - len(prompt))
        message = to_message(prompt, request.sampling, most, self._settings.guide)
        if not self._tokenizer:
            message["text"] = False
        return [], Job(message)

    def _completion(self, request: Request, rows: list[Scored], reply: Mapping[str, Any]) -> Completion:
        if request.scored:
            fill(rows, reply)
            return from_scored(rows, request)
        if not self._tokenizer:
            reply = {**reply, "text": self._prompter.decode((), reply["tokens"])}
        return from_message(reply, self._prompter.piece)

    def _exchange(self, request: Request, completion: Completion, reply: Mapping[str, Any], host: Host) -> bytes:
        sampling = request.sampling
        sent: dict[str, Json] = {
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
        }
        if request.scored:
            sent = {"scored": [[before, after] for before, after in request.scored]}
        usage: dict[str, Json] = {
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.output_tokens,
        }
        if reply.get("cached_tokens") is not None:  # as OpenAI's API says it
            usage["prompt_tokens_details"] = {"cached_tokens": reply["cached_tokens"]}
        got: dict[str, Json] = {
            "text": completion.text,
            "finish_reason": completion.finish_reason,
            "usage": usage,
            "ran": {"device": self._used.device, **host.facts},
        }
        return exchange(orjson.dumps(sent), orjson.dumps(got))

    @property
    def prefix_cache(self) -> tuple[int, int]:
        """Tokens of prompts that were in the prefix cache, and all tokens of prompts, since vLLM was started."""
        return (self._host.hits[0], self._host.hits[1]) if self._host is not None else (0, 0)

    async def close(self) -> None:
        """Stop the calls in flight and end vLLM's processes; the next call starts them again."""
        self._closings += 1  # calls that have begun start nothing any more
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._prompter.forget()
        with self._opening:
            host, self._host = self._host, None
        if host is not None:
            host.close()


def identity_of(config: EngineConfig, settings: VllmSettings, place: Place, used: Used) -> ModelIdentity:
    """What can change a reply (pure)."""
    told: dict[str, Json] = {"device": used.device, "dtype": used.dtype, "vllm": used.version}
    told |= {name: value for name, value in used.handed.items() if name not in CAPACITY}
    if used.gpu:
        told |= {"gpu": used.gpu, "driver": used.driver}
    if used.context < (place.context or used.context + 1):
        told["context"] = used.context
    if settings.guide[0]:
        told[settings.guide[0]] = settings.guide[1]
    if settings.speculative:
        told["speculative_config"] = orjson.loads(settings.speculative)
    if settings.dummy:
        told["dummy"] = True
    return ModelIdentity(
        engine="vllm",
        name=place.name,
        revision=place.revision,
        template=template_name(place) if config.api == "chat" else "completions",
        settings=orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode(),
    )
