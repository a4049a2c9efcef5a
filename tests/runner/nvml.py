"""A stand-in for the module pynvml of nvidia-ml-py 13: the same names, units and shapes, and GPUs that do as told.

Example: `FakeNvml([Card(power_mw=[300_000, 310_000])])`.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field


class NVMLError(Exception):
    def __init__(self, value: int) -> None:
        self.value = value

    def __str__(self) -> str:
        return {3: "Not Supported", 9: "Driver Not Loaded", 15: "GPU is lost"}.get(self.value, "Unknown Error")


class Memory(ctypes.Structure):  # c_nvmlMemory_t
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


class Utilisation(ctypes.Structure):  # c_nvmlUtilization_t
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


@dataclass
class Card:
    """One GPU: what it answers each time it is asked, the last answer for good; an int below 0 is an error code."""

    name: str = "NVIDIA H100 80GB HBM3"
    uuid: str = "GPU-8c0d"
    used: list[int] = field(default_factory=lambda: [1 << 30])
    busy: list[int] = field(default_factory=lambda: [50])
    power_mw: list[int] = field(default_factory=lambda: [300_000])
    energy_mj: list[int] = field(default_factory=lambda: [1_000_000])


def _next(answers: list[int]) -> int:
    found = answers.pop(0) if len(answers) > 1 else answers[0]
    if found < 0:
        raise NVMLError(-found)
    return found


class FakeNvml:
    """What devices.Gpus uses of pynvml."""

    NVMLError = NVMLError
    NVML_ERROR_UNINITIALIZED = 1
    NVML_ERROR_NOT_SUPPORTED = 3
    NVML_ERROR_GPU_IS_LOST = 15
    NVML_ERROR_RESET_REQUIRED = 16

    def __init__(self, cards: list[Card], driver: bool = True) -> None:
        self._cards = cards
        self._driver = driver
        self.open = 0

    def nvmlInit(self) -> None:
        if not self._driver:
            raise NVMLError(9)
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return len(self._cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self._cards[index]

    def nvmlDeviceGetName(self, handle: Card) -> str:
        return handle.name

    def nvmlDeviceGetUUID(self, handle: Card) -> str:
        return handle.uuid

    def nvmlDeviceGetMemoryInfo(self, handle: Card, version: int | None = None) -> Memory:
        used = _next(handle.used)
        return Memory(80 << 30, (80 << 30) - used, used)

    def nvmlDeviceGetUtilizationRates(self, handle: Card) -> Utilisation:
        return Utilisation(_next(handle.busy), 10)

    def nvmlDeviceGetPowerUsage(self, handle: Card) -> int:
        return _next(handle.power_mw)

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: Card) -> int:
        return _next(handle.energy_mj)
