"""The schedule: every owed trial once, and whatever ends it early leaves the rest owed."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import pytest

from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BakeoffError,
    DataMissing,
    RateLimited,
    StoreBusy,
    StoreError,
    Unavailable,
)
from bakeoff.core.protocols import Engine, EngineLimits, Method, Profile, Task
from bakeoff.core.records import RunStatus
from bakeoff.core.specs import BudgetSpec
from bakeoff.core.types import Answer, Completion, Message, ModelIdentity, Outcome, Request, Sample, Score, Trial
from bakeoff.runner.calls import Caller, Counts, Flights
from bakeoff.runner.draw import Draw
from bakeoff.runner.limits import Budget, Limiter
from bakeoff.runner.schedule import GRACE_SECONDS, GRADING_SECONDS, Block, CellPlan, Ending, Lane, Schedule, owed_trials
from bakeoff.scorers.numeric import Numeric
from tests.runner.fakes import (
    MemoryLog,
    PlainBenchmark,
    PlainTask,
    Reply,
    ScriptedEngine,
    always,
    clock,
    in_no_time,
    patience,
    right_away,
)

Place = tuple[int, str, int]


@dataclass
class OneCall:
    """Asks the question once, under its own name."""

    name: str = "one"
    shots: int | None = None

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        return (Message("user", f"{self.name}: {sample.question}"),)

    def reasons(self, task: Task) -> bool:
        return False

    def limit(self, sample: Sample, task: Task) -> int:
        return task.sampling(sample, 0).max_tokens

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        reply = await engine.generate(Request(self.prompt(sample, task), task.sampling(sample, repeat), repeat))
        return Answer(reply.text, (reply,))


@dataclass
class Broken(OneCall):
    """Raises for the samples of even number, before or after its call."""

    error: BaseException = field(default_factory=lambda: ValueError("a defect"))
    after: bool = False

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        if int(sample.id) % 2 == 0:
            if self.after:
                await OneCall.answer(self, sample, task, engine, repeat)
            raise self.error
        return await OneCall.answer(self, sample, task, engine, repeat)


@dataclass
class Sink:
    """A TrialSink that keeps trials, and fails from one on."""

    trials: list[Trial] = field(default_factory=list)
    fails_at: int | None = None

    async def completion(self, completion: Completion) -> None:
        raise AssertionError("completions go to the log")

    async def trial(self, trial: Trial) -> None:
        if self.fails_at is not None and len(self.trials) >= self.fails_at:
            raise StoreBusy("stayed locked")
        self.trials.append(trial)

    @property
    def places(self) -> list[Place]:
        return [(trial.cell, trial.sample_id, trial.repeat) for trial in self.trials]

    @property
    def outcomes(self) -> Counter[str]:
        return Counter(trial.outcome.value for trial in self.trials)


class Scene:
    """Lanes and what they share; made inside the loop."""

    def __init__(self, budget_calls: int | None = None, retries: int = 5) -> None:
        self.log = MemoryLog()
        self.sink = Sink()
        self.counts = Counts()
        self.seen: list[Trial] = []
        self.lanes: list[Lane] = []
        self.draws: list[Draw] = []
        self._budget = Budget(BudgetSpec(calls=budget_calls), clock)
        self._retries = retries
        self._flights: Flights = {}
        self.schedule: Schedule

    def draw(self, count: int) -> Draw:
        draw = Draw.of(PlainBenchmark(count).samples("test"), "plain", 0)
        self.draws.append(draw)
        return draw

    def lane(
        self,
        engine: ScriptedEngine,
        samples: int = 20,
        methods: Collection[Method] = (OneCall(),),
        workers: int = 4,
        repeats: int = 1,
        settled: Callable[[], set[Place]] = set,
    ) -> Lane:
        first = 10 * len(self.lanes)
        task = PlainTask(PlainBenchmark(samples))
        cells = [
            CellPlan(first + i, method, task, Profile("p", "number", "numeric"), Numeric().score)
            for i, method in enumerate(methods)
        ]
        limiter = Limiter(workers, clock)
        caller = Caller(engine, self.log, limiter, self._budget, patience(self._retries), self.counts, self._flights)
        blocks = [Block(self.draw(samples), cells, repeats, settled)]
        lane = Lane(f"lane {len(self.lanes)}", engine, caller, blocks, workers)
        self.lanes.append(lane)
        return lane

    def start(self, seconds: float | None = None) -> asyncio.Task[Ending]:
        self.schedule = Schedule(self.lanes, self.sink, self.seen.append, seconds)
        return asyncio.create_task(self.schedule.execute())

    async def execute(self, seconds: float | None = None) -> Ending:
        try:
            return await self.start(seconds)
        finally:
            self.close()

    def close(self) -> None:
        for draw in self.draws:
            draw.close()


def taking(seconds: float) -> Reply:
    async def reply(request: Request, call: int) -> Completion:
        await asyncio.sleep(seconds)
        return await right_away(request, call)

    return reply


async def uneven(request: Request, call: int) -> Completion:
    await asyncio.sleep(10 + call)
    return await right_away(request, call)


def test_every_owed_trial_once() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(1))
        scene.lane(engine, samples=30, methods=[OneCall("a"), OneCall("b")], repeats=3, workers=8)
        ending = await scene.execute()
        assert (ending.status, ending.dead, ending.spent) == (RunStatus.COMPLETE, {}, None)
        assert Counter(scene.sink.places) == Counter(
            (cell, str(i), repeat) for cell in (0, 1) for i in range(30) for repeat in range(3)
        )
        assert scene.sink.outcomes == {"correct": 180}
        assert (engine.calls, engine.peak, engine.closed) == (180, 8, 1)
        assert scene.seen == scene.sink.trials
        assert clock() == pytest.approx(180 / 8, abs=1)  # nothing waits for a batch

    in_no_time(work())


def test_what_is_settled_is_not_answered_again() -> None:
    async def work() -> None:
        settled = {(0, str(i), 0) for i in range(0, 20, 2)}
        scene, engine = Scene(), ScriptedEngine()
        scene.lane(engine, settled=lambda: settled)
        await scene.execute()
        assert {int(id_) % 2 for _, id_, _ in scene.sink.places} == {1}
        assert engine.calls == 10

    in_no_time(work())


def test_samples_are_answered_by_all_cells_before_the_next() -> None:
    """So that what is stored at any moment can be compared in pairs."""
    draw = Draw.of(PlainBenchmark(5).samples("test"), "plain", 0)
    task = PlainTask(PlainBenchmark(5))
    cells = [CellPlan(i, OneCall(str(i)), task, Profile("p", "number", "s"), Numeric().score) for i in range(2)]
    owed = [(cell.id, sample.id, repeat) for cell, sample, repeat, _ in owed_trials([Block(draw, cells, 2, set)])]
    order = [sample.id for sample in draw]
    draw.close()
    assert owed == [(cell, id_, repeat) for id_ in order for repeat in (0, 1) for cell in (0, 1)]


def test_stop_finishes_what_is_under_way() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(10))
        scene.lane(engine, samples=100)
        running = scene.start()
        await asyncio.sleep(15)
        scene.schedule.stop()
        assert scene.schedule.interrupted
        ending = await running
        scene.close()
        assert ending.status is RunStatus.INTERRUPTED
        assert (engine.calls, len(scene.sink.trials), len(scene.log.kept), engine.closed) == (8, 8, 8, 1)
        assert clock() == pytest.approx(20)

    in_no_time(work())


def test_stop_does_not_wait_for_ever() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(10_000))
        scene.lane(engine)
        running = scene.start()
        await asyncio.sleep(1)
        scene.schedule.stop()
        assert (await running).status is RunStatus.INTERRUPTED
        scene.close()
        assert clock() < 60
        assert (scene.sink.trials, engine.in_flight, engine.closed) == ([], 0, 1)

    in_no_time(work())


def test_cancelled_it_ends_at_once() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(10))
        scene.lane(engine)
        running = scene.start()
        await asyncio.sleep(15)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        scene.close()
        assert clock() == 15
        assert (len(scene.sink.trials), engine.in_flight, engine.closed) == (4, 0, 1)

    in_no_time(work())


def test_a_spent_budget_is_exact_and_keeps_what_it_paid() -> None:
    async def work() -> None:
        scene, engine = Scene(budget_calls=10), ScriptedEngine(taking(1))
        scene.lane(engine, samples=100, workers=7)
        ending = await scene.execute()
        assert (ending.status, ending.spent) == (RunStatus.BUDGET, "10 calls")
        assert engine.calls == len(scene.sink.trials) == 10

    in_no_time(work())


def test_a_budget_is_of_all_lanes_together() -> None:
    async def work() -> None:
        scene = Scene(budget_calls=10)
        engines = [ScriptedEngine(taking(1), ModelIdentity("scripted", name)) for name in "ab"]
        for engine in engines:
            scene.lane(engine, samples=100)
        assert (await scene.execute()).status is RunStatus.BUDGET
        assert sum(engine.calls for engine in engines) == len(scene.sink.trials) == 10

    in_no_time(work())


def test_a_dead_engine_leaves_its_trials_owed_and_the_others_go_on() -> None:
    async def work() -> None:
        scene = Scene()
        dead = ScriptedEngine(always(AuthFailed("no key")), ModelIdentity("scripted", "dead"))
        lives = ScriptedEngine(taking(1), ModelIdentity("scripted", "lives"))
        scene.lane(dead, samples=50)
        scene.lane(lives, samples=50)
        ending = await scene.execute()
        assert ending.status is RunStatus.STOPPED
        assert [(name, type(error)) for name, error in ending.dead.items()] == [("lane 0", AuthFailed)]
        assert {cell for cell, _, _ in scene.sink.places} == {10}
        assert (len(scene.sink.trials), dead.calls <= 4, dead.closed) == (50, True, 1)

    in_no_time(work())


def test_an_engine_that_dies_on_the_way() -> None:
    async def work() -> None:
        async def reply(request: Request, call: int) -> Completion:
            if call < 20:
                return await right_away(request, call)
            raise Unavailable("gone")

        scene, engine = Scene(retries=0), ScriptedEngine(reply)
        scene.lane(engine, samples=500)
        ending = await scene.execute()
        assert ending.status is RunStatus.STOPPED
        outcomes = scene.sink.outcomes
        assert outcomes["correct"] == 20
        assert outcomes["error"] <= 8  # they are owed again; the rest was never begun
        assert set(outcomes) <= {"correct", "error"}

    in_no_time(work())


def test_faults_of_single_calls_are_errors_of_their_trials() -> None:
    async def work() -> None:
        async def reply(request: Request, call: int) -> Completion:
            if call % 3 == 0:
                raise BadRequest("no such parameter")
            return await right_away(request, call)

        scene = Scene()
        scene.lane(ScriptedEngine(reply), samples=30)
        assert (await scene.execute()).status is RunStatus.COMPLETE
        assert scene.sink.outcomes == {"correct": 20, "error": 10}
        assert {trial.error_code for trial in scene.sink.trials} == {None, "bad-request"}

    in_no_time(work())


def test_an_endpoint_that_only_says_wait_is_not_dead() -> None:
    async def work() -> None:
        scene = Scene()
        scene.lane(ScriptedEngine(always(RateLimited("slow"))), samples=5)
        assert (await scene.execute()).status is RunStatus.COMPLETE
        assert scene.sink.outcomes == {"error": 5}

    in_no_time(work())


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("a defect"), "method-failed"),
        (BakeoffError("on purpose"), "error"),
        (asyncio.CancelledError(), "method-failed"),
        (TimeoutError("too slow"), "method-failed"),
    ],
)
def test_a_method_that_raises_fails_its_trial_only(error: BaseException, code: str, after: bool) -> None:
    async def work() -> None:
        scene = Scene()
        scene.lane(ScriptedEngine(), methods=[Broken(error=error, after=after)])
        assert (await scene.execute()).status is RunStatus.COMPLETE
        assert scene.sink.outcomes == {"correct": 10, "error": 10}
        failed = [trial for trial in scene.sink.trials if trial.outcome is Outcome.ERROR]
        assert {trial.error_code for trial in failed} == {code}
        assert all(int(trial.sample_id) % 2 == 0 and trial.value is None for trial in failed)

    in_no_time(work())


def test_a_method_that_answers_nonsense_fails_its_trial_only() -> None:
    class Nonsense(OneCall):
        async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
            return None  # type: ignore[return-value]

    async def work() -> None:
        scene = Scene()
        scene.lane(ScriptedEngine(), methods=[OneCall("a"), Nonsense()])
        assert (await scene.execute()).status is RunStatus.COMPLETE
        assert scene.sink.outcomes == {"correct": 20, "error": 20}

    in_no_time(work())


def test_a_store_that_fails_waits_for_the_answers_under_way() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(uneven)
        scene.sink.fails_at = 8
        scene.lane(engine, samples=100, workers=4)
        with pytest.raises(StoreBusy):
            await scene.execute()
        assert len(scene.log.kept) == engine.calls  # each was paid for, each is kept
        assert (len(scene.sink.trials), engine.closed) == (8, 1)

    in_no_time(work())


@pytest.mark.parametrize("error", [StoreBusy("locked"), DataMissing("no examples")])
def test_what_ends_the_run_is_raised_as_it_is_after_the_calls_under_way(error: StoreError | DataMissing) -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(10))
        scene.lane(engine, samples=50, methods=[OneCall("a"), Broken("b", error=error)], workers=8)
        with pytest.raises(type(error)):
            await scene.execute()
        assert len(scene.log.kept) == engine.calls > 0

    in_no_time(work())


def test_a_store_that_cannot_say_what_is_settled_ends_the_run_after_the_calls_under_way() -> None:
    def locked() -> set[Place]:
        raise StoreBusy("locked")

    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(10))
        lane = scene.lane(engine, samples=5, workers=4)
        later = Block(scene.draw(5), lane.blocks[0].cells, 1, locked)
        scene.lanes[0] = Lane(lane.name, engine, lane.caller, [*lane.blocks, later], 4)
        with pytest.raises(StoreBusy):
            await scene.execute()
        assert len(scene.log.kept) == engine.calls == 5

    in_no_time(work())


def test_lanes_to_endpoints_run_side_by_side() -> None:
    async def work() -> None:
        scene = Scene()
        for name in "abc":
            scene.lane(ScriptedEngine(taking(1), ModelIdentity("scripted", name)), samples=40)
        await scene.execute()
        assert clock() == pytest.approx(10)

    in_no_time(work())


def test_lanes_in_process_run_one_after_the_other() -> None:
    under_way: set[str] = set()
    order: list[str] = []

    def reply_as(name: str) -> Reply:
        async def reply(request: Request, call: int) -> Completion:
            under_way.add(name)
            assert under_way == {name}
            await asyncio.sleep(1)
            order.append(name)
            return await right_away(request, call)

        return reply

    class Closing(ScriptedEngine):
        async def close(self) -> None:
            under_way.discard(self.identity.name)
            await ScriptedEngine.close(self)

    async def work() -> None:
        scene = Scene()
        for name in "abc":
            limits = EngineLimits(in_process=True)
            scene.lane(Closing(reply_as(name), ModelIdentity("local", name), limits), samples=8)
        remote = ScriptedEngine(taking(1), ModelIdentity("scripted", "far"))
        scene.lane(remote, samples=8)
        assert (await scene.execute()).status is RunStatus.COMPLETE
        assert order == ["a"] * 8 + ["b"] * 8 + ["c"] * 8
        assert clock() == pytest.approx(6)

    in_no_time(work())


def test_a_dead_engine_in_process_lets_the_next_one_run() -> None:
    async def work() -> None:
        scene = Scene()
        limits = EngineLimits(in_process=True)
        scene.lane(ScriptedEngine(always(AuthFailed("x")), ModelIdentity("local", "dead"), limits))
        scene.lane(ScriptedEngine(identity=ModelIdentity("local", "lives"), limits=limits))
        assert (await scene.execute()).status is RunStatus.STOPPED
        assert scene.sink.outcomes == {"correct": 20}

    in_no_time(work())


class Forgetful(MemoryLog):
    """Keeps nothing, like a store that has written all."""

    async def find(self, key: bytes) -> Completion | None:
        return None

    async def completion(self, completion: Completion) -> None:
        return None


class Drain(Sink):
    """Counts trials and keeps none."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def trial(self, trial: Trial) -> None:
        self.count += 1


