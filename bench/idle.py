"""The share of its time in which an engine in process has nothing to do while there are trials to ask.

The fake engine's device (4 slots, seconds for each token) under the runner: prompts are rendered, replies journalled,
stored and graded, by a scorer that compares and by one that takes a while, as a sandbox does. A call takes about 0.1 s,
as of a small model on a CPU; of `fast` a tenth of it. `bare` has a worker for each slot and grades before it asks on,
as a plain loop would. Example:

    python -m bench idle
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import Sample, Score
from bakeoff.engines.fake import Fake

SLOTS = 4
SECONDS = 0.2  # that a slow grade takes
SPEED = {"decode_s": 0.005, "prefill_s": 0.0005, "slots": SLOTS}
FAST = {"decode_s": 0.0005, "prefill_s": 0.00005, "slots": SLOTS}


async def slow(sample: Sample, extracted: str) -> Score:
    """As a program in a sandbox: the process waits, and works little."""
    await asyncio.sleep(SECONDS)
    return Score(1.0 if extracted == sample.target else 0.0)


def measured(folder: Path, name: str, grade_slowly: bool, speed: dict[str, float] = SPEED) -> dict[str, float | None]:
    """One run; what its device says."""
    laboratory = Laboratory(Settings.load(f"sqlite:///{folder / name}.db"))
    fields = {
        "models": [{"model": "fake/a", "args": speed}],
        "benchmarks": ["question_answering"],
        "methods": ["naive", "cot"],
        "repeats": 1 if speed is SPEED else 4,
        "name": name,
    }
    prepared = laboratory.prepare(parse_spec(fields))
    try:
        if grade_slowly:
            for cell in prepared.cells:
                object.__setattr__(cell.benchmark, "score", slow)
        execution = laboratory.execute(prepared, lambda progress, schedule: None)
        engine = prepared.cells[0].model.engine
        assert isinstance(engine, Fake) and engine.device is not None
        return {"trials": execution.settled, "idle": engine.device.idle_share, "seconds": round(execution.seconds, 2)}
    finally:
        prepared.close()
        laboratory.close()


async def bare() -> float | None:
    """A worker for each slot that grades its reply before it asks on."""
    from bakeoff.core.protocols import EngineConfig
    from bakeoff.core.types import Message, Request

    engine = Fake(EngineConfig("a", args=SPEED))
    asked = iter([Request((Message("user", f"Question {i}: " + "why? " * 40),), oracle=("42",)) for i in range(88)])

    async def work() -> None:
        for request in asked:
            await engine.generate(request)
            await asyncio.sleep(SECONDS)

    async with asyncio.TaskGroup() as group:
        for _ in range(SLOTS):
            group.create_task(work())
    return engine.device.idle_share if engine.device else None


def idle(folder: Path) -> None:
    """All runs; one JSON line."""
    found = {
        "comparing": measured(folder, "comparing", False),
        "fast": measured(folder, "fast", False, FAST),
        "slow_grades": measured(folder, "slow", True),
        "bare_slow_grades_idle": asyncio.run(bare()),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        idle(Path(made))
