"""The settings of engine 'transformers', checked, and what they come to on this machine.

torch is asked for devices only where it may have any: a build for the CPU alone is told by its
version, which costs nothing. Example:

    settings = checked(EngineConfig(name="org/model", args={"device": "cuda", "dtype": "bf16"}))
    used = resolved(settings, stored="bfloat16")     # Used(device="cuda:0", dtype="bf16", …)

Source of the rules on dtypes: https://docs.pytorch.org/docs/stable/amp.html.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import EngineConfig
from bakeoff.engines._device_preset import on_device
from bakeoff.engines._gpus import card_of
from bakeoff.engines.presets import Card, find_card

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}  # ours, and torch's
_ATTENTION = ("sdpa", "eager", "flash_attention_2")
_DEVICE = re.compile(r"auto|cpu|split|cuda(:\d{1,3})?")
_DEFAULTS: dict[str, bool | int | str] = {
    "device": "auto",
    "dtype": "auto",
    "batch": 8,
    "gather_ms": 5,
    "context": 0,
    "attention": "sdpa",
    "threads": 0,
    "revision": "",
    "dummy": False,
    "fallback": True,
    "quantization": "auto",
    "preset": "",
}
_QUANTIZATIONS = ("auto", "none", "int4", "int8", "fp8")


@dataclass(frozen=True, slots=True)
class TransformersSettings:
    """How a model is loaded and asked.

    `batch` sequences at most in one forward pass; `gather_ms` milliseconds are waited for them to
    come together; `context` tokens (0: what the model was made for); `threads` of the CPU (0: all cores
    but one). `device` "split" lays the weights over all GPUs, and over this machine's memory what is too much.
    `quantization` makes the weights smaller while they are loaded (auto: as the preset asks); `preset` is one of the
    devices' presets, for what `named` does not hold.
    """

    device: str
    dtype: str
    batch: int
    gather_ms: int
    context: int
    attention: str
    threads: int
    revision: str
    dummy: bool
    fallback: bool
    quantization: str = "none"
    preset: str = ""
    named: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Used:
    """Where a model runs and as what: `device` as torch names it, `gpu` as its driver does.

    `quantization`: bits that the weights are made into while they are loaded, "" where they stay as they are;
    `context`: the most tokens that a preset allows, 0 without one.
    """

    device: str
    dtype: str
    gpu: str = ""
    quantization: str = ""
    context: int = 0


def checked(config: EngineConfig) -> TransformersSettings:
    """The settings with their defaults. Raises ConfigInvalid."""
    values: dict[str, bool | int | float | str] = dict(_DEFAULTS)
    given = {**config.settings, **config.args}
    for name, value in given.items():
        if name not in _DEFAULTS:
            raise ConfigInvalid(f"engine 'transformers' has no setting '{name}'", _nearest(name))
        values[name] = value
    if not _DEVICE.fullmatch(str(values["device"])):
        raise _refused("device", values["device"], "write auto, cpu, cuda, cuda:1 or split")
    return TransformersSettings(
        device=str(values["device"]),
        dtype=_one_of(values, "dtype", ("auto", *DTYPES)),
        batch=_count(values, "batch", 1, 4096),
        gather_ms=_count(values, "gather_ms", 0, 10_000),
        context=_count(values, "context", 0, 1 << 24),
        attention=_one_of(values, "attention", _ATTENTION),
        threads=_count(values, "threads", 0, 1024) or cores(),
        revision=str(values["revision"] or config.revision),
        dummy=_switch(values, "dummy"),
        fallback=_switch(values, "fallback"),
        quantization=_one_of(values, "quantization", _QUANTIZATIONS),
        preset=str(values["preset"]),
        named=frozenset(given),
    )


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, _DEFAULTS, n=1, cutoff=0.5)
    known = f"known: {', '.join(_DEFAULTS)}"
    return f"did you mean '{near[0]}'? {known}" if near else known


def _refused(name: str, value: object, hint: str) -> ConfigInvalid:
    return ConfigInvalid(f"setting '{name}' cannot be {value!r}", hint)


def _one_of(values: Mapping[str, object], name: str, known: tuple[str, ...]) -> str:
    if values[name] not in known:
        raise _refused(name, values[name], f"known: {', '.join(known)}")
    return str(values[name])


def _count(values: Mapping[str, object], name: str, low: int, high: int) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _refused(name, value, f"give a whole number from {low} to {high}")
    return value


def _switch(values: Mapping[str, object], name: str) -> bool:
    value = values[name]
    if not isinstance(value, bool):
        raise _refused(name, value, "write true or false")
    return value


def cores() -> int:
    """All cores this process may use but one: threads wait for each other after every layer."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable - 1)


