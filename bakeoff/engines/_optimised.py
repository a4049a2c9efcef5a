"""An engine under an optimisation: the same engine, whose replies are kept apart because their speed is measured.

`Optimised` only changes the identity (`measured`) and how many calls are in flight. `FromStore` answers with what
another identity was answered before. Example:

    Optimised(engine, "batched:8#1", asked("batched:8", "llama_cpp"))
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson

from bakeoff.core.errors import BadRequest
from bakeoff.core.hashing import content_key, exchange
from bakeoff.core.protocols import Engine, EngineLimits
from bakeoff.core.types import Completion, ModelIdentity, Price, Request
from bakeoff.engines.optimisations import Asked

Find = Callable[[bytes], Awaitable[Completion | None]]


class Optimised:
    """An Engine around another: `measured` tells its replies from those of every other optimisation."""

    def __init__(self, engine: Engine, measured: str, asked: Asked) -> None:
        self.engine = engine
        self._measured = measured
        self._asked = asked

    @property
    def identity(self) -> ModelIdentity:
        return replace(self.engine.identity, measured=self._measured)

    @property
    def limits(self) -> EngineLimits:
        limits, asked = self.engine.limits, self._asked
        return replace(
            limits,
            max_concurrency=asked.calls or limits.max_concurrency,
            prefix_cache=asked.prefix_cache or limits.prefix_cache,
        )

    async def generate(self, request: Request) -> Completion:
        return await self.engine.generate(request)

    async def close(self) -> None:
        await self.engine.close()


class FromStore:
    """An Engine that asks nobody: the replies are those that the yardstick was given, found in the store."""

    def __init__(self, yardstick: Engine, measured: str) -> None:
        self._yardstick = yardstick
        self._measured = measured
        self._find: Find | None = None

    def connect(self, find: Find) -> None:
        """Where to look; without it nothing is found."""
        self._find = find

    @property
    def identity(self) -> ModelIdentity:
        return replace(self._yardstick.identity, measured=self._measured)

    @property
    def limits(self) -> EngineLimits:
        limits = self._yardstick.limits
        return replace(limits, max_concurrency=1, in_process=False, prefix_cache="none", price=Price(0.0, 0.0))

    async def generate(self, request: Request) -> Completion:
        """Raises BadRequest when the yardstick has no reply to it."""
        began = time.perf_counter()
        key = content_key(self._yardstick.identity, request)
        found = await self._find(key) if self._find is not None else None
        if found is None:
            raise BadRequest(
                "nothing is stored for this prompt: the yardstick has no reply to it",
                "see what 'sequential' ended in, then resume",
            )
        took = time.perf_counter() - began
        told = orjson.dumps({"stored": key.hex()})
        return replace(
            found,
            key=b"",
            model="",
            cached=False,
            cost=None,
            queue_s=0.0,
            latency_s=0.0,
            first_token_s=took,
            gaps=(),
            cached_tokens=None,
            raw=exchange(told, orjson.dumps({"text": found.text})),
        )

    async def close(self) -> None:
        """Nothing is open."""