def alive() -> int:
    kinds = (Trial, Sample, Completion, Request, Answer)
    return sum(isinstance(one, kinds) for one in gc.get_objects())


@dataclass
class NoNotes(ScriptedEngine):
    """Keeps no list of what it was asked."""

    async def generate(self, request: Request) -> Completion:
        return await self.reply(request, 0)


def test_memory_does_not_grow_with_the_trials() -> None:
    trials = 20_000
    grown: list[int] = []

    async def work() -> None:
        scene, sink = Scene(), Drain()
        scene.log = Forgetful()
        lane = scene.lane(NoNotes(), samples=trials, workers=16)
        before = alive()

        def watch(trial: Trial) -> None:
            if sink.count % 4000 == 0:
                grown.append(alive() - before)

        await Schedule([lane], sink, watch).execute()
        assert sink.count == trials
        scene.close()

    in_no_time(work())
    assert grown and max(grown) < 500


# What ends an execution ends all waiting


async def busy_for_an_hour(request: Request, call: int) -> Completion:
    await asyncio.sleep(1)
    if call < 4:
        return await right_away(request, call)
    raise RateLimited("slow down", retry_after=3600.0)


def test_a_budget_of_seconds_ends_a_pause() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(busy_for_an_hour)
        scene.lane(engine)
        ending = await scene.execute(seconds=60)
        assert (ending.status, ending.spent) == (RunStatus.BUDGET, "60 seconds")
        assert clock() == pytest.approx(60)
        assert scene.sink.outcomes == {"correct": 4}

    in_no_time(work())


