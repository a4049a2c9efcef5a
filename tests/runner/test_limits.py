"""Limiter, budget, breaker: small state machines under a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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
    Unavailable,
)
from bakeoff.core.specs import BudgetSpec
from bakeoff.runner.limits import Breaker, Budget, BudgetSpent, EngineDead, Limiter
from tests.runner.fakes import clock, in_no_time


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def settle() -> None:
    """Let every task that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)


# The limiter


def test_never_more_at_once_than_the_limit() -> None:
    async def work() -> int:
        limiter, peak = Limiter(5, clock), 0

        async def call() -> None:
            nonlocal peak
            await limiter.acquire()
            peak = max(peak, limiter.in_flight)
            await asyncio.sleep(1)
            limiter.release()

        await asyncio.gather(*(call() for _ in range(100)))
        assert limiter.in_flight == 0
        assert clock() == pytest.approx(20)
        return peak

    assert in_no_time(work()) == 5


def test_a_429_cuts_by_a_third_once_in_a_round() -> None:
    hand = Hand()
    limiter = Limiter(100, hand)
    begun = hand.now
    hand.now += 1
    for _ in range(50):
        limiter.rate_limited(begun, None)  # all of one round
    assert limiter.limit == pytest.approx(70)
    later = hand.now + 0.5
    hand.now += 1
    limiter.rate_limited(later, None)
    assert limiter.limit == pytest.approx(49)


def test_the_limit_never_falls_below_one() -> None:
    hand = Hand()
    limiter = Limiter(3, hand)
    for _ in range(100):
        hand.now += 1
        limiter.rate_limited(hand.now - 0.5, None)
    assert limiter.limit == 1.0


def test_the_limit_grows_by_one_in_a_round_and_no_further_than_asked() -> None:
    hand = Hand()
    limiter = Limiter(20, hand)
    limiter.rate_limited(hand.now, None)
    assert limiter.limit == pytest.approx(14)
    for _ in range(14):
        limiter.succeeded()
    assert limiter.limit == pytest.approx(15, abs=0.1)
    for _ in range(1000):
        limiter.succeeded()
    assert limiter.limit == 20


def test_a_cut_holds_back_those_who_wait() -> None:
    async def work() -> None:
        limiter = Limiter(10, clock)
        for _ in range(10):
            await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(10)]
        await settle()
        limiter.rate_limited(clock() + 1, None)  # 7
        for _ in range(3):
            limiter.release()
        await settle()
        assert (limiter.in_flight, sum(task.done() for task in waiting)) == (7, 0)
        limiter.release()
        await settle()
        assert (limiter.in_flight, sum(task.done() for task in waiting)) == (7, 1)
        for task in waiting:
            task.cancel()

    in_no_time(work())


def test_retry_after_holds_all_calls_back() -> None:
    async def work() -> None:
        limiter, begun = Limiter(4, clock), []

        async def call(number: int) -> None:
            await limiter.acquire()
            begun.append(clock())
            await asyncio.sleep(1)
            if number == 0:
                limiter.rate_limited(clock(), 30.0)
                limiter.rate_limited(clock(), 10.0)  # a shorter one does not shorten it
            limiter.release()

        await asyncio.gather(*(call(i) for i in range(12)))
        assert begun[:4] == [0] * 4
        assert min(begun[4:]) == pytest.approx(31)
        assert max(begun) == pytest.approx(34)  # two at a time: the cut holds

    in_no_time(work())


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_who_gives_up_waiting_takes_no_place_with_him() -> None:
    async def work() -> None:
        limiter = Limiter(1, clock)
        await limiter.acquire()
        first, second, third = (asyncio.create_task(limiter.acquire()) for _ in range(3))
        await settle()
        await _cancelled(first)  # while it waits
        limiter.release()  # wakes the second …
        await _cancelled(second)  # … which is cancelled before it can run
        await asyncio.wait_for(third, 5)
        assert limiter.in_flight == 1

    in_no_time(work())


def test_who_gives_up_during_a_pause_takes_no_place_with_him() -> None:
    async def work() -> None:
        limiter = Limiter(1, clock)
        await limiter.acquire()
        first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
        await settle()
        limiter.rate_limited(clock() + 1, 10.0)
        limiter.release()  # wakes the first, which finds that all calls pause
        await settle()
        await _cancelled(first)
        await asyncio.wait_for(second, 60)
        assert limiter.in_flight == 1

    in_no_time(work())


def test_cancelled_callers_leave_the_limiter_whole() -> None:
    async def work() -> None:
        limiter = Limiter(3, clock)

        async def call(number: int) -> None:
            await limiter.acquire()
            try:
                await asyncio.sleep(1)
                if number % 7 == 0:
                    limiter.rate_limited(clock() - 1, 0.5)
                else:
                    limiter.succeeded()
            finally:
                limiter.release()

        tasks = [asyncio.create_task(call(i)) for i in range(120)]
        for i, task in enumerate(tasks):
            if i % 3:
                asyncio.get_running_loop().call_later(i * 0.13, task.cancel)
        done, pending = await asyncio.wait(tasks, timeout=1000)
        assert (len(done), len(pending), limiter.in_flight) == (120, 0, 0)

    in_no_time(work())


