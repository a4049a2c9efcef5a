"""Models of Hugging Face Transformers in this very process: a folder, or a name of the hub at a commit.

Requests are gathered into batches, padded on the left and sorted by length; each reply has its own
sampling, stops and end. When memory runs out the batch is halved, then the model moves to the CPU;
both are said and kept with the completions that follow. Code that a model brings is never run.
Settings (a preset's, or --model-args): `device` auto, cpu, cuda, cuda:1 or split, `dtype` auto, bf16,
fp16 or fp32, `batch`, `gather_ms`, `context`, `attention` sdpa, eager or flash_attention_2, `threads`,
`revision`, `fallback` (false: rather fail), `quantization` int4, int8 or fp8 on a GPU, and `dummy`: random
weights from config.json alone, for speed and memory; such replies are never graded. Example:

    bakeoff run --models transformers/models/qwen3-8b --model-args dtype=bf16,batch=16 --benchmarks gsm8k

Greedy replies in fp32 are the same alone and in a batch, but for near-ties that rounding decides;
in bf16 near-ties are more. Log-probabilities are those of the model itself, before temperature and top-p.

Sources: https://huggingface.co/docs/transformers/main_classes/text_generation and
https://huggingface.co/docs/transformers/kv_cache.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import sys
import time
from collections.abc import Callable

import orjson

from bakeoff.core.errors import ConfigInvalid, EngineTimeout, MissingExtra
from bakeoff.core.hashing import exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.types import Completion, Json, ModelIdentity, Price, Request
from bakeoff.engines._prompts import Prompter, from_scored
from bakeoff.engines._transformers_decode import Reply, Row
from bakeoff.engines._transformers_files import Place, find, template_name
from bakeoff.engines._transformers_host import Host, Question, Started
from bakeoff.engines._transformers_model import ends_of, load
from bakeoff.engines._transformers_settings import TransformersSettings, Used, checked, resolved
from bakeoff.engines._transformers_text import open_text

Say = Callable[[str], None]


class Transformers:
    """Engine in process. The model is loaded by the first call and let go by `close`."""

    def __init__(self, config: EngineConfig) -> None:
        if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
            raise MissingExtra("engine 'transformers'", "transformers")
        if config.base_url is not None:
            raise ConfigInvalid(
                f"engine 'transformers' takes no base URL (got '{config.base_url}')",
                "it runs in this process; name a server's model 'openai_compatible/<id>'",
            )
        self._config = config
        self._settings = checked(config)
        self._place = find(config.name, self._settings.revision, self._settings.dummy)
        self._used = resolved(self._settings, self._place.stored, self._place.config)
        self._context = _context(config, self._settings, self._place, self._used)
        self._identity = identity_of(config, self._settings, self._place, self._used)
        self._prompter = Prompter(config, self._place, self._context, self._settings.dummy)
        self._host: Host | None = None

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def limits(self) -> EngineLimits:
        return EngineLimits(
            max_concurrency=2 * self._settings.batch,  # while one batch is asked, the next comes together
            in_process=True,
            context_length=self._context,
            price=self._config.price or Price(0.0, 0.0),
            likelihood="full",
        )

    async def generate(self, request: Request) -> Completion:
        began = time.perf_counter()
        if self._host is None:
            moves = self._settings.fallback and not self._used.quantization  # few bits stay where they were made
            self._host = Host(self._start, self._settings.batch, self._settings.gather_ms / 1000, moves, self._say)
        host = self._host
        ready = host.ready.done()
        job = await asyncio.to_thread(self.to_job, request)  # in a thread: the model computes meanwhile
        await self._loaded(host)
        waited_s = 0.0 if ready else time.perf_counter() - began  # for the model: no part of what a call takes
        host.submit(job)
        try:
            async with asyncio.timeout(self._config.timeout):
                if isinstance(job, Question):
                    completion = from_scored(await asyncio.wrap_future(job.reply), request)
                else:
                    completion = from_reply(await asyncio.wrap_future(job.reply))
        except TimeoutError:
            raise EngineTimeout(f"no reply from '{self._identity.name}' within {self._config.timeout:g} s") from None
        finally:
            job.reply.cancel()  # takes it out of the batch if the caller is gone
        if self._settings.dummy:
            completion.finish_reason = "dummy"  # random weights: the runner grades no such reply
        completion.queue_s = max(completion.queue_s, waited_s)  # a row waits while the model is loaded, too
        completion.raw = self._exchange(request, completion, host)
        return completion

    async def _loaded(self, host: Host) -> None:
        """Wait until the model is there: a time-out is for a call, and not for this."""
        waited = host.ready.result() if host.ready.done() else await asyncio.shield(asyncio.wrap_future(host.ready))
        if waited is not None:
            if self._host is host:  # the next call tries again
                self._host = None
                host.close()
            raise waited

    def to_job(self, request: Request) -> Row | Question:
        """The tokens of a request. Raises ContextOverflow, BadRequest, EndpointWrong."""
        if request.scored:
            return Question(self._prompter.rows(request))
        prompt = self._prompter.prompt(request)
        return Row(prompt, request.sampling, min(request.sampling.max_tokens, self._context - len(prompt)))

    def _start(self, device: str) -> Started:
        """Load the model, on the device asked for or on another. In the host's thread."""
        used = Used(device, "fp32" if self._used.dtype == "fp16" else self._used.dtype) if device else self._used
        text = open_text(self._place, self._settings.dummy)  # of its own: tokenizers are not for two threads
        network = load(self._place, self._settings, used)
        return Started(network, text, text.ends | ends_of(network))

    def _say(self, what: str) -> None:
        print(f"{self._identity.name}: {what}", file=sys.stderr, flush=True)

    def _exchange(self, request: Request, completion: Completion, host: Host) -> bytes:
        sampling = request.sampling
        sent: dict[str, Json] = {
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "temperature": sampling.temperature,
            "max_tokens": sampling.max_tokens,
        }
        if request.scored:
            sent = {"scored": [[before, after] for before, after in request.scored]}
        got: dict[str, Json] = {
            "text": completion.text,
            "finish_reason": completion.finish_reason,
            "usage": {"prompt_tokens": completion.prompt_tokens, "completion_tokens": completion.output_tokens},
            "ran": {"device": host.device, "batch": host.rows, "fallbacks": list(host.notes)},
        }
        return exchange(orjson.dumps(sent), orjson.dumps(got))

    async def close(self) -> None:
        """Stop the calls in flight and free the model; the next call loads it again."""
        host, self._host = self._host, None
        self._prompter.forget()
        if host is not None:
            await asyncio.to_thread(host.close)


