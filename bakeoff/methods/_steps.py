"""Makes the calls of one trial and notes its steps, for methods that take more than one.

Calls are numbered in the order in which they are noted, so that a trace reads the same however many were under
way at once. Example:

    trail = Trail(engine)
    draft = await trail.ask(request, "draft")
    trail.note("status", details={"stopped": "nothing to correct"})
    return trail.answer(draft, draft.text, reasoned=True)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from bakeoff.core.protocols import Engine
from bakeoff.core.trace import Step, StepKind
from bakeoff.core.types import Answer, Completion, Json, Request

T = TypeVar("T")
Timed = tuple[Completion, float]  # a completion and when it was asked for, in seconds since the trial began


class Trail:
    """The calls and the steps of one trial."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.perf_counter) -> None:
        self._engine = engine
        self._clock = clock
        self._began = clock()
        self.completions: list[Completion] = []
        self.steps: list[Step] = []

    @property
    def now(self) -> float:
        """Seconds since the trial began."""
        return self._clock() - self._began

    async def ask(self, request: Request, kind: StepKind = "call") -> Completion:
        """One call, and its step."""
        completion, at = await self.call(request)
        self.keep(completion, kind, at)
        return completion

    async def ask_all(self, requests: Sequence[Request]) -> list[Timed]:
        """Several calls at once, of which no step is noted yet: `keep` does that."""
        return await together([self.call(request) for request in requests])

    async def call(self, request: Request) -> Timed:
        at = self.now
        return await self._engine.generate(request), at

    def keep(
        self, completion: Completion, kind: StepKind, at: float, details: Mapping[str, Json] | None = None
    ) -> None:
        """Note what a model said: its words stay with the completion, its time is what the call took."""
        number = len(self.completions)
        self.completions.append(completion)
        self.steps.append(Step(kind, "", at, completion.latency_s, number, details or {}))

    def note(
        self,
        kind: StepKind,
        text: str = "",
        details: Mapping[str, Json] | None = None,
        at: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Note what the method did itself; `at` is when it began to, `seconds` what it took if not the time since."""
        now = self.now
        began = now if at is None else at
        took = now - began if seconds is None else seconds
        self.steps.append(Step(kind, text, began, took, None, details or {}))

    def answer(
        self, final: Completion, text: str, *, reasoned: bool = True, parts: Mapping[str, float] | None = None
    ) -> Answer:
        """The answer, which stands in `final`: that one goes to the end of the calls, as `Answer` wants it."""
        place = next(number for number, one in enumerate(self.completions) if one is final)
        order = [number for number in range(len(self.completions)) if number != place] + [place]
        moved = {number: new for new, number in enumerate(order)}
        steps = [step if step.call is None else replace(step, call=moved[step.call]) for step in self.steps]
        calls = tuple(self.completions[number] for number in order)
        return Answer(text, calls, reasoned, tuple(step.as_json() for step in steps), parts or {})


async def together(calls: Sequence[Coroutine[None, None, T]]) -> list[T]:
    """All results, in order. Where a call fails the first failure is raised, when all have ended.

    So what the others cost is kept: they are in the store when the trial is asked for again.
    """
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise
    finally:
        for task in tasks:
            if not task.cancelled():
                task.exception()  # looked at, so that none of several failures is reported as lost
    return [task.result() for task in tasks]
