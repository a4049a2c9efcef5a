"""The process that vLLM lives in: lines of JSON in, lines of JSON out, until its input ends.

It is started by `_vllm_host` and imports nothing of Bakeoff. vLLM writes to stdout, changes its environment and
starts processes of its own; here that disturbs nobody, and all of it ends when this process's group is killed.

    {"arguments": {…}, "environment": {…}}            first line in: how vLLM is started
    {"ready": {…}}  or  {"failed": "…"}               first line out: what runs, or why nothing does
    {"id": 1, "prompt": […], "sampling": {…}}         then calls; {"id": 1, "cancel": true} takes one back
    {"id": 1, "text": "…", "finish": "stop", …}       and replies, in the order in which they end

Source: https://docs.vllm.ai/en/stable/api/vllm/v1/engine/async_llm/.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

Message = dict[str, Any]


class Server:
    """One engine of vLLM, and the calls that are under way."""

    def __init__(self, engine: Any, out: int) -> None:
        self._engine = engine
        self._out = out
        self._calls: dict[int, asyncio.Task[None]] = {}

    def take(self, message: Message) -> None:
        """Begin a call, or take one back."""
        number = message["id"]
        if message.get("cancel"):
            if number in self._calls:
                self._calls[number].cancel()
            return
        task = asyncio.get_running_loop().create_task(self._answer(number, message))
        self._calls[number] = task
        task.add_done_callback(lambda _: self._calls.pop(number, None))

    async def _answer(self, number: int, message: Message) -> None:
        try:
            if "scored" in message:
                reply = await self._score(number, message["scored"])
            else:
                reply = await self._generate(number, message)
        except asyncio.CancelledError:
            return
        except Exception as error:
            reply = {"failed": failure(error), "dead": bool(self._engine.errored)}
        write(self._out, {"id": number, **reply})

    async def _generate(self, number: int, message: Message) -> Message:
        from vllm.sampling_params import StructuredOutputsParams

        asked = dict(message["sampling"])
        if not message.get("text", True):
            asked |= {"detokenize": False}
        if message.get("guide"):
            asked["structured_outputs"] = StructuredOutputsParams(**message["guide"])
        return told(await self._ask(str(number), message["prompt"], asked), asked.get("logprobs") or 0)

    async def _score(self, number: int, rows: list[Message]) -> Message:
        """The log-probabilities of what follows the known tokens of each row."""

        async def one(place: int, row: Message) -> list[float]:
            asked = {"temperature": 0.0, "max_tokens": 1, "prompt_logprobs": 0, "detokenize": False}
            out = await self._ask(f"{number}.{place}", row["tokens"], asked)
            pairs = list(zip(row["tokens"], out.prompt_logprobs, strict=True))
            return [float(found[token].logprob) for token, found in pairs[row["known"] :]]

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(place, row)) for place, row in enumerate(rows)]
        return {"values": [task.result() for task in tasks]}

    async def _ask(self, name: str, tokens: list[int], asked: Message) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        params = SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **asked)
        outputs = self._engine.generate({"type": "token", "prompt_token_ids": tokens}, params, name)
        return [out async for out in outputs][-1]


def told(out: Any, most: int) -> Message:
    """An output of vLLM as a reply, with `most` alternatives for each token."""
    made, stats = out.outputs[0], out.metrics
    return {
        "text": made.text,
        "tokens": list(made.token_ids),
        "finish": made.finish_reason,
        "prompt_tokens": len(out.prompt_token_ids),
        "output_tokens": len(made.token_ids),
        "cached_tokens": out.num_cached_tokens,
        "first_token_s": getattr(stats, "first_token_latency", None) or None,
        "queue_s": max(0.0, stats.scheduled_ts - stats.queued_ts) if stats and stats.scheduled_ts else 0.0,
        "logprobs": [token(one, found, most) for one, found in zip(made.token_ids, made.logprobs or (), strict=False)],
    }


def token(chosen: int, found: Any, most: int) -> Message:
    """A token with its alternatives, the likeliest first. vLLM adds the one that was drawn, whatever its rank."""
    ranked = sorted(found.items(), key=lambda item: -item[1].logprob)
    return {"token": chosen, "logprob": found[chosen].logprob, "top": [[n, one.logprob] for n, one in ranked[:most]]}


def failure(error: BaseException) -> Message:
    """An error as data; what vLLM calls a client's error is the request's fault."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    names = {cls.__name__ for cls in type(error).__mro__}
    kind = "request" if names & {"VLLMClientError", "ValueError", "TypeError"} else "engine"
    said = str(error) or str(error.__cause__ or "")
    return {"kind": kind, "said": f"{type(error).__name__}: {said}" if kind == "engine" else said}


def facts(engine: Any) -> Message:
    """What runs: as vLLM resolved it, not as it was asked."""
    config = engine.vllm_config
    cache, model, parallel = config.cache_config, config.model_config, config.parallel_config
    return {
        "dtype": str(model.dtype).removeprefix("torch."),
        "max_model_len": model.max_model_len,
        "kv_cache_dtype": str(cache.cache_dtype),
        "kv_cache_tokens": getattr(cache, "kv_cache_size_tokens", None),
        "block_size": cache.block_size,
        "prefix_caching": bool(cache.enable_prefix_caching),
        "quantization": model.quantization,
        "eager": bool(model.enforce_eager),
        "max_num_seqs": config.scheduler_config.max_num_seqs,
        "max_num_batched_tokens": config.scheduler_config.max_num_batched_tokens,
        "tensor_parallel_size": parallel.tensor_parallel_size,
        "data_parallel_size": parallel.data_parallel_size,
        "vllm": sys.modules["vllm"].__version__,
        "torch": sys.modules["torch"].__version__,
    }


def write(out: int, message: Message) -> None:
    """One line, whole. A reader that is gone takes nothing, and this process ends soon."""
    line = json.dumps(message).encode() + b"\n"
    try:
        while line:
            line = line[os.write(out, line) :]
    except BrokenPipeError:
        os.close(0)


async def lines(source: Any) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 30)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), source)
    return reader


async def serve(out: int) -> None:
    reader = await lines(sys.stdin)
    first = json.loads(await reader.readline())
    os.environ.update(first["environment"])
    try:
        # Imported here: vLLM reads its environment at its import.
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**first["arguments"]), stat_loggers=[])
    except Exception as error:
        write(out, {"failed": f"{type(error).__name__}: {error}"})
        return
    write(out, {"ready": facts(engine)})
    server = Server(engine, out)
    try:
        while line := await reader.readline():
            server.take(json.loads(line))
    finally:
        engine.shutdown()


def sweep() -> None:
    """Let Python's tracker remove the shared memory that vLLM's processes have left; killed, it could not."""
    from multiprocessing import resource_tracker

    tracker: Any = resource_tracker
    tracker._resource_tracker._stop()


def main() -> None:
    """`python -m bakeoff.engines._vllm_child DESCRIPTOR`: replies go to that file descriptor."""
    out = int(sys.argv[1])
    os.set_inheritable(out, False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks, who then ends this
    try:
        asyncio.run(serve(out))
        sweep()
    finally:
        # Everything that vLLM started belongs to this group, and nothing else does.
        sys.stdout.flush()
        os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