def identity_of(config: EngineConfig, settings: TransformersSettings, place: Place, used: Used) -> ModelIdentity:
    """What can change a reply (pure but for the versions installed)."""
    told: dict[str, Json] = {
        "device": used.device,
        "dtype": used.dtype,
        "attention": settings.attention,
        "torch": importlib.metadata.version("torch"),
        "transformers": importlib.metadata.version("transformers"),
    }
    if used.gpu:
        told["gpu"] = used.gpu
    if settings.dummy:
        told["dummy"] = True
    if used.quantization:
        told["quantization"] = used.quantization
    context = settings.context or used.context
    if context and (settings.context or context < (place.context or context + 1)):
        told["context"] = context
    return ModelIdentity(
        engine="transformers",
        name=place.name,
        revision=place.revision,
        template=template_name(place) if config.api == "chat" else "completions",
        settings=orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode(),
    )


def _context(config: EngineConfig, settings: TransformersSettings, place: Place, used: Used) -> int:
    """Tokens of prompt and reply together: what the user says, else the least of what is known of model and preset."""
    known = [count for count in (place.context, config.context_length, used.context) if count]
    return settings.context or min(known, default=4096)


def from_reply(reply: Reply) -> Completion:
    """A reply as the completion of its call (pure)."""
    return Completion(
        b"",
        reply.text,
        reply.finish,
        reply.prompt_tokens,
        reply.output_tokens,
        queue_s=reply.queue_s,
        first_token_s=reply.first_token_s,
        logprobs=reply.logprobs,
        gaps=reply.gaps,
    )
