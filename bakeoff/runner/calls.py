"""One call as a method sees it: found in the store, shared, retried, paid, journalled.

`Caller` is the Engine that methods are handed. It asks the real one only for what no run has
asked before (law 2), and turns passing faults into waiting.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from bakeoff.core.errors import BadResponse, EngineError, RateLimited
from bakeoff.core.hashing import content_key, identity_digest
from bakeoff.core.protocols import Engine, EngineLimits
from bakeoff.core.thinking import set_apart
from bakeoff.core.types import Completion, ModelIdentity, Request
from bakeoff.runner.limits import Breaker, Budget, Halt, Limiter

RATE_LIMIT_TRIES = 12
BACKOFF_FIRST = 0.5
BACKOFF_MOST = 30.0
Flights = dict[bytes, asyncio.Future[Completion]]  # calls under way, by content key


class CompletionLog(Protocol):
    """Where completions are looked up and journalled (runner.recorder)."""

    async def find(self, key: bytes) -> Completion | None: ...

    async def completion(self, completion: Completion) -> None: ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to try again, and the clocks and dice that need no world."""

    retries: int
    clock: Callable[[], float]
    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    dice: random.Random


@dataclass(slots=True)
class Counts:
    """What an execution did, for the progress line and the last word."""

    calls: int = 0
    cached: int = 0
    failed_tries: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    paused_until: float = 0.0  # by the clock: an endpoint asked to wait so long (Retry-After)
    paused_by: str = ""


class Caller:
    """The engine that methods see."""

    def __init__(
        self,
        engine: Engine,
        log: CompletionLog,
        limiter: Limiter,
        budget: Budget,
        patience: Patience,
        counts: Counts,
        flights: Flights | None = None,
    ) -> None:
        self._engine = engine
        self._log = log
        self._limiter = limiter
        self._budget = budget
        self._patience = patience
        self._counts = counts
        self.breaker = Breaker()
        self.halt = Halt()
        # Two lanes may ask the same: presets that change nothing for the endpoint.
        self._flights: Flights = {} if flights is None else flights

    @property
    def identity(self) -> ModelIdentity:
        return self._engine.identity

    @property
    def limits(self) -> EngineLimits:
        return self._engine.limits

    @property
    def calling(self) -> bool:
        """Whether a call is under way, of this caller or of one that shares its flights."""
        return bool(self._flights)

    def through(self, engine: Engine) -> Caller:
        """The same caller (its limits, its breaker, what it shares) of the same engine in another wrapping."""
        other = copy.copy(self)
        other._engine = engine
        return other

    async def close(self) -> None:
        await self._engine.close()

    async def generate(self, request: Request) -> Completion:
        """The completion of a request. Raises EngineError, BudgetSpent, EngineDead, Halted, StoreError."""
        key = content_key(self._engine.identity, request)
        while (flight := self._flights.get(key)) is not None:
            shared = await _shared(flight)
            if shared is not None:
                self._counts.cached += 1
                return replace(shared, cached=True)
        flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        try:
            completion = await self._fetch(key, request)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                flight.cancel()
            else:
                flight.set_exception(error)
                flight.exception()  # seen here, should nobody share this flight
            raise
        else:
            flight.set_result(completion)
            return completion
        finally:
            del self._flights[key]

    async def _fetch(self, key: bytes, request: Request) -> Completion:
        found = await self._log.find(key)
        if found is not None:
            self._counts.cached += 1
            return found
        self.breaker.check()
        self._budget.begin_call()
        completion = set_apart(await self._try(request))
        completion.key = key
        completion.model = identity_digest(self._engine.identity)
        self._price(completion, request)
        await self._log.completion(completion)
        return completion

    async def _try(self, request: Request) -> Completion:
        """Call until it succeeds or there is no use in another try."""
        clock, asked = self._patience.clock, self._patience.clock()
        failed = {True: 0, False: 0}  # rate limits are counted apart from faults
        while True:
            if not self._limiter.taken():
                await self.halt.wait(self._limiter.acquire())
            started = clock()
            try:
                self.breaker.check()
                completion = await self._engine.generate(request)
            except EngineError as error:
                slowed = isinstance(error, RateLimited)
                failed[slowed] = tries = failed[slowed] + 1
                self._failed(error, tries, started)
                wait = self._wait(error, tries)
            else:
                ended = clock()
                self._limiter.succeeded()
                self.breaker.succeeded()
                waited = min(completion.queue_s, ended - started)  # in a queue of the engine's own
                completion.queue_s = started - asked + waited
                completion.latency_s = ended - started - waited
                completion.attempts = 1 + failed[True] + failed[False]
                completion.finished_at = self._patience.now()
                return completion
            finally:
                self._limiter.release()
            await self.halt.wait(self._patience.sleep(wait))

    def _failed(self, error: EngineError, tries: int, started: float) -> None:
        """Note the latest of so many tries that failed alike; raises the error when it is the last one."""
        self._counts.failed_tries += 1
        if isinstance(error, RateLimited):
            self._limiter.rate_limited(started, error.retry_after)
            self._note_pause(error.retry_after or 0.0)
        allowed = (
            max(RATE_LIMIT_TRIES, self._patience.retries) if isinstance(error, RateLimited) else self._patience.retries
        )
        retryable = error.retryable or (error.fatal and self.breaker.succeeded_once)
        final = not retryable or tries > allowed
        self.breaker.failed(error, tries, final)
        self.breaker.check()
        if final:
            raise error

    def _note_pause(self, seconds: float) -> None:
        """For whoever shows what is going on: until when nothing is asked, and who wants it so."""
        until = self._patience.clock() + seconds
        if seconds and until > self._counts.paused_until:
            identity = self._engine.identity
            self._counts.paused_until = until
            self._counts.paused_by = urlsplit(identity.endpoint).netloc or identity.name

    def _wait(self, error: EngineError, tries: int) -> float:
        """Full jitter on a doubling wait; what the endpoint asked for, plus a spread."""
        ceiling = min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** (tries - 1))
        if isinstance(error, RateLimited) and error.retry_after is not None:
            return error.retry_after + self._patience.dice.uniform(0, 0.05 * tries)
        if isinstance(error, BadResponse):  # nothing is overloaded: no need to wait long
            ceiling = min(ceiling, 1.0)
        return self._patience.dice.uniform(0, ceiling)

    def _price(self, completion: Completion, request: Request) -> None:
        price = self._engine.limits.price
        prompt, output = completion.prompt_tokens, completion.output_tokens
        if price is not None and prompt is not None and output is not None:
            completion.cost = price.cost(prompt, output)
        counts = self._counts
        counts.calls += 1
        counts.prompt_tokens += prompt or 0
        counts.output_tokens += output or 0
        counts.usd += completion.cost or 0.0
        counts.unpriced += completion.cost is None
        # A server that counts no tokens must not lift the budget: about four characters make one.
        asked = sum(len(message.content) for message in request.messages) if prompt is None else 0
        told = len(completion.text) if output is None else 0
        self._budget.add((prompt or asked // 4) + (output or told // 4), completion.cost)


async def _shared(flight: asyncio.Future[Completion]) -> Completion | None:
    """What the call of another asker brings; None when that asker was cancelled, and the call with it."""
    try:
        return await asyncio.shield(flight)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not flight.cancelled() or (task is not None and task.cancelling()):
            raise
        return None
