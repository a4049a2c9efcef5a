"""Ask an engine as many calls at once as told, and time them: one repeat of a point of a profile.

As many workers as calls are wanted at once, each of which asks the next prompt when its reply has come (a closed
loop). Nothing is journalled and nothing taken from the store: every call is made. Example:

    timed = await ask_at_once(engine, prompts, batch=8, rounds=1)
    timed.seconds, timed.output_tokens
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from bakeoff.core.errors import EngineError
from bakeoff.core.protocols import Engine
from bakeoff.core.types import Completion, Request
from bakeoff.stats.intervals import quantile

_SHORT = (
    "out of memory",
    "memory is too short",
    "fit into memory",
    "cannot allocate memory",
    "can't allocate memory",
    "can't start new thread",
)


class RanOut(Exception):
    """Memory ran out at a batch: flow control of the search for the largest, not an error of anybody's."""


@dataclass(frozen=True, slots=True)
class CallTime:
    """One call: seconds in all and to the first token, tokens of prompt and reply."""

    seconds: float
    first: float | None
    prompt: int | None
    output: int | None


@dataclass(frozen=True, slots=True)
class Timed:
    """One repeat: its calls and how long all of them took together."""

    seconds: float
    calls: Sequence[CallTime]

    @property
    def requests_per_s(self) -> float:
        return len(self.calls) / self.seconds

    @property
    def output_per_s(self) -> float | None:
        return _total([call.output for call in self.calls], self.seconds)

    @property
    def prompt_per_s(self) -> float | None:
        return _total([call.prompt for call in self.calls], self.seconds)

    def call(self, share: float) -> float | None:
        return quantile(sorted(call.seconds for call in self.calls), share)

    def first(self, share: float) -> float | None:
        return quantile(sorted(call.first for call in self.calls if call.first is not None), share)

    def between(self, share: float) -> float | None:
        """Seconds for each token after the first."""
        paces = [
            (call.seconds - call.first) / (call.output - 1)
            for call in self.calls
            if call.first is not None and call.output is not None and call.output > 1
        ]
        return quantile(sorted(paces), share)


def _total(counts: Sequence[int | None], seconds: float) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / seconds if known and len(known) == len(counts) else None


async def ask_at_once(
    engine: Engine,
    requests: Iterator[Request],
    batch: int,
    rounds: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> Timed:
    """`batch` workers, each of which makes `rounds` calls. Raises RanOut, and EngineError of any other kind."""
    calls: list[CallTime] = []
    replies: list[Completion] = []

    async def work() -> None:
        for _ in range(rounds):
            request = next(requests)
            began = clock()
            completion = await engine.generate(request)
            calls.append(_timed(completion, clock() - began))
            replies.append(completion)

    began = clock()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(batch):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        raise _one_of(errors) from None
    seconds = max(clock() - began, 1e-9)
    if any(fell_back(completion) for completion in replies):
        raise RanOut(f"out of memory with {batch} at once")
    return Timed(seconds, calls)


def _timed(completion: Completion, seconds: float) -> CallTime:
    first = completion.first_token_s
    first = None if first is None else min(seconds, first + completion.queue_s)
    return CallTime(seconds, first, completion.prompt_tokens, completion.output_tokens)


def _one_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error behind a group; RanOut where one of them says that memory is short."""
    found: list[BaseException] = []
    waiting: list[BaseException] = [errors]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting += error.exceptions
        else:
            found.append(error)
    short = next((error for error in found if is_short_of_memory(error)), None)
    if short is not None:
        return RanOut(str(short))
    return next((error for error in found if isinstance(error, EngineError)), found[0])


def is_short_of_memory(error: BaseException) -> bool:
    """Whether an engine's error says that memory ran out, in whatever words."""
    return isinstance(error, MemoryError) or any(short in str(error).lower() for short in _SHORT)


def fell_back(completion: Completion) -> bool:
    """Whether an engine came through only by a smaller batch or another device: it keeps a note with its replies."""
    if b'"fallbacks"' not in completion.raw:
        return False
    ran = (orjson.loads(completion.raw).get("response") or {}).get("ran") or {}
    return bool(ran.get("fallbacks"))
