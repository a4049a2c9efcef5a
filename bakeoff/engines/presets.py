"""What a preset asks of a device: data in presets.toml, laid over each other by pure functions.

A preset is one row for every device, and an overlay where a device needs another one. Example:

    card = find_card("h100")
    wish("performance", card)                                       # Wish(weights="bf16", context=4096, …)
    resolve(architectures()["qwen3-14b"], "performance", card, Budget(card.memory, 0.8))

`resolve` takes as many sequences as fit between the least and the most that the preset asks for. What a user
names in `Asked` wins over the preset, and is not bent to fit.

Sources of the numbers: presets.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, get_args

from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.specs import PresetName
from bakeoff.engines.architecture import Architecture
from bakeoff.engines.memory import Budget, Dtype, Footprint, Load, footprint, sequences_that_fit

PRESETS: tuple[str, ...] = get_args(PresetName)
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
MIB = 1 << 20
LARGEST = 1 << 31  # tokens, sequences: what is above was not meant
_NEEDS = {"bf16": 8.0, "fp8": 8.9}  # compute capability


@dataclass(frozen=True, slots=True)
class Card:
    """A device. `memory` in bytes as the driver reports it; None: that of the machine. `capability`: NVIDIA's
    compute capability; None: no GPU."""

    id: str
    name: str
    memory: int | None
    capability: float | None
    aliases: tuple[str, ...] = ()

    @property
    def native(self) -> Dtype:
        """The 16 bits it computes with."""
        return "bf16" if self.computes("bf16") else "fp16"

    @property
    def flash_attention(self) -> bool:
        """Whether flash attention 2 runs on it (compute capability 8.0)."""
        return self.capability is not None and self.capability >= 8.0

    def computes(self, dtype: str) -> bool:
        if self.capability is None:
            return dtype != "fp8"
        return self.capability >= _NEEDS.get(dtype, 0)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a preset asks of a device: types, tokens of a sequence, least and most sequences, tokens of a step."""

    weights: Dtype
    kv: Dtype
    context: int
    sequences: tuple[int, int]
    step_tokens: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asks for in place of the preset's; None: the preset's."""

    context: int | None = None
    concurrency: int | None = None
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A preset on a device for a model: the load, its bytes, and the most sequences of that context that fit.

    `least`: sequences below which the preset is not met. `clipped`: the preset's context was above the model's.
    """

    load: Load
    footprint: Footprint
    budget: Budget
    most: int
    least: int
    clipped: bool

    @property
    def fits(self) -> bool:
        return self.footprint.total <= self.budget.bytes


@cache
def cards() -> dict[str, Card]:
    """Every device by its id, largest memory first, the CPU last."""
    return {
        name: Card(
            name,
            row["name"],
            row["memory_mib"] * MIB if "memory_mib" in row else None,
            row.get("capability"),
            tuple(row.get("aliases", ())),
        )
        for name, row in _read()["cards"].items()
    }


def find_card(name: str) -> Card:
    """A device by its id or an alias; case, `-` and `_` make no difference. Raises UnknownName."""
    wanted = _plain(name)
    for card in cards().values():
        if wanted in map(_plain, (card.id, *card.aliases)):
            return card
    raise _unknown("GPU", name, cards())


def check_preset(name: str) -> str:
    """The preset's name as it is written; `-` and `_` make no difference. Raises UnknownName."""
    written = name.replace("-", "_")
    if written not in PRESETS:
        raise _unknown("preset", name, PRESETS)
    return written


def about(preset: str) -> str:
    """What a preset is for. Raises UnknownName."""
    return str(_read()["presets"][check_preset(preset)]["about"])


def wish(preset: str, card: Card) -> Wish:
    """What a preset asks of a device, its overlay laid over it. Raises UnknownName, ConfigInvalid."""
    name = check_preset(preset)
    row = {**_read()["presets"][name], **_read()["overlays"].get(card.id, {}).get(name, {})}
    return wish_of(f"{name} on {card.id}", row, card)


