"""Lanes that have an order of their own, that are measured one by one, and grades that take their time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bakeoff.core.errors import EngineError, Unavailable
from bakeoff.core.protocols import EngineLimits
from bakeoff.core.records import RunStatus
from bakeoff.core.types import Completion, ModelIdentity, Request, Sample, Score
from bakeoff.runner.grade import ScoreFunction
from bakeoff.runner.limits import EngineDead
from bakeoff.runner.order import Ordering
from bakeoff.runner.schedule import Block, Lane, Schedule, owed_by
from tests.runner.fakes import ScriptedEngine, clock, in_no_time, right_away
from tests.runner.test_schedule import Scene, taking


async def _slow(sample: Sample, extracted: str) -> Score:
    await asyncio.sleep(5)
    return Score(1.0)


async def _judge_is_dead(sample: Sample, extracted: str) -> Score:
    await asyncio.sleep(5)
    raise EngineDead(Unavailable("the judge is gone"))


def _scored_by(lane: Lane, score: ScoreFunction) -> Lane:
    blocks = [replace(block, cells=[replace(cell, score=score) for cell in block.cells]) for block in lane.blocks]
    return replace(lane, blocks=blocks)


def test_no_call_waits_for_a_grade() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(5))
        scene.lanes = [_scored_by(scene.lane(engine, samples=40, workers=4), _slow)]
        ending = await scene.execute()
        assert ending.status is RunStatus.COMPLETE
        assert len(scene.sink.trials) == 40
        assert clock() == 40 / 4 * 5 + 5  # the last grade alone comes behind the calls

    in_no_time(work())


def test_answers_that_wait_for_a_grade_are_bounded() -> None:
    async def never(sample: Sample, extracted: str) -> Score:
        await asyncio.sleep(10_000)
        return Score(1.0)

    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(1))
        scene.lanes = [_scored_by(scene.lane(engine, samples=200, workers=2), never)]
        running = scene.start()
        await asyncio.sleep(500)
        assert engine.calls == 2 * 4 + 2
        scene.schedule.stop()
        await running
        scene.close()

    in_no_time(work())


def test_a_dead_judge_ends_its_lane_though_grades_come_behind() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine(taking(5))
        scene.lanes = [_scored_by(scene.lane(engine, samples=100, workers=4), _judge_is_dead)]
        ending = await scene.execute()
        assert ending.status is RunStatus.STOPPED
        assert isinstance(ending.dead["lane 0"], EngineError)
        assert engine.calls <= 12 and not scene.sink.trials

    in_no_time(work())


def test_a_lane_in_another_order_asks_the_same() -> None:
    async def work() -> None:
        plain, ordered = Scene(), Scene()
        engines = ScriptedEngine(), ScriptedEngine()
        plain.lane(engines[0], samples=30)
        lane = replace(ordered.lane(engines[1], samples=30), ordering=Ordering(64))
        ordered.lanes = [lane]
        places = [place for _, _, _, place in owed_by(lane)]
        assert places != sorted(places) and sorted(places) == list(range(30))
        await plain.execute()
        await ordered.execute()
        assert set(plain.log.kept) == set(ordered.log.kept)  # the same content keys
        assert sorted(plain.sink.places) == sorted(ordered.sink.places)

    in_no_time(work())


def test_one_by_one_no_lane_runs_beside_another() -> None:
    async def work() -> None:
        scene, engines = Scene(), [ScriptedEngine(taking(1), ModelIdentity("scripted", name)) for name in "ab"]
        for engine in engines:
            scene.lane(engine, samples=8)
        schedule = Schedule(scene.lanes, scene.sink, scene.seen.append, one_by_one=True)
        await schedule.execute()
        scene.close()
        assert clock() == 4.0
        assert [trial.cell for trial in scene.sink.trials] == [0] * 8 + [10] * 8

    in_no_time(work())


def test_a_warm_lane_asks_once_for_nothing_and_only_where_something_is_owed() -> None:
    async def work() -> None:
        scene, engine, idle = Scene(), ScriptedEngine(limits=EngineLimits(in_process=True)), ScriptedEngine()
        lane = replace(scene.lane(engine, samples=5), warm=True)
        everything = {(10, str(i), 0) for i in range(5)}
        done = replace(scene.lane(idle, samples=5, settled=lambda: everything), warm=True)
        scene.lanes = [lane, done]
        await scene.execute()
        assert engine.calls == 6 and len(scene.log.kept) == 5
        assert engine.asked[0].messages[0].content == "Hello"
        assert idle.calls == 0

    in_no_time(work())


def test_a_warm_up_that_fails_is_told_by_the_first_call() -> None:
    async def fails(request: Request, call: int) -> Completion:
        if call == 0:
            raise Unavailable("not yet")
        return await right_away(request, call)

    async def work() -> None:
        scene = Scene()
        scene.lanes = [replace(scene.lane(ScriptedEngine(fails), samples=3), warm=True)]
        await scene.execute()
        assert scene.sink.outcomes == {"correct": 3}

    in_no_time(work())


def test_a_part_of_the_draw() -> None:
    async def work() -> None:
        scene, engine = Scene(), ScriptedEngine()
        lane = scene.lane(engine, samples=10)
        block: Block = replace(lane.blocks[0], part=range(3, 5))
        scene.lanes = [replace(lane, blocks=[block])]
        await scene.execute()
        assert len(scene.sink.places) == 2

    in_no_time(work())
