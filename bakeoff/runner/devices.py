"""What the GPUs of this machine say of themselves, through NVML (package nvidia-ml-py, extra `gpu`), imported late.

What a GPU does not tell is None and stays absent: a card without a power sensor has no power of 0 W. Example:

    gpus = Gpus.open()              # None: no package, no driver, no GPU
    gpus.read()[0].power_w
    gpus.close()

Source: https://docs.nvidia.com/deploy/nvml-api/ (bytes, per cent, milliwatts, millijoules).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one GPU. Bytes of all processes; `utilisation` from 0 to 1; joules since the driver was loaded."""

    index: int
    memory_used: int | None = None
    memory_total: int | None = None
    utilisation: float | None = None
    power_w: float | None = None
    energy_j: float | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU that may be read: its number for NVML, its name, its handle."""

    index: int
    name: str
    handle: Any


class GpuLost(Exception):
    """A GPU no longer answers; flow control of whoever reads, not an error of the run."""


class Gpus:
    """The GPUs that this process may use, open for reading."""

    def __init__(self, nvml: Any, found: Sequence[Gpu]) -> None:
        self._nvml = nvml
        self.found = tuple(found)

    @classmethod
    def open(cls, visible: str | None = None, nvml: Any = None) -> Gpus | None:
        """None without the package, the driver, or a GPU. `visible`: what CUDA_VISIBLE_DEVICES says, None: all."""
        nvml = nvml if nvml is not None else _library()
        if nvml is None:
            return None
        try:
            nvml.nvmlInit()
        except nvml.NVMLError:  # no driver here
            return None
        try:
            found = [gpu for gpu in _listed(nvml) if _seen(nvml, gpu, visible)]
        except nvml.NVMLError:
            found = []
        if not found:
            _shut(nvml)
            return None
        return cls(nvml, found)

    def read(self) -> list[Reading]:
        """One look at each. Raises GpuLost when one has fallen off its bus or the driver was reset."""
        return [self._reading(gpu) for gpu in self.found]

    def _reading(self, gpu: Gpu) -> Reading:
        nvml = self._nvml
        memory = self._told(nvml.nvmlDeviceGetMemoryInfo, gpu)
        busy = self._told(nvml.nvmlDeviceGetUtilizationRates, gpu)
        power = self._told(nvml.nvmlDeviceGetPowerUsage, gpu)
        energy = self._told(nvml.nvmlDeviceGetTotalEnergyConsumption, gpu)
        return Reading(
            index=gpu.index,
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            utilisation=None if busy is None else int(busy.gpu) / 100,
            power_w=None if power is None else int(power) / 1000,
            energy_j=None if energy is None else int(energy) / 1000,
        )

    def _told(self, ask: Callable[[Any], T], gpu: Gpu) -> T | None:
        """What a GPU answers; None for what it does not support or may not tell."""
        try:
            return ask(gpu.handle)
        except self._nvml.NVMLError as error:
            gone = (
                self._nvml.NVML_ERROR_GPU_IS_LOST,
                self._nvml.NVML_ERROR_RESET_REQUIRED,
                self._nvml.NVML_ERROR_UNINITIALIZED,
            )
            if error.value in gone:
                raise GpuLost(f"GPU {gpu.index} ({gpu.name}): {error}") from None
            return None

    def close(self) -> None:
        _shut(self._nvml)


def _library() -> Any:
    """The module pynvml of nvidia-ml-py; None where it is not installed."""
    return importlib.import_module("pynvml") if importlib.util.find_spec("pynvml") is not None else None


def _listed(nvml: Any) -> list[Gpu]:
    found = []
    for index in range(nvml.nvmlDeviceGetCount()):
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = nvml.nvmlDeviceGetName(handle)
        found.append(Gpu(index, name.decode() if isinstance(name, bytes) else str(name), handle))
    return found


def _seen(nvml: Any, gpu: Gpu, visible: str | None) -> bool:
    """Whether CUDA lets this process use a GPU: named by its number or by the beginning of its UUID."""
    if visible is None:
        return True
    names = [name.strip() for name in visible.split(",") if name.strip()]
    if str(gpu.index) in names:
        return True
    uuid = nvml.nvmlDeviceGetUUID(gpu.handle)
    uuid = uuid.decode() if isinstance(uuid, bytes) else str(uuid)
    return any(not name.isdecimal() and uuid.startswith(name) for name in names)


def _shut(nvml: Any) -> None:
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError:
        return  # it has shut down by itself: a driver that was unloaded