def wish_of(where: str, row: Mapping[str, object], card: Card) -> Wish:
    """One row of the file as a Wish (pure). Raises ConfigInvalid for what it may not hold."""
    given: dict[str, Any] = {key: value for key, value in row.items() if key != "about"}
    known = {f.name for f in fields(Wish)}
    if set(given) != known:
        odd = sorted(set(given) ^ known)[0]
        raise ConfigInvalid(f"preset '{where}' has an unknown field or lacks one: '{odd}'", "correct presets.toml")
    for key in ("weights", "kv"):
        given[key] = card.native if given[key] == "native" else given[key]
        check_dtype(given[key], card)
    least, most = given["sequences"]
    if not 1 <= least <= most or given["context"] < 1 or given["step_tokens"] < 1:
        raise ConfigInvalid(f"preset '{where}' asks for less than nothing", "correct presets.toml")
    return Wish(**{**given, "sequences": (least, most)})


def check_dtype(dtype: str, card: Card) -> Dtype:
    """The type, where the device computes with it; case makes no difference. Raises UnknownName, ConfigInvalid."""
    dtype = dtype.lower()
    if dtype not in DTYPES:
        raise _unknown("dtype", dtype, DTYPES)
    if not card.computes(dtype):
        has = f"compute capability {card.capability:.1f}" if card.capability is not None else "no GPU"
        able = ", ".join(name for name in DTYPES if card.computes(name))
        raise ConfigInvalid(
            f"{card.name} does not compute in '{dtype}' ({has}, and {dtype} needs {_NEEDS[dtype]:.1f})",
            f"use one of {able}",
        )
    return next(name for name in DTYPES if name == dtype)


def resolve(shape: Architecture, preset: str, card: Card, budget: Budget, asked: Asked = Asked()) -> Resolved:
    """A preset on a device for a shape. Where not even the least fits, the load is the least, and `fits` is false.

    Raises UnknownName, ConfigInvalid.
    """
    check_asked(asked, shape)
    wanted = wish(preset, card)
    weights = check_dtype(asked.dtype, card) if asked.dtype is not None else wanted.weights
    compute: Dtype = weights if weights in ("fp32", "bf16", "fp16") else card.native
    kv: Dtype = wanted.kv if wanted.kv == "fp8" else compute
    context = asked.context or min(wanted.context, shape.positions)
    least, at_most = (asked.concurrency,) * 2 if asked.concurrency else wanted.sequences
    load = Load(weights, kv, compute, context, least, wanted.step_tokens)
    most = sequences_that_fit(shape, load, budget.bytes)
    load = replace(load, sequences=max(least, min(at_most, most)))
    clipped = asked.context is None and wanted.context > shape.positions
    return Resolved(load, footprint(shape, load), budget, most, least, clipped)


def check_asked(asked: Asked, shape: Architecture) -> None:
    """Raises ConfigInvalid for numbers that no engine could take."""
    for flag, value in (("--context", asked.context), ("--concurrency", asked.concurrency)):
        if value is not None and not 1 <= value <= LARGEST:
            raise ConfigInvalid(f"{flag} {value} is out of range", f"give a whole number from 1 to {LARGEST:,}")
    if asked.context is not None and asked.context > shape.positions:
        raise ConfigInvalid(
            f"--context {asked.context} is more than the {shape.positions:,} positions that the model has",
            f"give at most {shape.positions}",
        )


def _unknown(kind: str, name: str, known: Iterable[str]) -> UnknownName:
    """The nearest of them and all of them: they are few, and no command lists them."""
    names = list(known)
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    error = UnknownName(kind, name, names)
    asked = f"did you mean '{near[0]}'? It" if near else "it"
    error.hint = f"{asked} has to be one of {', '.join(names)}"
    return error


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


@cache
def _read() -> dict[str, Any]:
    text = files("bakeoff.engines").joinpath("presets.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
