"""Calls: found, shared, retried by class, paid once; and a fault is never a completion."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ContextOverflow,
    EndpointWrong,
    EngineError,
    EngineTimeout,
    RateLimited,
    StoreFull,
    Unavailable,
)
from bakeoff.core.hashing import content_key, identity_digest
from bakeoff.core.protocols import EngineLimits
from bakeoff.core.specs import BudgetSpec
from bakeoff.core.types import Completion, ModelIdentity, Price, Request
from bakeoff.runner.calls import RATE_LIMIT_TRIES, Caller, Counts, Flights
from bakeoff.runner.limits import Budget, BudgetSpent, EngineDead, Limiter
from tests.runner.fakes import (
    IDENTITY,
    MemoryLog,
    Reply,
    ScriptedEngine,
    always,
    clock,
    failing_first,
    in_no_time,
    patience,
    request,
    right_away,
)


@dataclass
class Scene:
    """A Caller with everything around it; made inside the loop."""

    reply: Reply = right_away
    retries: int = 5
    concurrency: int = 64
    budget_calls: int | None = None
    limits: EngineLimits = field(default_factory=EngineLimits)
    log: MemoryLog = field(default_factory=MemoryLog)

    def __post_init__(self) -> None:
        self.engine = ScriptedEngine(self.reply, limits=self.limits)
        self.counts = Counts()
        self.flights: Flights = {}
        self.caller = self.another()

    def another(self, engine: ScriptedEngine | None = None) -> Caller:
        """A caller of a second lane of the same execution."""
        limiter = Limiter(self.concurrency, clock)
        budget = Budget(BudgetSpec(calls=self.budget_calls), clock)
        asked = engine or self.engine
        return Caller(asked, self.log, limiter, budget, patience(self.retries), self.counts, self.flights)

    async def warm(self) -> None:
        """One success, so that the engine is known to live."""
        await self.caller.generate(request(999_999))
        self.engine.calls = 0


async def slowly(request: Request, call: int) -> Completion:
    await asyncio.sleep(1)
    return await right_away(request, call)


def test_a_call_is_noted_and_kept() -> None:
    async def work() -> None:
        scene = Scene(slowly, limits=EngineLimits(price=Price(2.0, 10.0)))
        found = await scene.caller.generate(request(1))
        assert found.key == content_key(IDENTITY, request(1))
        assert found.model == identity_digest(IDENTITY)
        assert found.latency_s == pytest.approx(1)
        assert (found.queue_s, found.attempts, found.cached) == (0, 1, False)
        assert found.cost == pytest.approx((7 * 2 + 2 * 10) / 1e6)
        assert found.finished_at == 1_700_000_000.0
        assert scene.log.kept == {found.key: found}
        counts = scene.counts
        assert (counts.calls, counts.cached, counts.failed_tries, counts.unpriced) == (1, 0, 0, 0)
        assert (counts.prompt_tokens, counts.output_tokens, counts.usd) == (7, 2, found.cost)

    in_no_time(work())


def test_an_unknown_price_is_no_price() -> None:
    async def work() -> None:
        scene = Scene()
        assert (await scene.caller.generate(request(1))).cost is None
        assert (scene.counts.usd, scene.counts.unpriced) == (0, 1)

    in_no_time(work())


def test_fifty_alike_at_once_are_one_call() -> None:
    async def work() -> None:
        scene = Scene(slowly)
        found = await asyncio.gather(*(scene.caller.generate(request(1)) for _ in range(50)))
        assert scene.engine.calls == scene.counts.calls == 1
        assert [one.cached for one in found] == [False] + [True] * 49
        assert {one.text for one in found} == {"Answer: 4"}
        assert scene.counts.cached == 49

    in_no_time(work())


def test_lanes_of_one_model_share_their_calls() -> None:
    """Two presets that change nothing for the endpoint are two lanes with one identity."""

    async def work() -> None:
        scene = Scene(slowly)
        second = scene.another()
        await asyncio.gather(*(caller.generate(request(1)) for caller in (scene.caller, second)))
        assert scene.engine.calls == 1

    in_no_time(work())


def test_another_repeat_another_model_are_other_calls() -> None:
    async def work() -> None:
        scene = Scene(slowly)
        other = ScriptedEngine(slowly, identity=ModelIdentity("scripted", "two"))
        await asyncio.gather(
            scene.caller.generate(request(1)),
            scene.caller.generate(request(1, repeat=1)),
            scene.caller.generate(request(2)),
            scene.another(other).generate(request(1)),
        )
        assert (scene.engine.calls, other.calls, len(scene.log.kept)) == (3, 1, 4)

    in_no_time(work())


def test_what_is_stored_is_not_asked_again() -> None:
    async def work() -> None:
        scene = Scene(budget_calls=1)
        first = await scene.caller.generate(request(1))
        again = await scene.caller.generate(request(1))  # costs no budget either
        assert (first.cached, again.cached, again.text, scene.engine.calls) == (False, True, first.text, 1)

    in_no_time(work())


def test_what_is_stored_is_found_even_when_the_engine_is_dead() -> None:
    async def work() -> None:
        scene = Scene()
        await scene.warm()
        scene.caller.breaker.failed(AuthFailed("no"), 1, final=True)
        assert (await scene.caller.generate(request(999_999))).cached
        with pytest.raises(EngineDead):
            await scene.caller.generate(request(1))
        assert scene.engine.calls == 0

    in_no_time(work())


Make = Callable[[], EngineError]
PASSING: tuple[Make, ...] = (lambda: Unavailable("x"), lambda: EngineTimeout("x"), lambda: BadResponse("x"))


@pytest.mark.parametrize("make", PASSING)
@pytest.mark.parametrize("retries", [0, 1, 5])
def test_a_passing_fault_is_tried_again_as_often_as_asked(make: Make, retries: int) -> None:
    async def work() -> None:
        scene = Scene(retries=retries)
        await scene.warm()
        scene.engine.reply = failing_first(*(make() for _ in range(retries)))
        found = await scene.caller.generate(request(1))
        assert (found.attempts, scene.engine.calls) == (retries + 1, retries + 1)
        scene.engine.calls, scene.engine.reply = 0, always(make())
        with pytest.raises(type(make())):
            await scene.caller.generate(request(2))
        assert scene.engine.calls == retries + 1
        assert content_key(IDENTITY, request(2)) not in scene.log.kept
        assert scene.counts.failed_tries == 2 * retries + 1

    in_no_time(work())


@pytest.mark.parametrize("make", [lambda: BadRequest("x"), lambda: ContextOverflow("x"), lambda: EngineError("x")])
def test_what_another_try_would_not_help_is_tried_once(make: Make) -> None:
    async def work() -> None:
        scene = Scene(always(make()))
        with pytest.raises(type(make())):
            await scene.caller.generate(request(1))
        assert (scene.engine.calls, scene.log.kept, scene.caller.breaker.opened_by) == (1, {}, None)

    in_no_time(work())


@pytest.mark.parametrize("retries", [0, 5, 20])
def test_rate_limits_are_waited_out_longer_than_faults(retries: int) -> None:
    async def work() -> None:
        allowed = max(RATE_LIMIT_TRIES, retries)
        scene = Scene(failing_first(*[RateLimited("x")] * allowed), retries=retries)
        assert (await scene.caller.generate(request(1))).attempts == allowed + 1
        scene.engine.calls, scene.engine.reply = 0, always(RateLimited("x"))
        with pytest.raises(RateLimited):
            await scene.caller.generate(request(2))
        assert (scene.engine.calls, scene.caller.breaker.opened_by) == (allowed + 1, None)

    in_no_time(work())


def test_rate_limits_do_not_use_up_the_tries_for_faults() -> None:
    async def work() -> None:
        scene = Scene(failing_first(*[RateLimited("x")] * 11, Unavailable("y"), RateLimited("x"), Unavailable("y")))
        found = await scene.caller.generate(request(1))  # before any success: and the engine is not dead
        assert found.attempts == 15
        assert scene.caller.breaker.opened_by is None

    in_no_time(work())


def test_retry_after_is_obeyed_by_all_calls() -> None:
    async def work() -> None:
        begun: list[float] = []

        async def reply(request: Request, call: int) -> Completion:
            begun.append(clock())
            if call == 0:
                raise RateLimited("slow down", retry_after=20.0)
            return await right_away(request, call)

        scene = Scene(reply, concurrency=1)
        await asyncio.gather(*(scene.caller.generate(request(i)) for i in range(5)))
        assert begun[0] == 0
        assert all(20 <= at <= 21 for at in begun[1:])
        assert (scene.counts.paused_until, scene.counts.paused_by) == (20.0, IDENTITY.endpoint or IDENTITY.name)

    in_no_time(work())


def test_waits_double_with_jitter_and_end_at_half_a_minute() -> None:
    async def work() -> None:
        begun: list[float] = []

        async def reply(request: Request, call: int) -> Completion:
            begun.append(clock())
            raise Unavailable("x")

        scene = Scene(retries=20)
        await scene.warm()
        scene.engine.reply = reply
        with pytest.raises(Unavailable):
            await scene.caller.generate(request(1))
        waits = [later - earlier for earlier, later in pairwise(begun)]
        assert len(waits) == 20
        assert all(0 <= wait <= min(30.0, 0.5 * 2**i) + 1e-6 for i, wait in enumerate(waits))
        assert max(waits) > 10

    in_no_time(work())


def test_a_place_is_free_while_a_call_waits_to_be_tried_again() -> None:
    async def work() -> None:
        async def reply(asked: Request, call: int) -> Completion:
            if asked == request(0):
                raise Unavailable("x")
            return await right_away(asked, call)

        scene = Scene(concurrency=1)
        await scene.warm()
        scene.engine.reply = reply
        poor = asyncio.create_task(scene.caller.generate(request(0)))
        await asyncio.sleep(0)
        started = clock()
        await asyncio.gather(*(scene.caller.generate(request(i)) for i in range(1, 50)))
        assert clock() == started
        with pytest.raises(Unavailable):
            await poor

    in_no_time(work())


@pytest.mark.parametrize("make", [lambda: AuthFailed("no"), lambda: EndpointWrong("no")])
def test_fatal_before_the_first_success_ends_all(make: Make) -> None:
    async def work() -> None:
        scene = Scene(always(make()))
        with pytest.raises(EngineDead) as dead:
            await scene.caller.generate(request(1))
        assert isinstance(dead.value.error, type(make()))
        with pytest.raises(EngineDead):
            await scene.caller.generate(request(2))
        assert (scene.engine.calls, scene.log.kept) == (1, {})

    in_no_time(work())


def test_a_404_amid_successes_is_tried_again() -> None:
    async def work() -> None:
        scene = Scene()
        await scene.warm()
        scene.engine.reply = failing_first(EndpointWrong("a proxy restarts"))
        assert (await scene.caller.generate(request(1))).attempts == 2

    in_no_time(work())


def test_calls_that_wait_when_the_engine_dies_are_not_made() -> None:
    async def work() -> None:
        async def reply(asked: Request, call: int) -> Completion:
            await asyncio.sleep(1)
            raise AuthFailed("no")

        scene = Scene(reply, concurrency=2)
        found = await asyncio.gather(*(scene.caller.generate(request(i)) for i in range(20)), return_exceptions=True)
        assert all(isinstance(one, EngineDead) for one in found)
        assert scene.engine.calls == 2

    in_no_time(work())


@pytest.mark.parametrize("error", [BadResponse("cut"), ValueError("a defect"), StoreFull("no room")])
def test_a_fault_is_never_a_completion(error: Exception) -> None:
    async def work() -> None:
        async def reply(asked: Request, call: int) -> Completion:
            await asyncio.sleep(1)
            raise error

        scene = Scene(reply, retries=0)
        found = await asyncio.gather(*(scene.caller.generate(request(1)) for _ in range(10)), return_exceptions=True)
        assert all(one is error for one in found)
        assert (scene.engine.calls, scene.log.kept, scene.counts.calls, scene.counts.cached) == (1, {}, 0, 0)
        scene.engine.reply = right_away
        assert not (await scene.caller.generate(request(1))).cached  # and may be asked again

    in_no_time(work())


def test_a_budget_of_calls_is_exact_whatever_is_in_flight() -> None:
    async def work() -> None:
        scene = Scene(slowly, budget_calls=7)
        found = await asyncio.gather(*(scene.caller.generate(request(i)) for i in range(30)), return_exceptions=True)
        assert sum(isinstance(one, BudgetSpent) for one in found) == 23
        assert scene.engine.calls == len(scene.log.kept) == 7

    in_no_time(work())


def test_who_shares_a_call_is_not_cancelled_with_who_began_it() -> None:
    async def work() -> None:
        scene = Scene(slowly)
        first = asyncio.create_task(scene.caller.generate(request(1)))
        await asyncio.sleep(0.5)
        others = [asyncio.create_task(scene.caller.generate(request(1))) for _ in range(5)]
        await asyncio.sleep(0.1)
        first.cancel()
        found = await asyncio.gather(*others)
        assert [one.text for one in found] == ["Answer: 4"] * 5
        assert scene.engine.calls == 2  # the first was lost with its asker, the second serves all
        with pytest.raises(asyncio.CancelledError):
            await first

    in_no_time(work())


def test_who_gives_up_sharing_leaves_the_call_alone() -> None:
    async def work() -> None:
        scene = Scene(slowly)
        first = asyncio.create_task(scene.caller.generate(request(1)))
        await asyncio.sleep(0.5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scene.caller.generate(request(1)), 0.1)
        assert not (await first).cached
        assert scene.engine.calls == 1

    in_no_time(work())


def test_a_cancelled_call_gives_its_place_back() -> None:
    async def work() -> None:
        scene = Scene(slowly, concurrency=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scene.caller.generate(request(1)), 0.5)
        assert (await asyncio.wait_for(scene.caller.generate(request(2)), 5)).text == "Answer: 4"

    in_no_time(work())


def test_closing_closes_the_engine() -> None:
    async def work() -> None:
        scene = Scene()
        assert scene.caller.limits is scene.engine.limits
        assert scene.caller.identity is IDENTITY
        await scene.caller.close()
        assert scene.engine.closed == 1

    in_no_time(work())


def test_a_server_that_counts_no_tokens_does_not_lift_the_budget() -> None:
    async def silent(request: Request, call: int) -> Completion:
        return Completion(b"", "x" * 400)

    async def work() -> None:
        budget = Budget(BudgetSpec(tokens=150), clock)
        caller = Caller(ScriptedEngine(silent), MemoryLog(), Limiter(1, clock), budget, patience(), Counts())
        await caller.generate(request(1))
        await caller.generate(request(2))
        with pytest.raises(BudgetSpent, match="150 tokens"):
            await caller.generate(request(3))

    in_no_time(work())