def test_a_grading_that_hangs_is_not_waited_for_as_a_call_is() -> None:
    async def work() -> None:
        async def hangs(sample: Sample, extracted: str) -> Score:
            await asyncio.sleep(3600)
            raise AssertionError("nobody waits so long")

        scene, engine = Scene(), ScriptedEngine(taking(9))
        lane = scene.lane(engine, samples=4)
        (block,) = lane.blocks
        cell = replace(block.cells[0], score=hangs)
        scene.lanes = [replace(lane, blocks=[replace(block, cells=[cell])])]
        ending = await scene.execute(seconds=3)
        assert (ending.status, engine.calls, scene.sink.trials) == (RunStatus.BUDGET, 4, [])
        assert len(scene.log.kept) == 4  # the calls were waited for, and nothing that was paid for is lost
        assert clock() == pytest.approx(9 + GRADING_SECONDS, abs=1)

    in_no_time(work())


def test_a_budget_of_seconds_gives_up_calls_that_hang() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(3600))
        scene.lane(engine)
        ending = await scene.execute(seconds=60)
        assert (ending.status, ending.spent) == (RunStatus.BUDGET, "60 seconds")
        assert clock() == pytest.approx(60 + GRACE_SECONDS)

    in_no_time(work())


def test_an_interrupt_ends_a_pause() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(busy_for_an_hour)
        scene.lane(engine)
        running = scene.start()
        await asyncio.sleep(5)
        scene.schedule.stop()
        scene.schedule.stop()
        ending = await running
        scene.close()
        assert ending.status is RunStatus.INTERRUPTED
        assert clock() == pytest.approx(5)
        assert scene.sink.outcomes == {"correct": 4}

    in_no_time(work())


