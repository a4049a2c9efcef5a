"""Time to the first token of prompts with long shared contexts: with and without prefix cache and order.

SmolLM2 through llama.cpp in this process, one call after the other. Questions on a few contexts, shuffled by a fixed
seed as a benchmark's draw is; the arms take turns, context by context, so that a busy machine slows all alike.
Example:

    OMP_NUM_THREADS=1 python -m bench prefix
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines.llama_cpp import LlamaCpp
from bakeoff.runner.order import arranged, ordering_of

CONTEXTS = 4
QUESTIONS = 4
ROUNDS = 2
TOPICS = ("the harbour", "the observatory", "the orchard", "the railway", "the library", "the mill")
ASKED = ("Who looks after it?", "When was it built?", "What does it cost a year?", "Why do people come?")
ARMS = {"neither": (False, False), "cache alone": (True, False), "cache and order": (True, True)}


def context(number: int) -> str:
    """Some 450 tokens about one thing."""
    topic = TOPICS[number % len(TOPICS)]
    facts = [f"In year {1900 + number * 7 + i} {topic} was repaired for {300 + i * 17} crowns." for i in range(22)]
    return f"Passages on {topic}:\n" + " ".join(facts)


def prompts() -> list[str]:
    """Every question on every context, in an order that knows nothing of contexts."""
    found = [f"{context(i)}\n\nQuestion: {ASKED[j]}\nAnswer:" for i in range(CONTEXTS) for j in range(QUESTIONS)]
    return random.Random(7).sample(found, len(found))


@dataclass
class Arm:
    """Seconds to the first token, and the prompt tokens that were read or found, of each call."""

    first: list[float] = field(default_factory=list)
    cached: int = 0
    read: int = 0

    def told(self) -> dict[str, float]:
        return {
            "median_s": round(statistics.median(self.first), 4),
            "mean_s": round(statistics.mean(self.first), 4),
            "hit_rate": round(self.cached / max(1, self.read), 3),
        }


async def ask(cache: bool, order: bool, arm: Arm) -> None:
    """One round of an arm, with a model of its own."""
    args = {"slots": 1, "context": 1024, "threads": 1, "prompt_cache": cache}
    engine = LlamaCpp(EngineConfig("smollm2-135m", args=args))
    try:
        await engine.generate(Request((Message("user", "Hello"),), Sampling(max_tokens=1)))
        ordering = ordering_of(engine.limits, 1)
        asked = prompts()
        if order and ordering is not None:
            asked = list(arranged(asked, str, ordering))
        for prompt in asked:
            reply = await engine.generate(Request((Message("user", prompt),), Sampling(max_tokens=4)))
            arm.first.append(reply.first_token_s or 0.0)
            arm.cached += reply.cached_tokens or 0
            arm.read += reply.prompt_tokens or 0
    finally:
        await engine.close()


def prefix(folder: Path) -> None:
    """All arms in turns; one JSON line."""
    del folder  # as all measures are called
    arms = {name: Arm() for name in ARMS}
    for turn in range(ROUNDS):
        names = list(ARMS)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            asyncio.run(ask(*ARMS[name], arms[name]))
    told = {name: arm.told() for name, arm in arms.items()}
    base = told["neither"]
    ratios = {
        name: {kind: round(base[kind] / max(found[kind], 1e-9), 2) for kind in ("median_s", "mean_s")}
        for name, found in told.items()
    }
    print(json.dumps({"calls": CONTEXTS * QUESTIONS * ROUNDS, "arms": told, "times_lower": ratios}))


if __name__ == "__main__":
    prefix(Path())
