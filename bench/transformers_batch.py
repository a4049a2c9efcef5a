"""Batches of engine 'transformers' beside one call after another, and beside `model.generate` called bare.

The shape of SmolLM2-135M with random weights (no files needed) or the folder of a model, on this machine's
device. The three take turns in one process, each with the same prompts; tokens a second by the clock, and by
the CPU time of the process, which neighbours on the machine disturb less (with one thread). Example:

    python -m bench transformers
    python -m bench.transformers_batch /models/qwen3-8b 3
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines._transformers_decode import Row
from bakeoff.engines.transformers import Transformers

BATCH = 16
REQUESTS = 16
TOKENS = 16
ROUNDS = 3
SHAPE = {  # https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct/blob/main/config.json, without its end token
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
    "vocab_size": 49152,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": True,
    "bos_token_id": None,
    "eos_token_id": None,
}


@dataclass
class Speed:
    """Tokens a second of each round."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def measure(self, work: Callable[[], int]) -> None:
        wall, used = time.perf_counter(), time.process_time()
        tokens = work()
        self.clock.append(tokens / (time.perf_counter() - wall))
        self.cpu.append(tokens / (time.process_time() - used))


def requests() -> list[Request]:
    """Prompts of 20 to 80 words, as questions are."""
    return [
        Request(
            (Message("user", f"Case {i}: " + "a baker fills trays with rolls. " * (3 + i % 9)),), Sampling(0, TOKENS)
        )
        for i in range(REQUESTS)
    ]


class Contest:
    """The three ways, with the model loaded for each."""

    def __init__(self, folder: Path, dummy: bool) -> None:
        self.folder = folder
        self.dummy = dummy
        self.loop = asyncio.new_event_loop()
        self.batched, self.single = self._engine(BATCH), self._engine(1)
        jobs = [self.batched.to_job(request) for request in requests()]
        self.prompts = sorted((job.prompt for job in jobs if isinstance(job, Row)), key=len, reverse=True)
        self.bare = self.batched._start("").network  # a model of its own: the same weights again

    def _engine(self, batch: int) -> Transformers:
        args = {"batch": batch, "dummy": self.dummy, "threads": 1}
        return Transformers(EngineConfig(name=str(self.folder), args=args, timeout=3600, api="completions"))

    def together(self) -> int:
        async def run() -> int:
            replies = await asyncio.gather(*map(self.batched.generate, requests()))
            return sum(reply.output_tokens or 0 for reply in replies)

        return self.loop.run_until_complete(run())

    def one_by_one(self) -> int:
        async def run() -> int:
            return sum([(await self.single.generate(request)).output_tokens or 0 for request in requests()])

        return self.loop.run_until_complete(run())

    def library(self) -> int:
        """`model.generate` on the same batches, padded by hand."""
        import torch

        model, made = self.bare.model, 0
        for begin in range(0, len(self.prompts), BATCH):
            prompts = self.prompts[begin : begin + BATCH]
            width = max(map(len, prompts))
            ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts]).to(model.device)
            mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]).to(
                model.device
            )
            with torch.inference_mode():
                out = model.generate(ids, attention_mask=mask, max_new_tokens=TOKENS, do_sample=False, pad_token_id=0)
            made += (out.shape[1] - width) * len(prompts)
        return made

    def close(self) -> None:
        for engine in (self.batched, self.single):
            self.loop.run_until_complete(engine.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


def transformers_batch(folder: Path, model: Path | None = None, rounds: int = ROUNDS) -> None:
    """Print tokens a second of the three, and their ratios as the median over rounds with its range."""
    if model is None:
        (folder / "config.json").write_text(json.dumps(SHAPE), encoding="utf-8")
    contest = Contest(model or folder, dummy=model is None)
    ways = {"batched": contest.together, "bare": contest.library, "sequential": contest.one_by_one}
    speeds = {name: Speed() for name in ways}
    try:
        for work in ways.values():
            work()  # to load, and to warm up
        for _ in range(rounds):
            for name, work in ways.items():
                speeds[name].measure(work)
    finally:
        contest.close()
    for name, speed in speeds.items():
        clock, cpu = statistics.median(speed.clock), statistics.median(speed.cpu)
        print(f"transformers {name:<11} {clock:8.1f} tokens/s by the clock, {cpu:8.1f} by CPU time")
    for name, other, said in (("batched", "sequential", f"batch {BATCH}"), ("batched", "bare", "beside generate")):
        for by in ("clock", "cpu"):
            ratios = [a / b for a, b in zip(getattr(speeds[name], by), getattr(speeds[other], by), strict=True)]
            low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
            print(f"transformers {said:<16} {middle:.2f} × by {by} (rounds: {low:.2f} to {high:.2f})", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as place:
        given = sys.argv[1:]
        transformers_batch(Path(place), Path(given[0]) if given else None, int(given[1]) if len(given) > 1 else ROUNDS)
