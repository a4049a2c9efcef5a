"""The callers of one execution: models and judges share its journal, its budget and their endpoints' limits.

A judge is asked through a `Judge`, which scorers are built with before there is anything to call;
`connect` gives it its caller when the execution begins. So judge calls are journalled, cached by
content, counted and resumed like any other. Example:

    judges = [Judge("openai/gpt-4.1", engine)]
    callers = Callers(spec, recorder, budget, counts)
    callers.connect(judges)
"""

from __future__ import annotations

import asyncio
import copy
import random
import time
from collections.abc import Callable, Sequence

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import content_key
from bakeoff.core.protocols import Engine, EngineLimits
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Completion, ModelIdentity, Request
from bakeoff.runner.calls import Caller, Counts, Flights, Patience
from bakeoff.runner.limits import Budget, EngineDead, Limiter
from bakeoff.runner.recorder import Recorder


class Judge:
    """A model that grades, as scorers see it: an Engine."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self.engine = engine
        self._caller: Caller | None = None
        self._stored: Callable[[bytes], Completion | None] | None = None

    @property
    def identity(self) -> ModelIdentity:
        return self.engine.identity

    @property
    def limits(self) -> EngineLimits:
        return self.engine.limits

    def connect(self, caller: Caller) -> None:
        self._caller = caller

    def read_only(self, stored: Callable[[bytes], Completion | None]) -> None:
        """Answer from what is stored, and from nothing else."""
        self._stored = stored

    async def generate(self, request: Request) -> Completion:
        """Raises what Caller.generate raises; ConfigInvalid where only what is stored may be used."""
        if self._caller is None:
            found = self._stored(content_key(self.identity, request)) if self._stored is not None else None
            if found is None:
                raise ConfigInvalid(
                    f"judge '{self.name}' was not asked this yet, and grading stored answers makes no call",
                    "run the benchmark with that profile: what models answered is taken from the store",
                )
            return found
        try:
            return await self._caller.generate(request)
        except EngineDead as dead:
            error = copy.copy(dead.error)  # it ends a model's lane: say that not the model is dead
            error.message = f"judge '{self.name}': {dead.error.message}"
            raise EngineDead(error) from None

    async def close(self) -> None:
        await self.engine.close()


class Callers:
    """Makes the callers of one execution."""

    def __init__(self, spec: ExperimentSpec, recorder: Recorder, budget: Budget, counts: Counts) -> None:
        self._spec = spec
        self._recorder = recorder
        self._budget = budget
        self._counts = counts
        self._patience = Patience(spec.retries, time.monotonic, time.time, asyncio.sleep, random.Random())
        self._limiters: dict[str, Limiter] = {}
        self._flights: Flights = {}

    def of(self, engine: Engine, name: str) -> tuple[Caller, int]:
        """The caller of an engine, and how many calls may be under way; models of one server share its limit."""
        identity, own = engine.identity, engine.limits.max_concurrency
        # An optimisation says how many calls it measures.
        most = own if own and identity.measured else min(self._spec.concurrency, own or self._spec.concurrency)
        place = (identity.endpoint or name) + identity.measured
        limiter = self._limiters.setdefault(place, Limiter(most, time.monotonic))
        caller = Caller(engine, self._recorder, limiter, self._budget, self._patience, self._counts, self._flights)
        return caller, most

    def connect(self, judges: Sequence[Judge]) -> list[Caller]:
        made = []
        for judge in judges:
            caller, _ = self.of(judge.engine, f"judge {judge.name}")
            judge.connect(caller)
            made.append(caller)
        return made
