"""Time to the first token of prompts with long shared contexts in vLLM: with prefix cache and without.

The load of `bench.prefix`: questions on a few contexts of some 450 tokens. Two engines, one with the cache and one
without, are asked the same prompts in turns, one call after the other. Needs vLLM and a model. Example:

    .venv-vllm/bin/python -m bench.vllm_prefix .venv-vllm/smollm2
"""

from __future__ import annotations

import asyncio
import statistics
import sys

from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines.vllm import Vllm
from bench.prefix import CONTEXTS, QUESTIONS, prompts


async def ask(engine: Vllm, prompt: str) -> Completion:
    return await engine.generate(Request((Message("user", prompt),), Sampling(max_tokens=4)))


async def compare(folder: str) -> None:
    """Print the medians, over the questions whose context was asked before, and over all."""
    arms = {
        cached: Vllm(
            EngineConfig(
                name=folder,
                args={"threads": 1, "context": 1024, "batch": 4, "kv_gib": 0.5, "enable_prefix_caching": cached},
                timeout=3600,
            )
        )
        for cached in (False, True)
    }
    replies: dict[bool, list[Completion]] = {False: [], True: []}
    try:
        for engine in arms.values():
            await ask(engine, "Hello")
        for prompt in sorted(prompts()):  # a context's questions one after the other, as the runner puts them
            for cached, engine in arms.items():
                replies[cached].append(await ask(engine, prompt))
    finally:
        for engine in arms.values():
            await engine.close()
    firsts = {cached: [reply.first_token_s or 0.0 for reply in found] for cached, found in replies.items()}
    pairs = list(zip(firsts[False], firsts[True], replies[True], strict=True))
    hit = [without / with_ for without, with_, reply in pairs if reply.cached_tokens]
    mean = statistics.mean(firsts[False]) / statistics.mean(firsts[True])
    read = sum(reply.cached_tokens or 0 for reply in replies[True]) / sum(r.prompt_tokens or 0 for r in replies[True])
    print(
        f"vllm prefix      {statistics.median(hit):.2f} × lower time to the first token on {len(hit)} hits of"
        f" {CONTEXTS * QUESTIONS} calls ({min(hit):.2f} to {max(hit):.2f}), {mean:.2f} × in the mean of all;"
        f" {read:.0%} of prompt tokens from the cache;"
        f" {statistics.median(firsts[False]):.3f} and {statistics.median(firsts[True]):.3f} s"
    )


if __name__ == "__main__":
    asyncio.run(compare(sys.argv[1]))
