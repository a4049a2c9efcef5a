"""Optimisations by name: what each asks of an engine, as data in optimisations.toml.

A label is a name, a number where it takes one, and several joined by `+`. An engine has what the file says; what
it has not is refused in one line that names what it has. Example:

    had_by("llama_cpp")                              # {"sequential": …, "batched": …, "prefix_cache": …, …}
    asked("batched:8+prefix_cache", "llama_cpp")     # Asked(settings={"slots": 8, "prompt_cache": True, …}, …)

Sources: https://docs.vllm.ai/en/latest/features/automatic_prefix_caching.html,
https://docs.vllm.ai/en/latest/features/spec_decode.html and
https://github.com/ggml-org/llama.cpp/blob/master/docs/speculative.md.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from bakeoff.core.errors import ConfigInvalid, UnknownName

Setting = bool | int | float | str
PrefixCache = Literal["none", "slot", "shared"]
YARDSTICK = "sequential"
RESPONSE_CACHE = "response_cache"  # ours, so every engine has it


@dataclass(frozen=True, slots=True)
class Optimisation:
    """What one is called, what it does, when it helps; `number`: what the number of its label counts, if any."""

    name: str
    about: str
    when: str
    number: str = ""
    usual: int = 0
    least: int = 0
    most: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a label asks of an engine: its settings, the calls in flight (None: the engine's own), its cache."""

    label: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    calls: int | None = None
    prefix_cache: PrefixCache | None = None
    from_store: bool = False


@cache
def optimisations() -> dict[str, Optimisation]:
    """Every optimisation by its name."""
    return {name: Optimisation(name, **row) for name, row in _read()["optimisations"].items()}


def had_by(engine: str) -> dict[str, str]:
    """What an engine has, each with what to know of it; of an engine that the file does not name, what needs none."""
    rows = _read()["engines"].get(engine, {})
    found = {name: str(rows[name].get("note", "")) for name in optimisations() if name in rows}
    return {YARDSTICK: "", **found, RESPONSE_CACHE: ""}


def usual_for(engine: str) -> list[str]:
    """Labels worth measuring on an engine where the user names none."""
    found = []
    for name in had_by(engine):
        one = optimisations()[name]
        found += ["batched:4", "batched:16"] if name == "batched" else [f"{name}:{one.usual}" if one.number else name]
    return found


def asked(label: str, engine: str) -> Asked:
    """What a label asks of an engine. Raises UnknownName, ConfigInvalid."""
    parts = [_part(piece, label) for piece in label.split("+")]
    names = [name for name, _ in parts]
    _check_together(label, names)
    had = had_by(engine)
    for name in names:
        if name not in had:
            raise ConfigInvalid(f"engine '{engine}' has no optimisation '{name}'", f"it has: {', '.join(had)}")
    if names == [RESPONSE_CACHE]:
        return Asked(label, calls=1, from_store=True)
    rows = _read()["engines"].get(engine, {})
    settings: dict[str, Setting] = dict(rows.get("off", {}))
    calls: int | None = None if "batched" in names else 1
    cached: PrefixCache | None = None
    for name, number in parts:
        row = rows.get(name, {})
        settings |= {key: _filled(value, number) for key, value in row.get("settings", {}).items()}
        if name == "batched" and "calls" in row:
            calls = number if row["calls"] == "N" else int(row["calls"])
        cached = row.get("prefix_cache", cached)
    return Asked(label, settings, calls, cached)


def _filled(value: Setting, number: int) -> Setting:
    """A setting of the file with the label's number in it."""
    if value == "N":
        return number
    return value.replace("$N", str(number)) if isinstance(value, str) else value


def canonical(label: str) -> str:
    """The one way to write a label: the number told, the parts in the order of the file. Raises what `asked` raises."""
    parts = dict(_part(piece, label) for piece in label.split("+"))
    _check_together(label, [_part(piece, label)[0] for piece in label.split("+")])
    told = [f"{name}:{parts[name]}" if one.number else name for name, one in optimisations().items() if name in parts]
    return "+".join(told)


def _part(piece: str, label: str) -> tuple[str, int]:
    """A name and its number, 0 where it takes none."""
    name, colon, told = piece.strip().replace("-", "_").partition(":")
    one = optimisations().get(name)
    if one is None:
        raise UnknownName("optimisation", name, list(optimisations()), see="bakeoff optimize --list")
    if not one.number:
        if colon:
            raise ConfigInvalid(f"optimisation '{name}' takes no number (got '{label}')", f"write '{name}'")
        return name, 0
    if not colon:
        return name, one.usual
    if not told.isdecimal() or not one.least <= int(told) <= one.most:
        raise ConfigInvalid(
            f"'{told}' in '{label}' is no number of {one.number}",
            f"give a whole number from {one.least} to {one.most}, like {name}:{one.usual}",
        )
    return name, int(told)


def _check_together(label: str, names: Sequence[str]) -> None:
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise ConfigInvalid(
            f"'{label}' names '{twice}' twice", f"name it once, or two labels: {label.replace('+', ',')}"
        )
    for name in (YARDSTICK, RESPONSE_CACHE):
        if name in names and len(names) > 1:
            raise ConfigInvalid(f"'{name}' stands alone (got '{label}')", f"leave '{name}' out of it")


@cache
def _read() -> dict[str, Any]:
    text = files("bakeoff.engines").joinpath("optimisations.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
