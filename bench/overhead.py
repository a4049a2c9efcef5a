"""What the harness costs: tokens a second of a run through Bakeoff, beside those of the engine's library called bare.

Both answer the same prompts, greedily and to the same length, in turns, with a model loaded before the clock starts.
Bare is what a script would do: `LLM.generate` of vLLM, `model.generate` of Transformers in batches padded by hand,
a thread for each slot of llama.cpp's server. A run renders, tokenises, journals, grades and stores, from its first
call to its end. Engines that are not installed are left out: vLLM has an environment of its own. Example:

    python -m bench overhead
    BAKEOFF_TEST_SMOLLM2=.venv-vllm/smollm2 .venv-vllm/bin/python -m bench.overhead vllm
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bakeoff.app import wiring
from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.core.protocols import Engine, EngineConfig, EngineLimits
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Completion, ModelIdentity, Request
from bakeoff.engines._llama_host import Call
from bakeoff.engines._transformers_decode import Row
from bakeoff.engines.llama_cpp import LlamaCpp
from bakeoff.engines.transformers import Transformers
from bench.transformers_batch import SHAPE
from tests.conftest import write_gsm8k

QUESTIONS = 64
TOKENS = 32
BATCH = 8
ROUNDS = 5
TARGET = 0.97


@dataclass(frozen=True)
class Round:
    """Tokens that were made, and the seconds it took."""

    tokens: int
    seconds: float

    @property
    def speed(self) -> float:
        return self.tokens / self.seconds


class Kept:
    """An engine that a run does not close, and that notes what it is asked, and when first."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.requests: list[Request] = []
        self.tokens = 0
        self.began = 0.0

    @property
    def identity(self) -> ModelIdentity:
        return self.engine.identity

    @property
    def limits(self) -> EngineLimits:
        return self.engine.limits

    async def generate(self, request: Request) -> Completion:
        self.began = self.began or time.perf_counter()
        self.requests.append(request)
        reply = await self.engine.generate(request)
        self.tokens += reply.output_tokens or 0
        return reply

    async def close(self) -> None:
        """It is closed when all rounds are over."""


class Bare(Protocol):
    """A library called without Bakeoff."""

    def answer(self, requests: Sequence[Request]) -> Round: ...

    def close(self) -> None: ...


class Harness:
    """Runs of one engine through Bakeoff, each into a store of its own."""

    def __init__(self, folder: Path, name: str, engine: Engine) -> None:
        self._folder = folder
        self._name = name
        self._engine = engine
        self._number = 0
        self.asked: list[Request] = []

    def run(self) -> Round:
        self._number += 1
        kept = Kept(self._engine)
        spec = parse_spec(
            {
                "models": [f"{self._name}/bench"],
                "benchmarks": "gsm8k",
                "limit": QUESTIONS,
                "seed": 7,
                "sampling": {"max_tokens": TOKENS},
                "timeout": 3600,
            }
        )
        build, wiring.build_engine = wiring.build_engine, lambda *_: kept
        laboratory = Laboratory(Settings.load(f"sqlite:///{self._folder}/{self._name}-{self._number}.db"))
        try:
            prepared = laboratory.prepare(spec)
            laboratory.execute(prepared, lambda progress, schedule: None)
            seconds = time.perf_counter() - kept.began
            prepared.close()
        finally:
            wiring.build_engine = build
            laboratory.close()
        self.asked = kept.requests
        return Round(kept.tokens, seconds)


class BareLlama:
    """A thread for each slot of llama.cpp's server, which does its own batching.

    The server is that of the runs: one copy of the model, in one place of memory, so that only what is around differs.
    """

    def __init__(self, engine: LlamaCpp) -> None:
        self._engine = engine

    def answer(self, requests: Sequence[Request]) -> Round:
        import threading

        assert self._engine._host is not None
        server = self._engine._host._started()
        bodies = [json.dumps(self._engine.to_request(request)).encode() for request in requests]
        never = threading.Event()

        def one(body: bytes) -> int:
            call = Call(body, "chat")
            call.run(server, never)
            return int(call.reply.result()["usage"]["completion_tokens"])

        began = time.perf_counter()
        with ThreadPoolExecutor(self._engine._settings.slots) as threads:
            tokens = sum(threads.map(one, bodies))
        return Round(tokens, time.perf_counter() - began)

    def close(self) -> None:
        """The engine closes its server."""


class BareTransformers:
    """`model.generate` on batches of neighbours in length, padded on the left by hand."""

    def __init__(self, engine: Transformers) -> None:
        self._engine = engine
        self._model = engine._start("").network.model

    def answer(self, requests: Sequence[Request]) -> Round:
        import torch

        jobs = [self._engine.to_job(request) for request in requests]
        prompts = sorted((job.prompt for job in jobs if isinstance(job, Row)), key=len, reverse=True)
        model, tokens, began = self._model, 0, time.perf_counter()
        for place in range(0, len(prompts), BATCH):
            chunk = prompts[place : place + BATCH]
            width = max(map(len, chunk))
            ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in chunk])
            mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in chunk])
            with torch.inference_mode():
                made = model.generate(ids, attention_mask=mask, max_new_tokens=TOKENS, do_sample=False, pad_token_id=2)
            tokens += sum(_length(row) for row in made[:, width:].tolist())
        return Round(tokens, time.perf_counter() - began)

    def close(self) -> None:
        del self._model