def resolved(settings: TransformersSettings, stored: str, config: Mapping[str, Any] | None = None) -> Used:
    """What device and dtype come to here; `stored` is the dtype of the weights, as torch names it.

    "auto" is the first GPU, else the CPU; and the weights' own dtype on a GPU, fp32 on a CPU. `config` is the
    model's config.json: weights that are quantised already are not quantised again.
    Raises ConfigInvalid for a device that is not there, or that cannot compute in the dtype.
    """
    used = _placed(settings, stored)
    wanted = "" if settings.quantization in ("auto", "none") else settings.quantization
    if settings.preset:
        asked = on_device(settings.preset, _card(used.device), config or {})
        if settings.quantization == "auto" and not settings.dummy:
            wanted = asked.weights
        if "context" not in settings.named:
            used = replace(used, context=asked.context)
    if wanted and settings.dummy:
        raise ConfigInvalid(
            f"random weights are not made '{wanted}'", "measure them in 16 bits, or name a folder that has weights"
        )
    if wanted and used.device == "cpu":
        raise ConfigInvalid(
            f"quantization '{wanted}' is for GPUs, and this model is to run on the CPU",
            "leave it out, or take dtype=bf16",
        )
    if wanted in ("int4", "int8") and importlib.util.find_spec("bitsandbytes") is None:
        raise ConfigInvalid(
            f"{wanted} weights need bitsandbytes, which is not installed",
            "run: pip install bitsandbytes, or keep the weights as they are: --model-args quantization=none",
        )
    return replace(used, quantization=wanted)


def _card(device: str) -> Card:
    """The device of the presets that this is."""
    if device == "cpu":
        return find_card("cpu")
    torch = importlib.import_module("torch")
    found = torch.cuda.get_device_properties(0 if device == "split" else int(device.partition(":")[2] or 0))
    return card_of(str(found.name), int(found.total_memory), float(f"{found.major}.{found.minor}"))


def _placed(settings: TransformersSettings, stored: str) -> Used:
    gpus = _gpus()
    device = settings.device
    if device == "auto":
        device = "cuda:0" if gpus else "cpu"
    if device == "cpu":
        if settings.dtype == "fp16":
            raise ConfigInvalid(
                "dtype 'fp16' is for GPUs, and this model is to run on the CPU",
                "take dtype=fp32, or bf16 for half the memory",
            )
        return Used("cpu", "fp32" if settings.dtype == "auto" else settings.dtype)
    number = int(device.partition(":")[2] or 0)
    if number >= len(gpus):
        seen = f"torch {importlib.metadata.version('torch')} sees {len(gpus) or 'no'} GPU{'s' if len(gpus) > 1 else ''}"
        raise ConfigInvalid(f"device '{settings.device}' is not there ({seen})", "take device=cpu, or leave it out")
    return Used(
        "split" if device == "split" else f"cuda:{number}", _gpu_dtype(settings.dtype, stored, number), gpus[number]
    )


def _gpu_dtype(wanted: str, stored: str, number: int) -> str:
    torch = importlib.import_module("torch")
    has_bf16 = torch.cuda.get_device_capability(number)[0] >= 8  # Ampere; older ones emulate it, slowly
    if wanted == "auto":
        own = next((ours for ours, theirs in DTYPES.items() if theirs == stored), "fp16")
        return "fp16" if own == "bf16" and not has_bf16 else own
    if wanted == "bf16" and not has_bf16:
        name = torch.cuda.get_device_name(number)
        raise ConfigInvalid(f"dtype 'bf16' is not for this GPU ({name} has none)", "take dtype=fp16, or leave it out")
    return wanted


def _gpus() -> list[str]:
    """The GPUs by name."""
    if importlib.metadata.version("torch").endswith("+cpu"):
        return []
    torch = importlib.import_module("torch")
    if not torch.cuda.is_available():
        return []
    return [str(torch.cuda.get_device_name(number)) for number in range(torch.cuda.device_count())]
