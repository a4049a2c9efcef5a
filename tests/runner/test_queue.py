"""An engine with a queue of its own: the time in it is told apart from the time of the call."""

from __future__ import annotations

import asyncio

import pytest

from bakeoff.core.types import Completion, Request
from tests.runner.fakes import ScriptedEngine, in_no_time, right_away
from tests.runner.test_schedule import Scene


@pytest.mark.parametrize(("queued", "queue_s", "latency_s"), [(0.0, 0.0, 5.0), (3.0, 3.0, 2.0), (99.0, 5.0, 0.0)])
def test_the_queue_of_an_engine_is_no_latency(queued: float, queue_s: float, latency_s: float) -> None:
    async def reply(request: Request, call: int) -> Completion:
        await asyncio.sleep(5)
        completion = await right_away(request, call)
        completion.queue_s = queued
        return completion

    async def work() -> None:
        scene = Scene()
        scene.lane(ScriptedEngine(reply), samples=1)
        await scene.execute()
        (kept,) = scene.log.kept.values()
        assert kept.queue_s == pytest.approx(queue_s)
        assert kept.latency_s == pytest.approx(latency_s)

    in_no_time(work())
