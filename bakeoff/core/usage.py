"""What machine a lane took while it was asked: memory, power, use of its GPUs. Absent is None, and never 0.

A lane is one model under one preset; its cells are asked in turn, so the figures are of all of them together.
Example:

    Usage(began_at=1.7e9, ended_at=1.7e9 + 60, readings=120, host_peak=3 << 30)
"""

from __future__ import annotations

from dataclasses import dataclass

from bakeoff.core.types import Estimate


@dataclass(frozen=True, slots=True)
class DeviceUsage:
    """One GPU over a stretch of time, as its driver tells. Memory in bytes, of every process that uses it.

    `memory_before` was taken when the stretch began. `utilisation` is the share of time (0 to 1) in which a
    kernel ran, `power_w` watts: means over the readings, with an interval from means of blocks of them.
    `energy_j` is from the GPU's own counter ("counter") or the sum of power over time ("power").
    """

    index: int
    name: str = ""
    memory_peak: int | None = None
    memory_before: int | None = None
    memory_total: int | None = None
    utilisation: Estimate | None = None
    power_w: Estimate | None = None
    energy_j: float | None = None
    energy_from: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """One stretch of time in which a lane was asked. Times in seconds of the epoch.

    `host_peak` is the most resident memory of this process and those it started, in bytes; None for a model that
    runs elsewhere. `readings` how often was looked; `devices` are the GPUs of this machine, where it has any and
    the model runs on it. `lost`: why a GPU could not be read to the end.
    """

    began_at: float
    ended_at: float
    readings: int = 0
    host_peak: int | None = None
    host_before: int | None = None
    devices: tuple[DeviceUsage, ...] = ()
    lost: str = ""

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at
