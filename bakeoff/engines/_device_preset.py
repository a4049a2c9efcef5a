"""A preset of the devices (presets.toml) as settings of an engine that runs here.

What the arithmetic of `bakeoff models explain` counts with is what the engine is then given: tokens of a sequence,
sequences and tokens at once, types of weights and of the KV cache. Weights are made smaller while they are loaded
on GPUs only, and never where the model's files are quantised already. Example:

    given = on_device("memory_optimized", card_here(cpu=True), place)
    given.context, given.batch, given.weights        # 2048, 4, ""
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bakeoff.engines.presets import Card, wish

SMALL = ("int4", "int8", "fp8")


@dataclass(frozen=True, slots=True)
class DevicePreset:
    """What a preset asks of this device. `weights` and `kv`: "" leaves them in 16 bits or more."""

    context: int
    batch: int
    step_tokens: int
    weights: str
    kv: str


def on_device(preset: str, card: Card, config: Mapping[str, Any]) -> DevicePreset:
    """`config` is the model's config.json (pure). Raises UnknownName."""
    wanted = wish(preset, card)
    smaller = card.capability is not None and "quantization_config" not in config
    return DevicePreset(
        context=wanted.context,
        batch=wanted.sequences[1],
        step_tokens=wanted.step_tokens,
        weights=wanted.weights if smaller and wanted.weights in SMALL else "",
        kv=wanted.kv if card.capability is not None and wanted.kv in SMALL else "",
    )