def test_a_dead_store_ends_a_pause_of_another_lane() -> None:
    async def work() -> None:
        scene = Scene()
        scene.lane(ScriptedEngine(busy_for_an_hour))
        scene.lane(ScriptedEngine(taking(10), ModelIdentity("scripted", "two")))

        async def refuse(trial: Trial) -> None:
            if trial.cell >= 10:
                raise StoreBusy("locked")

        scene.sink.trial = refuse  # type: ignore[method-assign]
        with pytest.raises(StoreBusy):
            await scene.execute()
        assert clock() == pytest.approx(10)

    in_no_time(work())


def test_a_dead_engine_ends_its_own_pauses_only() -> None:
    async def dead_after_a_pause(request: Request, call: int) -> Completion:
        await asyncio.sleep(1)
        if call == 3:
            await asyncio.sleep(9)
            raise AuthFailed("the key was withdrawn")
        raise RateLimited("slow down", retry_after=3600.0)

    async def work() -> None:
        scene, other = Scene(), ScriptedEngine(taking(5), ModelIdentity("scripted", "two"))
        scene.lane(ScriptedEngine(dead_after_a_pause))
        scene.lane(other)
        ending = await scene.execute()
        assert set(ending.dead) == {"lane 0"}
        assert clock() == pytest.approx(25)
        assert other.calls == 20

    in_no_time(work())