def _length(row: list[int], end: int = 2) -> int:
    """Tokens up to and with the one that ends a reply."""
    return row.index(end) + 1 if end in row else len(row)


class BareVllm:
    """`LLM.generate`, all prompts at once, in a process of its own with the arguments of ours."""

    def __init__(self, engine: Any) -> None:
        from bakeoff.engines._vllm_used import launch

        self._engine = engine
        first = launch(engine._used, engine._settings, str(engine._place.folder.resolve()), engine._tokenizer)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare_vllm", json.dumps(first["arguments"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **{str(k): str(v) for k, v in dict(first["environment"] or {}).items()}},  # type: ignore[arg-type]
        )
        self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("vLLM called bare ended before it answered")
        told: dict[str, Any] = json.loads(line)
        return told

    def answer(self, requests: Sequence[Request]) -> Round:
        messages = [self._engine.to_job(request)[1].message for request in requests]
        assert self._process.stdin is not None
        asked = {
            "prompts": [one["prompt"] for one in messages],
            "most": [one["sampling"]["max_tokens"] for one in messages],
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = self._hear()
        return Round(told["tokens"], told["seconds"])

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def vllm(folder: Path) -> tuple[Engine, Bare]:
    from bakeoff.engines.vllm import Vllm

    args: dict[str, bool | int | float | str] = {"threads": 1, "context": 512, "batch": BATCH}
    args |= {"enable_prefix_caching": False, **_dummy()}
    engine = Vllm(EngineConfig(name=str(_model(folder)), args=args, timeout=3600))
    return engine, BareVllm(engine)


def transformers(folder: Path) -> tuple[Engine, Bare]:
    args: dict[str, bool | int | float | str] = {"threads": 1, "context": 512, "batch": BATCH, "device": "cpu"}
    engine = Transformers(EngineConfig(name=str(_model(folder)), args=args | _dummy(), timeout=3600))
    return engine, BareTransformers(engine)


def llama_cpp(folder: Path) -> tuple[Engine, Bare]:
    del folder
    engine = LlamaCpp(EngineConfig(name="smollm2-135m", args={"threads": 1, "slots": 4, "context": 512}, timeout=3600))
    return engine, BareLlama(engine)


def _model(folder: Path) -> Path:
    """The folder that BAKEOFF_TEST_SMOLLM2 names, else the shape of that model without its weights."""
    kept = os.environ.get("BAKEOFF_TEST_SMOLLM2")
    if kept:
        return Path(kept)
    place = folder / "shape"
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text(json.dumps(SHAPE), encoding="utf-8")
    return place


def _dummy() -> dict[str, bool]:
    return {} if os.environ.get("BAKEOFF_TEST_SMOLLM2") else {"dummy": True}


ENGINES: dict[str, tuple[str, Callable[[Path], tuple[Engine, Bare]]]] = {
    "llama_cpp": ("xllamacpp", llama_cpp),
    "transformers": ("torch", transformers),
    "vllm": ("vllm", vllm),
}


@contextmanager
def _data(folder: Path) -> Iterator[None]:
    """GSM8K-like questions where Bakeoff looks for them."""
    write_gsm8k(folder / "data", QUESTIONS)
    before = {name: os.environ.get(name) for name in ("BAKEOFF_DATA", "BAKEOFF_HOME")}
    os.environ |= {"BAKEOFF_DATA": str(folder / "data"), "BAKEOFF_HOME": str(folder / "home")}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def contest(name: str, folder: Path, rounds: int) -> list[tuple[Round, Round]]:
    """Pairs of rounds, through Bakeoff and bare, which goes first changing from pair to pair."""
    engine, bare = ENGINES[name][1](folder)
    harness = Harness(folder, name, engine)
    try:
        harness.run()  # loads the model, and learns the requests
        asked = harness.asked
        bare.answer(asked)
        found = []
        for number in range(rounds):
            if number % 2:
                direct = bare.answer(asked)
                found.append((harness.run(), direct))
            else:
                through = harness.run()
                found.append((through, bare.answer(asked)))
            a, b = found[-1]
            print(f"{name} {number + 1}: {a.speed:.1f} and {b.speed:.1f} tokens/s", file=sys.stderr, flush=True)
        return found
    finally:
        bare.close()
        asyncio.run(engine.close())


def overhead(folder: Path, names: Sequence[str] = (), rounds: int = ROUNDS) -> None:
    """Print the ratio of each engine that is installed, as the median over rounds with its range."""
    with _data(folder):
        for name in names or ENGINES:
            package = ENGINES[name][0]
            if importlib.util.find_spec(package) is None:
                print(f"overhead {name:<13} not measured: '{package}' is not installed here", flush=True)
                continue
            pairs = contest(name, folder, rounds)
            ratios = [through.speed / direct.speed for through, direct in pairs]
            through, direct = (statistics.median(one.speed for one in side) for side in zip(*pairs, strict=True))
            counted = statistics.median(a.tokens / b.tokens for a, b in pairs)
            spread = f"rounds: {min(ratios):.3f} to {max(ratios):.3f}; wanted: {TARGET}"
            told = f"{through:.1f} and {direct:.1f} tokens/s, tokens {counted:.3f} : 1"
            print(f"overhead {name:<13} {statistics.median(ratios):.3f} of bare ({spread}); {told}", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bakeoff-bench-") as place:
        overhead(Path(place), sys.argv[1:])
