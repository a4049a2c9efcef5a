"""Reads memory, power and use of the GPUs while something is asked: a thread of its own, twice a second.

`Meter` is one stretch of time; `Metered` an engine whose stretch begins with its first call and ends when it is
closed. Host memory is read for a model in this process alone, and GPUs where the model runs on this machine.
Example:

    meter = Meter(host=True, gpus=Gpus.open())
    meter.begin(); …; usage = meter.end()
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from urllib.parse import urlsplit

from bakeoff.core.protocols import Engine, EngineLimits
from bakeoff.core.types import Completion, Estimate, ModelIdentity, Request
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.runner import host_memory
from bakeoff.runner.devices import Gpu, GpuLost, Gpus, Reading
from bakeoff.stats.blocks import block_mean

INTERVAL_S = 0.5


class Meter:
    """One stretch of time. `begin` and `end` once each; what is read between them is in the Usage."""

    def __init__(
        self,
        host: bool,
        gpus: Gpus | None,
        interval: float = INTERVAL_S,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._gpus = gpus
        self._interval = interval
        self._now = now
        self._clock = clock
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._began_at = 0.0
        self._held: list[int] = []
        self._looks: list[tuple[float, list[Reading]]] = []
        self._peak_is_ours = False
        self._lost = ""
        self._usage: Usage | None = None

    def begin(self) -> None:
        """Take the first reading and go on in a thread."""
        self._began_at = self._now()
        self._peak_is_ours = self._host and host_memory.begin_peak()
        self._look()
        self._thread = threading.Thread(target=self._work, name="meter", daemon=True)
        self._thread.start()

    @property
    def begun(self) -> bool:
        return self._thread is not None

    @property
    def running(self) -> bool:
        return self.begun and self._usage is None

    def _work(self) -> None:
        while not self._over.wait(self._interval):
            self._look()

    def _look(self) -> None:
        if self._host and (held := host_memory.resident()) is not None:
            self._held.append(held)
        if self._gpus is not None and not self._lost:
            try:
                self._looks.append((self._clock(), self._gpus.read()))
            except GpuLost as lost:
                self._lost = str(lost)

    def end(self) -> Usage:
        """Take the last reading; the same Usage however often it is called."""
        if self._usage is not None:
            return self._usage
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._look()
        found = self._gpus.found if self._gpus is not None else ()
        self._usage = Usage(
            began_at=self._began_at,
            ended_at=self._now(),
            readings=max(len(self._held), len(self._looks)),
            host_peak=self._host_peak(),
            host_before=self._held[0] if self._held else None,
            devices=tuple(device_usage(gpu, self._looks) for gpu in found),
            lost=self._lost,
        )
        return self._usage

    def _host_peak(self) -> int | None:
        """The most that was read; the kernel's own mark where it was ours alone, which misses nothing."""
        own = host_memory.peak() if self._peak_is_ours else None
        return max([*self._held, *([own] if own is not None else [])], default=None)


def device_usage(gpu: Gpu, looks: Sequence[tuple[float, Sequence[Reading]]]) -> DeviceUsage:
    """What the readings (time, one for each GPU) come to for one of them (pure)."""
    own = [(at, reading) for at, readings in looks for reading in readings if reading.index == gpu.index]
    used = [reading.memory_used for _, reading in own if reading.memory_used is not None]
    totals = [reading.memory_total for _, reading in own if reading.memory_total is not None]
    energy, source = _energy(own)
    return DeviceUsage(
        index=gpu.index,
        name=gpu.name,
        memory_peak=max(used, default=None),
        memory_before=used[0] if used else None,
        memory_total=totals[-1] if totals else None,
        utilisation=_share([reading.utilisation for _, reading in own if reading.utilisation is not None]),
        power_w=_mean([reading.power_w for _, reading in own if reading.power_w is not None]),
        energy_j=energy,
        energy_from=source,
    )


def _mean(values: Sequence[float]) -> Estimate | None:
    return block_mean(values) if values else None


def _share(values: Sequence[float]) -> Estimate | None:
    found = _mean(values)
    if found is None or found.low is None or found.high is None:
        return found
    return Estimate(found.value, max(0.0, found.low), min(1.0, found.high), found.n, 0, found.method)


def _energy(own: Sequence[tuple[float, Reading]]) -> tuple[float | None, str]:
    """Joules between the first and the last reading: by the GPU's counter, else power summed over time."""
    counted = [reading.energy_j for _, reading in own if reading.energy_j is not None]
    if len(counted) > 1 and counted[-1] >= counted[0]:  # a counter that went back was reset
        return counted[-1] - counted[0], "counter"
    told = [(at, reading.power_w) for at, reading in own if reading.power_w is not None]
    if len(told) < 2:
        return None, ""
    pairs = pairwise(told)
    return sum((b - a) * (p + q) / 2 for (a, p), (b, q) in pairs), "power"


class Metered:
    """An engine whose use of the machine is read from its first call until it is closed."""

    def __init__(self, engine: Engine, meter: Meter) -> None:
        self.engine = engine
        self.meter = meter

    @property
    def identity(self) -> ModelIdentity:
        return self.engine.identity

    @property
    def limits(self) -> EngineLimits:
        return self.engine.limits

    async def generate(self, request: Request) -> Completion:
        if not self.meter.begun:
            self.meter.begin()
        return await self.engine.generate(request)

    async def close(self) -> None:
        if self.meter.running:  # before the model is let go
            await asyncio.to_thread(self.meter.end)
        await self.engine.close()


def runs_here(engine: Engine) -> bool:
    """Whether a model computes on this machine: in this process, or behind an address of its own."""
    if engine.limits.in_process:
        return True
    try:
        return urlsplit(engine.identity.endpoint).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False
