"""Execute the owed trials of a run: streaming, bounded, one lane for each model.

A lane is one engine (model × preset) and its cells. Its workers take the next owed trial, answer,
grade and record it; nothing waits for a batch, and no call waits for a grade that takes its time. Lanes
to endpoints run side by side, engines in process one after the other, and all one after the other where
speed is measured. Memory does not grow with the number of trials. In an A/B test a referee holds all
lanes to one order of samples, so that they all run side by side; else a lane may have an order of its own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain

from bakeoff.core.errors import BakeoffError, EngineError, MethodFailed, ScorerFailed, StoreError, UsageError
from bakeoff.core.protocols import Engine, Method, Profile, Task, TrialSink
from bakeoff.core.records import RunStatus
from bakeoff.core.types import Answer, Message, Request, Sample, Sampling, Trial
from bakeoff.runner.calls import Caller
from bakeoff.runner.draw import Draw
from bakeoff.runner.grade import ENDING, ScoreFunction, fail, grade, method_fault, start_trial
from bakeoff.runner.limits import BudgetSpent, EngineDead, Halted
from bakeoff.runner.order import Ordering, arranged, prompt_text
from bakeoff.runner.referee import Referee, Turn, common_order

GRACE_SECONDS = 20.0
GRADING_SECONDS = 5.0  # of that: for what makes no call, as its reply is kept and is graded again for nothing
_LOOK_SECONDS = 0.25
GRADED_BEHIND = 4  # answers for each worker that may wait for a grade while the next calls are made
_WARM_UP = Request((Message("user", "Hello"),), Sampling(max_tokens=1))


@dataclass(frozen=True, slots=True)
class CellPlan:
    """One cell, ready to run."""

    id: int
    method: Method
    task: Task
    profile: Profile
    score: ScoreFunction


@dataclass(frozen=True, slots=True)
class Block:
    """Cells of one lane that ask the same samples: answered sample by sample, so that what is
    stored at any moment can be compared in pairs. `part`: only these places of the draw; repeats are those from
    `first_repeat` to `repeats`."""

    draw: Draw
    cells: Sequence[CellPlan]
    repeats: int
    settled: Callable[[], set[tuple[int, str, int]]]
    part: range | None = None
    first_repeat: int = 0

    def samples(self) -> Iterator[tuple[int, Sample]]:
        """The samples with their places in the draw."""
        if self.part is None:
            return enumerate(self.draw)
        return ((place, self.draw[place]) for place in self.part)


@dataclass(frozen=True, slots=True)
class Lane:
    """One engine and what it is to answer.

    `ordering`: another order than that of the draw; `warm`: a call that is not kept comes first, so that what is
    measured is not the loading of the model; `apart`: one block is done before the next begins.
    """

    name: str
    engine: Engine
    caller: Caller
    blocks: Sequence[Block]
    workers: int
    ordering: Ordering | None = None
    warm: bool = False
    apart: bool = False


@dataclass(slots=True)
class Ending:
    """How an execution ended, and what stopped it."""

    status: RunStatus = RunStatus.COMPLETE
    spent: str | None = None
    dead: dict[str, EngineError] = field(default_factory=dict)


Owed = tuple[CellPlan, Sample, int, int]  # the repeat, and the place of the sample in the common order


def owed_trials(blocks: Sequence[Block]) -> Iterator[Owed]:
    """Every trial of the blocks that is not settled, in the order of the draw (pure but for reads)."""
    for block in blocks:
        settled = block.settled()
        cells = block.cells
        for place, sample in block.samples():
            for repeat in range(block.first_repeat, block.repeats):
                for cell in cells:
                    if (cell.id, sample.id, repeat) not in settled:
                        yield cell, sample, repeat, place


def owed_by(lane: Lane, blocks: Sequence[Block] | None = None) -> Iterator[Owed]:
    """As `owed_trials`, in the order that suits the engine of the lane."""
    owed = owed_trials(lane.blocks if blocks is None else blocks)
    if lane.ordering is None:
        return owed
    return arranged(owed, lambda one: prompt_text(one[0].method, one[1], one[0].task), lane.ordering)


def owed_in_turn(blocks: Sequence[Block]) -> Iterator[Owed]:
    """As `owed_trials`, in the order that a referee holds all lanes to."""
    settled = set().union(*(block.settled() for block in blocks))
    for place, (which, sample) in enumerate(common_order([block.draw for block in blocks])):
        for repeat in range(blocks[which].repeats):
            for cell in blocks[which].cells:
                if (cell.id, sample.id, repeat) not in settled:
                    yield cell, sample, repeat, place


class Schedule:
    """One execution. However it is ended, calls under way are waited for: they are paid for."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        sink: TrialSink,
        on_trial: Callable[[Trial], None],
        seconds: float | None = None,
        judges: Sequence[Caller] = (),
        referee: Referee | None = None,
        one_by_one: bool = False,
    ) -> None:
        self._lanes = lanes
        self._in_turn = one_by_one  # no lane beside another: their speed is measured
        self._referee = referee
        self._judges = judges  # shared by all lanes
        self._sink = sink
        self._on_trial = on_trial
        self._seconds = seconds  # of the budget, from `execute` on
        self._interrupted = False
        self._ended = asyncio.Event()  # by Ctrl-C or by the clock: what is under way has GRACE_SECONDS
        self._failure: StoreError | UsageError | None = None
        self.ending = Ending()

    def stop(self) -> None:
        """Begin no further trial; a call under way has GRACE_SECONDS to end, and a grading GRADING_SECONDS."""
        self.ending.status = RunStatus.INTERRUPTED
        self._interrupted = True
        self._ended.set()
        self._end_all_waiting()

    def _out_of_time(self, seconds: float) -> None:
        self._spent(BudgetSpent.of(seconds, "seconds"))
        self._ended.set()

    def _spent(self, spent: BudgetSpent) -> None:
        self.ending.spent = spent.what
        if self.ending.status is RunStatus.COMPLETE:
            self.ending.status = RunStatus.BUDGET
        self._end_all_waiting()

    def _end_all_waiting(self) -> None:
        for caller in (*(lane.caller for lane in self._lanes), *self._judges):
            caller.halt.stop()
        if self._referee is not None:
            self._referee.close()

    @property
    def interrupted(self) -> bool:
        return self._interrupted

    @property
    def _over(self) -> bool:
        if self._referee is not None and self._referee.over:
            return True
        return self.ending.status is not RunStatus.COMPLETE or self._failure is not None

    async def execute(self) -> Ending:
        """Run all lanes to their end. Raises StoreError and UsageError; nothing else."""
        local = [lane for lane in self._lanes if self._referee is None and self._alone(lane)]
        remote = [lane for lane in self._lanes if lane not in local]
        work = asyncio.create_task(self._all(remote, local))
        ended = asyncio.create_task(self._ended.wait())
        timer = None
        if (seconds := self._seconds) is not None:
            timer = asyncio.get_running_loop().call_later(seconds, self._out_of_time, seconds)
        try:
            await asyncio.wait({work, ended}, return_when=asyncio.FIRST_COMPLETED)
            await self._grace(work)
        finally:
            if timer is not None:
                timer.cancel()
            ended.cancel()
            work.cancel()
            await asyncio.gather(work, ended, return_exceptions=True)
            for judge in self._judges:
                await judge.close()
        if not work.cancelled() and (error := work.exception()) is not None:
            raise _first(error)
        if self._failure is not None:
            raise self._failure
        if self.ending.status is RunStatus.COMPLETE:
            if self._referee is not None and self._referee.decided:
                self.ending.status = RunStatus.DECIDED
            elif self.ending.dead:
                self.ending.status = RunStatus.STOPPED
        return self.ending

    async def _grace(self, work: asyncio.Task[None]) -> None:
        """Wait for what is under way: for calls, and after the last of them for gradings; for no scorer that hangs."""
        loop = asyncio.get_running_loop()
        until, called = loop.time() + GRACE_SECONDS, loop.time()
        while not work.done() and (now := loop.time()) < min(until, called + GRADING_SECONDS):
            if any(caller.calling for caller in (*(lane.caller for lane in self._lanes), *self._judges)):
                called = now
            await asyncio.wait({work}, timeout=_LOOK_SECONDS)

    def _alone(self, lane: Lane) -> bool:
        return self._in_turn or lane.engine.limits.in_process

    async def _all(self, remote: Sequence[Lane], local: Sequence[Lane]) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in remote:
                group.create_task(self._run_lane(lane))
            if local:
                group.create_task(self._one_by_one(local))

    async def _one_by_one(self, lanes: Sequence[Lane]) -> None:
        for lane in lanes:
            await self._run_lane(lane)

    async def _run_lane(self, lane: Lane) -> None:
        warm = lane.warm
        try:
            for blocks in [[block] for block in lane.blocks] if lane.apart else [lane.blocks]:
                owed = owed_by(lane, blocks) if self._referee is None else owed_in_turn(blocks)
                if warm and not self._over:
                    warm, owed = await _warmed(lane.engine, owed)
                await self._answer_all(lane, owed)
        finally:
            await lane.engine.close()

    async def _answer_all(self, lane: Lane, owed: Iterator[Owed]) -> None:
        behind = asyncio.Semaphore(GRADED_BEHIND * lane.workers)
        async with asyncio.TaskGroup() as group:
            for _ in range(lane.workers):
                group.create_task(self._work(lane, owed, group, behind))
                await asyncio.sleep(0)  # calls that begin at once come back at once, time after time

    async def _work(
        self, lane: Lane, owed: Iterator[Owed], group: asyncio.TaskGroup, behind: asyncio.Semaphore
    ) -> None:
        async with self._ending_of(lane):
            for cell, sample, repeat, place in owed:
                if self._over or lane.caller.breaker.opened_by is not None or lane.name in self.ending.dead:
                    return
                turn = Turn(cell.id, place, repeat)
                if self._referee is not None and not await self._referee.admits(turn):
                    continue
                asked = await _ask(lane.caller, cell, sample, repeat)
                if self._referee is None and isinstance(asked.answer, Answer) and _takes_its_time(cell.score):
                    await behind.acquire()
                    group.create_task(self._settle_behind(lane, asked, turn, behind))
                else:
                    await self._settle(asked, turn)

    async def _settle_behind(self, lane: Lane, asked: _Asked, turn: Turn, behind: asyncio.Semaphore) -> None:
        try:
            async with self._ending_of(lane):
                await self._settle(asked, turn)
        finally:
            behind.release()

    async def _settle(self, asked: _Asked, turn: Turn) -> None:
        trial = await _graded(asked)
        await self._sink.trial(trial)
        self._on_trial(trial)
        if self._referee is not None:
            self._note(self._referee, turn, trial)

    @asynccontextmanager
    async def _ending_of(self, lane: Lane) -> AsyncIterator[None]:
        """What ends a lane or the run, noted in the place of being raised."""
        try:
            yield
        except BudgetSpent as spent:
            self._spent(spent)
        except EngineDead as dead:
            self.ending.dead[lane.name] = dead.error
            lane.caller.halt.stop()
            if self._referee is not None:
                self._end_all_waiting()  # the others have nobody left to be compared with
        except Halted:
            pass  # its trial stays owed
        except (StoreError, UsageError) as error:  # the others' answers may still reach the journal
            self._failure = self._failure or error
            self._end_all_waiting()

    def _note(self, referee: Referee, turn: Turn, trial: Trial) -> None:
        referee.note(turn, trial.outcome, trial.value)
        if referee.decided:
            self._end_all_waiting()  # nobody waits out a pause for an answer that decides nothing


