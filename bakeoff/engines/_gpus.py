"""The GPUs of this machine as their driver tells of them, without touching them.

Asking torch for a GPU's name takes hundreds of megabytes of it; asking the driver's management library (NVML)
takes nothing. Where that library is not installed, or finds no driver, there are no GPUs. Example:

    [gpu.name for gpu in gpus()]        # ["NVIDIA H100 80GB HBM3"]

Source: https://docs.nvidia.com/deploy/nvml-api/ (its Python names: the package nvidia-ml-py).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import Card, cards, find_card

_NEAR = 0.1  # part of its memory by which a card may differ from the one of the list


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU: `memory` in bytes, `capability` is NVIDIA's compute capability, `driver` its version."""

    name: str
    memory: int
    capability: float
    driver: str


@cache
def gpus() -> tuple[Gpu, ...]:
    """All GPUs, in the driver's order; none where there is no driver."""
    try:
        library: Any = importlib.import_module("pynvml")
        library.nvmlInit()
    except Exception:  # not installed, no driver, a driver that does not answer
        return ()
    try:
        driver = _text(library.nvmlSystemGetDriverVersion())
        return tuple(_gpu(library, number, driver) for number in range(library.nvmlDeviceGetCount()))
    finally:
        library.nvmlShutdown()


def _gpu(library: Any, number: int, driver: str) -> Gpu:
    handle = library.nvmlDeviceGetHandleByIndex(number)
    major, minor = library.nvmlDeviceGetCudaComputeCapability(handle)
    memory = int(library.nvmlDeviceGetMemoryInfo(handle).total)
    return Gpu(_text(library.nvmlDeviceGetName(handle)), memory, float(f"{major}.{minor}"), driver)


def _text(found: bytes | str) -> str:
    return found.decode() if isinstance(found, bytes) else found


def card_of(name: str, memory: int, capability: float, known: Callable[[], dict[str, Card]] = cards) -> Card:
    """The device of the presets that a GPU is, or is most like: one of its memory, else the next smaller (pure).

    Its own name, memory and capability are kept.
    """
    real = [card for card in known().values() if card.memory is not None and card.capability is not None]
    alike = sorted(real, key=lambda card: (abs((card.memory or 0) - memory), abs((card.capability or 0) - capability)))
    near = [card for card in alike if abs((card.memory or 0) - memory) <= _NEAR * memory]
    near.sort(key=lambda card: abs((card.capability or 0) - capability))
    smaller = [card for card in alike if (card.memory or 0) <= memory]
    like = (near or smaller or alike[-1:])[0]
    return Card(like.id, f"{name} {memory / GIB:.0f} GiB", memory, capability)


def card_here(cpu: bool) -> Card:
    """The device of the presets that a model here runs on."""
    found = gpus()
    return find_card("cpu") if cpu or not found else card_of(found[0].name, found[0].memory, found[0].capability)
