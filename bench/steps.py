"""What a step of a reasoning method costs beside its engine: CPU for each call, vote, draft and what follows from it.

    python -m bench steps

The fake engine answers at once; what its own calls take, with the same requests, is measured apart and taken off.
The bound is 2 ms of CPU a step.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from bakeoff.core.options import settled
from bakeoff.core.protocols import EngineConfig, Method, MethodConfig
from bakeoff.core.types import Completion, Request, Sample
from bakeoff.engines.fake import Fake
from bakeoff.methods import METHODS
from tests.methods.test_prompts import Asked, Sums

TRIALS = 300
MOST_MS = 2.0
OPTIONS: dict[str, dict[str, bool | int | float | str]] = {"self_consistency": {"votes": 10}}
NAMES = ("naive", "cot", "few_shot_cot", "plan_and_solve", "self_consistency", "least_to_most", "self_refine")


class _Kept(Fake):
    """The fake engine, which keeps what it was asked."""

    def __init__(self, config: EngineConfig) -> None:
        super().__init__(config)
        self.asked: list[Request] = []

    async def generate(self, request: Request) -> Completion:
        self.asked.append(request)
        return await super().generate(request)


def steps(folder: Path) -> None:
    """Print the CPU of a step of each method, and whether it is within the bound."""
    del folder  # it writes nothing
    samples = list(Sums().samples("test")) * (TRIALS // 50)
    for name in NAMES:
        cls = METHODS.load(name)
        options = settled(name, getattr(cls, "OPTIONS", {}), OPTIONS.get(name, {}))
        method: Method = cls(MethodConfig(None, options))
        whole, engine = asyncio.run(_asked(method, samples))
        alone = asyncio.run(_again(engine.asked))
        each = 1000 * max(0.0, whole - alone) / len(engine.asked)
        verdict = "" if each <= MOST_MS else f"  OVER {MOST_MS:g} ms"
        print(f"{name:<17} {each:.3f} ms of CPU a step beside the engine ({len(engine.asked):,} steps){verdict}")


async def _asked(method: Method, samples: Sequence[Sample]) -> tuple[float, _Kept]:
    engine, task = _Kept(EngineConfig("a", args={"accuracy": 0.5})), Asked(Sums())
    await method.answer(samples[0], task, engine, 999)  # what is loaded once
    engine.asked.clear()
    began = time.process_time()
    for place, sample in enumerate(samples):
        await method.answer(sample, task, engine, place // 50)
    return time.process_time() - began, engine


async def _again(requests: Sequence[Request]) -> float:
    """CPU of the same calls without a method."""
    engine = Fake(EngineConfig("a", args={"accuracy": 0.5}))
    began = time.process_time()
    for request in requests:
        await engine.generate(request)
    return time.process_time() - began
