"""What an agent costs beside its engine and its tools: CPU for a step, and wall time at 64 in flight.

    python -m bench agent

A step is a call of the engine with what follows from it: the reply is read, the policy asked, the tool called, the
next prompt made. The engine of the first figure says prepared texts and the calculator's own time is measured apart.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bakeoff.core.protocols import EngineLimits, MethodConfig
from bakeoff.core.tools import ToolResult
from bakeoff.core.types import Completion, Json, ModelIdentity, Request, Sample
from bakeoff.methods.react import React
from bakeoff.tools.calculator import Calculator
from bench.stub import stub_server
from tests.conftest import write_gsm8k
from tests.methods.test_prompts import Asked, Sums

TRIALS = 2000
QUESTIONS = 1000
IN_FLIGHT = 64
LATENCY = 0.1
TOOL_STEPS = 2
ROUNDS = 3


class _Prepared:
    """An engine that calls the calculator four times and then answers."""

    identity = ModelIdentity("prepared", "p")
    limits = EngineLimits()

    async def generate(self, request: Request) -> Completion:
        step = len(request.messages) // 2
        text = f'Thought: step {step}\nAction: calculator\nAction Input: {{"expression": "(48 / 2) + {step}"}}'
        return Completion(b"", text if step < 4 else "Thought: done\nAnswer: 72", "stop", 100, 20)

    async def close(self) -> None:
        pass


class _Timed(Calculator):
    """The calculator, and how much CPU it took."""

    spent = 0.0

    async def execute(self, arguments: Mapping[str, Json]) -> ToolResult:
        before = time.process_time()
        result = await super().execute(arguments)
        _Timed.spent += time.process_time() - before
        return result


async def _steps(trials: int) -> int:
    method, engine, task = React(MethodConfig(tools=(_Timed(),))), _Prepared(), Asked(Sums())
    sample = Sample("s", "A long question, as such questions are. " * 5, "72", "72")
    return sum([len((await method.answer(sample, task, engine, 0)).completions) for _ in range(trials)])


def cpu_of_a_step() -> tuple[float, float]:
    """Milliseconds of CPU for a step: of the method alone, of the tool."""
    best = (float("inf"), 0.0)
    for _ in range(ROUNDS):
        _Timed.spent = 0.0
        before = time.process_time()
        steps = asyncio.run(_steps(TRIALS))
        spent = time.process_time() - before
        best = min(best, ((spent - _Timed.spent) / steps * 1000, _Timed.spent / steps * 1000))
    return best


def command(url: str, questions: int) -> list[str]:
    args = ["run", "--models", f"openai_compatible/agent-{TOOL_STEPS}", "--base-url", f"{url}/v1"]
    args += ["--benchmarks", "gsm8k", "--methods", "react:tools=calculator", "--limit", str(questions)]
    args += ["--concurrency", str(IN_FLIGHT), "--seed", "7", "--name", "bench", "--json"]
    return [sys.executable, "-m", "bench.usage", "bakeoff", *args]


def agent(folder: Path) -> None:
    """Print both figures, and CPU for each call of the whole program."""
    from bench.__main__ import Usage, measure, say

    def run(url: str, questions: int) -> Usage:
        home = tempfile.mkdtemp(dir=folder, prefix="home-")
        store = f"sqlite:///{home}/bakeoff.db"
        return measure(
            command(url, questions), {"BAKEOFF_DATA": str(data), "BAKEOFF_HOME": home, "BAKEOFF_STORE": store}
        )

    step, tool = cpu_of_a_step()
    say("agent step", f"{step:.3f} ms", f"of CPU beside engine and tool; the calculator {tool:.3f} ms")
    data = folder / "data-agent"
    write_gsm8k(data, QUESTIONS)
    calls = TOOL_STEPS + 1
    ideal = QUESTIONS * calls * LATENCY / IN_FLIGHT
    with stub_server(LATENCY) as url:
        start = min((run(url, 1) for _ in range(ROUNDS)), key=lambda used: used.wall)
        whole = min((run(url, QUESTIONS) for _ in range(ROUNDS)), key=lambda used: used.wall)
    off = (whole.wall - start.wall + calls * LATENCY) / ideal
    more = f"{whole.wall / ideal:.2f} × the ideal {ideal:.1f} s, {off:.2f} × with start-up taken off"
    say("agent wall", f"{whole.wall:.2f} s", more)
    each = (whole.cpu - start.cpu) / (QUESTIONS * calls) * 1000
    say("agent cpu", f"{each:.3f} ms", "of CPU for each call in all: HTTP, journal, store, grading")


if __name__ == "__main__":
    print(json.dumps(dict(zip(("step_ms", "tool_ms"), cpu_of_a_step(), strict=True))))
