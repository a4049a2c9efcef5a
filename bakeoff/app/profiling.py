"""Measure a model at one batch after the other: the latency-throughput curve, and the most that fits.

Each point of a model in this process is an engine of its own, loaded, warmed up, asked and let go, so that one that
runs out of memory spoils no other; an endpoint, or an engine whose batch the user fixed, is one for all points and
is asked with more calls at once. A point is not begun where arithmetic, or the line through the points before it,
says that it would go over the bound; what runs out of memory all the same ends the curve there. Whatever ends it,
the points measured are kept. Example:

    found = asyncio.run(profile(ask, [of_length(128, 32)], build, reader, told=print))
    advise(found.curves[0], least=0.1).sentence
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from bakeoff.app.workloads import Workload, words_for
from bakeoff.core.errors import BakeoffError, ConfigInvalid
from bakeoff.core.protocols import Engine
from bakeoff.core.types import Estimate
from bakeoff.core.usage import Usage
from bakeoff.reports.performance_profile import Curve, Point, Profile, Tried
from bakeoff.runner.load import RanOut, Timed, ask_at_once
from bakeoff.runner.metering import Meter
from bakeoff.stats.spreads import skewed_mean

FITS, OVER, SHORT = "fits", "over the bound", "out of memory"

Build = Callable[[int], Engine]
Count = Callable[[Workload, int], int | None]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is measured. `own_engine`: each point has an engine of its own, built for its batch.

    `bound`: bytes that a point may take, None: no bound. `find_most`: look for the largest batch up to `most`.
    """

    model: str
    preset: str
    batches: Sequence[int] = (1, 2, 4, 8)
    repeats: int = 3
    rounds: int = 1
    own_engine: bool = False
    find_most: bool = False
    most: int = 1024
    bound: int | None = None
    memory_of: str = ""
    dummy: bool = False
    notes: Sequence[str] = field(default_factory=tuple)


def planned_calls(ask: Ask, workloads: Sequence[Workload]) -> tuple[int, int, int]:
    """Calls, prompt tokens and output tokens that a profile makes at most, warm-up and calibration included."""
    each = sum(batch * ask.rounds * ask.repeats + batch for batch in ask.batches)
    calls = sum(each + (2 * len(ask.batches) if one.prompt_tokens else 0) for one in workloads)
    prompt = sum((each + 2 * len(ask.batches)) * one.tokens for one in workloads)
    return calls, prompt, sum(each * one.output_tokens for one in workloads)