# The budget


def test_a_budget_of_calls_is_exact() -> None:
    budget = Budget(BudgetSpec(calls=3), Hand())
    for _ in range(3):
        budget.begin_call()
    for _ in range(2):
        with pytest.raises(BudgetSpent, match="3 calls"):
            budget.begin_call()
    assert budget.calls == 3


def test_a_budget_of_no_calls() -> None:
    with pytest.raises(BudgetSpent, match="0 calls"):
        Budget(BudgetSpec(calls=0), Hand()).begin_call()


@pytest.mark.parametrize(
    ("spec", "told"),
    [(BudgetSpec(tokens=1000), "1,000 tokens"), (BudgetSpec(usd=0.5), "0.5 US dollars")],
)
def test_tokens_and_money_stop_once_they_are_spent(spec: BudgetSpec, told: str) -> None:
    budget = Budget(spec, Hand())
    budget.begin_call()
    budget.add(999, 0.499)
    budget.begin_call()
    budget.add(1, None)
    budget.add(0, 0.001)
    with pytest.raises(BudgetSpent, match=told):
        budget.begin_call()


def test_time_is_counted_from_the_beginning_of_the_execution() -> None:
    hand = Hand()
    budget = Budget(BudgetSpec(seconds=60), hand)
    hand.now += 59.9
    budget.begin_call()
    hand.now += 0.1
    with pytest.raises(BudgetSpent, match="60 seconds"):
        budget.begin_call()


def test_no_budget_is_no_limit() -> None:
    budget = Budget(BudgetSpec(), Hand())
    for _ in range(1000):
        budget.begin_call()
        budget.add(10**9, 10**6)


# The breaker

PASSING: tuple[Callable[[], EngineError], ...] = (
    lambda: Unavailable("x"),
    lambda: EngineTimeout("x"),
    lambda: BadResponse("x"),
)
FATAL: tuple[Callable[[], EngineError], ...] = (lambda: AuthFailed("x"), lambda: EndpointWrong("x"))


def is_open(breaker: Breaker) -> bool:
    try:
        breaker.check()
    except EngineDead:
        return True
    return False


@pytest.mark.parametrize("make", FATAL)
def test_opens_at_once_on_a_fatal_error_before_the_first_success(make: Callable[[], EngineError]) -> None:
    breaker, error = Breaker(), make()
    breaker.failed(error, 1, final=True)
    with pytest.raises(EngineDead) as dead:
        breaker.check()
    assert dead.value.error is error


def test_later_only_a_refused_key_is_fatal_at_once() -> None:
    breaker = Breaker()
    breaker.succeeded()
    breaker.failed(EndpointWrong("a 404 of a proxy"), 1, final=False)
    assert not is_open(breaker)
    breaker.failed(AuthFailed("x"), 1, final=True)
    assert is_open(breaker)


@pytest.mark.parametrize("make", PASSING)
def test_dead_from_the_start_after_four_tries_of_one_call(make: Callable[[], EngineError]) -> None:
    breaker = Breaker()
    for tries in (1, 2, 3, 1, 2, 3):
        breaker.failed(make(), tries, final=False)
        assert not is_open(breaker)
    breaker.failed(make(), 4, final=False)
    assert is_open(breaker)


@pytest.mark.parametrize("make", [*PASSING, FATAL[1]])
def test_dead_later_after_eight_calls_in_a_row_that_gave_up(make: Callable[[], EngineError]) -> None:
    breaker = Breaker()
    breaker.succeeded()
    for _ in range(7):
        for tries in range(1, 6):
            breaker.failed(make(), tries, final=False)
        breaker.failed(make(), 6, final=True)
    assert not is_open(breaker)
    breaker.succeeded()  # the row is broken
    for _ in range(7):
        breaker.failed(make(), 6, final=True)
    assert not is_open(breaker)
    breaker.failed(make(), 6, final=True)
    assert is_open(breaker)


@pytest.mark.parametrize("error", [RateLimited("x"), BadRequest("x"), ContextOverflow("x")])
def test_never_dead_of_what_is_not_the_engines_death(error: EngineError) -> None:
    breaker = Breaker()
    for tries in range(1, 100):
        breaker.failed(error, tries, final=True)
    assert not is_open(breaker)


def test_stays_open() -> None:
    breaker = Breaker()
    breaker.failed(AuthFailed("x"), 1, final=True)
    breaker.succeeded()  # a call that was under way
    assert is_open(breaker)
