"""Hold the arms of an A/B test to the same samples, and end it as soon as it is decided.

All arms ask one order of samples, cut into batches. When every arm that is still in has answered a
batch, the contest looks at it; the next batch is under way meanwhile, so nobody waits for the
slowest call, and at most that one batch is paid for after the decision. What a look sees depends on
the trials alone, so a resumed run, and a report, come to the same decision. Example:

    referee = Referee(contest, arms={1: 0, 2: 1}, batch=32, items=1319)
    if await referee.admits(turn): ...      # False: decided, or this arm is out
    referee.note(turn, trial.outcome, trial.value)
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bakeoff.core.arms import counted, counted_wrong
from bakeoff.core.types import Outcome, Sample
from bakeoff.runner.draw import Draw

AHEAD = 1  # batches that may be under way beside the one that is waited for
Row = tuple[float | None, ...]


class Contest(Protocol):
    """What decides: looks at batches of samples, a value for each arm or None where there is none."""

    @property
    def decided(self) -> bool: ...

    @property
    def alive(self) -> frozenset[int]:
        """The arms that are still in."""
        ...

    def look(self, rows: Sequence[Row]) -> None: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One trial to come: the place of its sample in the common order, counted from 0."""

    cell: int
    place: int
    repeat: int


def in_turn(sizes: Sequence[int]) -> Iterator[int]:
    """Which benchmark each place of the common order is from: all in proportion, from first to last.

    Each prefix holds as large a share of every benchmark, so a decision halfway is one on the same mix.
    """
    heap = [(0.5 / size, which, 0) for which, size in enumerate(sizes)]
    heapq.heapify(heap)
    while heap:
        _, which, rank = heap[0]
        yield which
        if rank + 1 < sizes[which]:
            heapq.heapreplace(heap, ((rank + 1.5) / sizes[which], which, rank + 1))
        else:
            heapq.heappop(heap)


def common_order(draws: Sequence[Draw]) -> Iterator[tuple[int, Sample]]:
    """The samples of all draws in their common order, each with the index of its draw."""
    streams = [iter(draw) for draw in draws]
    for which in in_turn([len(draw) for draw in draws]):
        yield which, next(streams[which])


class Referee:
    """Admits trials, collects their values, and looks when a batch is complete."""

    def __init__(
        self,
        contest: Contest,
        arms: Mapping[int, int],
        batch: int,
        items: int,
        repeats: int = 1,
        unanswered_wrong: bool = False,
        on_look: Callable[[], None] = lambda: None,
    ) -> None:
        self.contest = contest
        self._arms = arms  # of each cell
        self._count = len(set(arms.values()))
        self._batch, self._items, self._repeats = batch, items, repeats
        self._unanswered_wrong = unanswered_wrong
        self._on_look = on_look
        self._next = 0  # the batch that is waited for
        self._closed = False
        self._values: dict[int, dict[tuple[int, int], list[float | None]]] = {}  # batch → (place, arm) → repeats
        self._noted: dict[tuple[int, int], int] = {}  # (batch, arm) → trials
        self._wrong: dict[tuple[int, int], int] = {}  # (batch, arm) → trials that count as wrong without an answer
        self.counted_wrong = [0] * self._count  # of each arm, in what was looked at
        self._moved = asyncio.Event()

    @property
    def decided(self) -> bool:
        return self.contest.decided

    @property
    def looks(self) -> int:
        """How many batches were looked at."""
        return self._next

    @property
    def over(self) -> bool:
        """Whether nobody is admitted any more."""
        return self._closed or self.contest.decided

    def close(self) -> None:
        """Admit nobody any more: the run ends for another reason."""
        self._closed = True
        self._wake()

    def out(self, cell: int) -> bool:
        return self._arms[cell] not in self.contest.alive

    async def admits(self, turn: Turn) -> bool:
        """Wait until the batch of a trial may begin. False: it is not to be asked."""
        batch = turn.place // self._batch
        while not self.over and batch > self._next + AHEAD:
            await self._moved.wait()
        return not self.over and not self.out(turn.cell)

    def note(self, turn: Turn, outcome: Outcome, value: float | None) -> None:
        """Take a settled trial; looks when that makes its batch complete."""
        batch, arm = turn.place // self._batch, self._arms[turn.cell]
        if batch < self._next:
            return  # an arm that is out by now
        kept = self._values.setdefault(batch, {})
        kept.setdefault((turn.place, arm), []).append(counted(outcome, value, self._unanswered_wrong))
        self._noted[batch, arm] = self._noted.get((batch, arm), 0) + 1
        if counted_wrong(outcome, self._unanswered_wrong):
            self._wrong[batch, arm] = self._wrong.get((batch, arm), 0) + 1
        while not self.contest.decided and self._complete(self._next):
            self._look()

    def _size(self, batch: int) -> int:
        return max(0, min(self._items - batch * self._batch, self._batch))

    def _complete(self, batch: int) -> bool:
        wanted = self._size(batch) * self._repeats
        return wanted > 0 and all(self._noted.get((batch, arm), 0) >= wanted for arm in self.contest.alive)

    def _look(self) -> None:
        values = self._values.pop(self._next, {})
        first = self._next * self._batch
        rows = [
            tuple(_mean(values.get((place, arm))) for arm in range(self._count))
            for place in range(first, first + self._size(self._next))
        ]
        alive = self.contest.alive
        self.contest.look(rows)
        for arm in range(self._count):
            self._noted.pop((self._next, arm), None)
            wrong = self._wrong.pop((self._next, arm), 0)
            self.counted_wrong[arm] += wrong if arm in alive else 0
        self._next += 1
        self._on_look()
        self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def _mean(values: Sequence[float | None] | None) -> float | None:
    """The mean of a sample's repeats that count: to the last bit the same in whichever order they came."""
    found = [value for value in values or () if value is not None]
    return math.fsum(found) / len(found) if found else None