class Profiler:
    """One profile. `count` says by arithmetic what a workload takes at a batch, where that can be said."""

    def __init__(
        self, ask: Ask, build: Build, meter: Callable[[], Meter], count: Count, told: Callable[[str, Point], None]
    ) -> None:
        self._ask = ask
        self._build = build
        self._meter = meter
        self._count = count
        self._told = told
        self._shared: Engine | None = None
        self._words: dict[str, int] = {}
        self.curves: list[Curve] = []

    async def run(self, workloads: Sequence[Workload]) -> Profile:
        """All curves. A Ctrl-C ends it with what was measured; raises BakeoffError where not one point could be."""
        interrupted = False
        try:
            for workload in workloads:
                self.curves.append(Curve(workload.name))
                await self._curve(workload)
        except asyncio.CancelledError:
            interrupted = True
            if self.curves:
                self.curves[-1] = replace(self.curves[-1], stopped="interrupted")
        finally:
            if self._shared is not None:
                await self._shared.close()
        ask = self._ask
        grows = "batch" if ask.own_engine else "concurrency"
        return Profile(
            ask.model,
            ask.preset,
            grows,
            [curve for curve in self.curves if curve.points or curve.stopped],
            dummy=ask.dummy,
            memory_of=ask.memory_of,
            memory_bound=ask.bound,
            interrupted=interrupted,
            notes=ask.notes,
        )

    async def _curve(self, workload: Workload) -> None:
        for batch in self._ask.batches:
            if not await self._step(workload, batch, self._ask.repeats):
                break
        if self._ask.find_most:
            await self._find_most(workload)

    async def _step(self, workload: Workload, batch: int, repeats: int) -> bool:
        """Measure one point and keep it; False where it does not fit, and why stands in the curve."""
        curve = self.curves[-1]
        expected = self._expected(workload, batch)
        bound = self._ask.bound
        if bound is not None and expected is not None and expected > bound:
            why = f"{batch} at once would take {_gib(expected)} of {_gib(bound)}"
            self._end(why, Tried(batch, OVER, expected))
            return False
        try:
            point = await self._measured(workload, batch, repeats)
        except RanOut as short:
            self._end(f"memory ran out with {batch} at once ({short!s:.120})", Tried(batch, SHORT))
            return False
        except BakeoffError as error:
            if not any(one.points for one in self.curves):
                raise
            self._end(f"{batch} at once failed ({error.message:.160})", Tried(batch, f"failed: {error.code}"))
            return False
        over = bound is not None and point.memory is not None and point.memory > bound
        tried = Tried(batch, OVER if over else FITS, point.memory)
        self.curves[-1] = replace(curve, tried=[*curve.tried, tried])
        self._keep(point, workload)
        if over:
            self._end(f"{batch} at once took {_gib(point.memory or 0)} of {_gib(bound or 0)}")
        return not over

    def _end(self, why: str, tried: Tried | None = None) -> None:
        curve = self.curves[-1]
        self.curves[-1] = replace(curve, stopped=why, tried=[*curve.tried, *([tried] if tried else [])])

    def _expected(self, workload: Workload, batch: int) -> int | None:
        """Bytes that a batch should take: counted from the shape, or by the line through the last two points."""
        found = [size for size in (self._count(workload, batch), self._by_line(batch)) if size is not None]
        return max(found, default=None)

    def _by_line(self, batch: int) -> int | None:
        known = [(one.batch, one.memory) for one in self.curves[-1].points if one.memory is not None]
        if len(known) < 2 or batch <= known[-1][0]:
            return None
        (b0, m0), (b1, m1) = known[-2:]
        return round(m1 + max(0.0, (m1 - m0) / (b1 - b0)) * (batch - b1))

    async def _find_most(self, workload: Workload) -> None:
        """Double until it does not fit, then halve what is between, to within an eighth."""
        fits, fails = self._edges()
        while fails is None and fits is not None and fits < self._ask.most:
            await self._step(workload, min(2 * fits, self._ask.most), 1)
            fits, fails = self._edges()
        while fits is not None and fails is not None and fails - fits > max(1, fits // 8):
            await self._step(workload, (fits + fails) // 2, 1)
            fits, fails = self._edges()
        self.curves[-1] = replace(self.curves[-1], largest=fits if fails is not None else None)

    def _edges(self) -> tuple[int | None, int | None]:
        """The largest batch that fits, and the smallest that does not."""
        tried = self.curves[-1].tried
        fails = min((one.batch for one in tried if one.ended != FITS), default=None)
        fits = [one.batch for one in tried if one.ended == FITS and (fails is None or one.batch < fails)]
        return max(fits, default=None), fails

    async def _measured(self, workload: Workload, batch: int, repeats: int) -> Point:
        """One point. A Ctrl-C goes on when the engine is closed; the repeats before it are kept as a point."""
        meter = self._meter()
        meter.begin()
        try:
            engine = await self._engine(batch)
        except BaseException:
            meter.end()
            raise
        timed: list[Timed] = []
        ended: asyncio.CancelledError | None = None
        spent = None
        try:
            if workload.name not in self._words:
                self._words[workload.name] = await words_for(engine, workload)
            requests = workload.requests(self._words[workload.name])
            await ask_at_once(engine, requests, batch)  # warm-up
            energy = self._meter()
            energy.begin()
            try:
                for _ in range(repeats):
                    timed.append(await ask_at_once(engine, requests, batch, self._ask.rounds))
            except asyncio.CancelledError as cancelled:
                ended = cancelled
            finally:
                spent = await asyncio.to_thread(energy.end)
        finally:
            usage = await asyncio.to_thread(meter.end)
            if engine is not self._shared:
                await engine.close()
        point = point_of(batch, timed, usage, spent, self._ask.memory_of) if timed else None
        if ended is not None:
            if point is not None:
                self._keep(point, workload)
            raise ended
        if point is None:
            raise ConfigInvalid("no call was made", "ask for at least one repeat")
        return point

    def _keep(self, point: Point, workload: Workload) -> None:
        curve = self.curves[-1]
        points = sorted([*curve.points, point], key=lambda one: one.batch)
        self.curves[-1] = replace(curve, points=points)
        self._told(workload.name, point)

    async def _engine(self, batch: int) -> Engine:
        if self._ask.own_engine:
            return await asyncio.to_thread(self._build, batch)
        if self._shared is None:
            self._shared = await asyncio.to_thread(self._build, batch)
        return self._shared


def point_of(batch: int, timed: Sequence[Timed], usage: Usage, spent: Usage, memory_of: str) -> Point:
    """The repeats of a batch as one point (pure)."""
    calls = [call for one in timed for call in one.calls]
    outputs = [call.output for call in calls if call.output is not None]
    prompts = [call.prompt for call in calls if call.prompt is not None]
    energy = [gpu.energy_j for gpu in spent.devices]
    known = [one for one in energy if one is not None]
    joules = sum(known) if known and len(known) == len(energy) else None
    made = sum(outputs)
    requests, p50, p95 = (
        _over([one.requests_per_s for one in timed]),
        _over([one.call(0.5) for one in timed]),
        _over([one.call(0.95) for one in timed]),
    )
    if requests is None or p50 is None or p95 is None:
        raise ConfigInvalid("no call was made", "ask for at least one repeat")
    return Point(
        batch=batch,
        repeats=len(timed),
        calls=len(calls),
        requests_per_s=requests,
        call_p50=p50,
        call_p95=p95,
        output_per_s=_over([one.output_per_s for one in timed]),
        prompt_per_s=_over([one.prompt_per_s for one in timed]),
        first_p50=_over([one.first(0.5) for one in timed]),
        token_p50=_over([one.between(0.5) for one in timed]),
        prompt_tokens=sum(prompts) / len(prompts) if prompts else None,
        output_tokens=made / len(outputs) if outputs else None,
        memory=memory(usage, memory_of),
        energy_per_1000=1000 * joules / made if joules is not None and made else None,
    )


def memory(usage: Usage, of: str) -> int | None:
    """The peak: of all GPUs together, or of this process."""
    if of == "device":
        peaks = [gpu.memory_peak for gpu in usage.devices if gpu.memory_peak is not None]
        return sum(peaks) if peaks else None
    return usage.host_peak if of == "host" else None


def _over(values: Sequence[float | None]) -> Estimate | None:
    """The mean over repeats with its interval; None where a repeat does not know it."""
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    found = skewed_mean(known)
    return found if found.low is None else replace(found, low=max(0.0, found.low))


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.2f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):.1f} MiB"