async def _warmed(engine: Engine, owed: Iterator[Owed]) -> tuple[bool, Iterator[Owed]]:
    """The same trials, after a call that loads the model. True and no call where nothing is owed."""
    first = next(owed, None)
    if first is None:
        return True, owed
    with suppress(EngineError):  # the first call that counts tells it
        await engine.generate(_WARM_UP)
    return False, chain([first], owed)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A trial and what came back: the answer, to be graded, or the fault that it ends in."""

    trial: Trial
    cell: CellPlan
    sample: Sample
    answer: Answer | BakeoffError


async def _ask(caller: Caller, cell: CellPlan, sample: Sample, repeat: int) -> _Asked:
    trial = start_trial(cell.id, sample, repeat)
    try:
        answer: Answer | BakeoffError = await cell.method.answer(sample, cell.task, caller, repeat)
    except (*ENDING, UsageError):
        raise
    except BakeoffError as error:
        answer = error
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        answer = MethodFailed("the method cancelled itself")
    except Exception as error:
        answer = method_fault(error)
    return _Asked(trial, cell, sample, answer)


async def _graded(asked: _Asked) -> Trial:
    if isinstance(asked.answer, BakeoffError):
        return fail(asked.trial, asked.answer)
    try:
        return await grade(asked.trial, asked.sample, asked.answer, asked.cell.profile, asked.cell.score)
    except ENDING:
        raise
    except Exception as error:
        return fail(asked.trial, ScorerFailed(f"{type(error).__name__}: {error}"))


def _takes_its_time(score: ScoreFunction) -> bool:
    """Whether a scorer waits for a sandbox or a judge; one that only compares is done at once."""
    return inspect.iscoroutinefunction(score)


def _first(error: BaseException) -> BaseException:
    """The error behind the groups that tasks wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
