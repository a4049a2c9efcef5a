"""The model catalogue and the presets: data in catalogue.toml, read once.

A price that is not published, or not known to us, is None: a state of its own, and not 0. Example:

    models()["smollm2-135m"].context_length     # 8192
    find("qwen2.5_8b")                          # ("qwen2.5-7b-instruct", Entry(…)): aliases, and - or _
    preset("llama_cpp", "performance")          # {"slots": 8, …}
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, get_args

from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.specs import PresetName

Setting = bool | int | float | str
CAPABILITIES = frozenset({"chat", "completion", "logprobs", "reasoning", "tools", "vision"})
_PRESETS: tuple[str, ...] = get_args(PresetName)


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. Sizes in billions of parameters, prices in US dollars per million tokens.

    `id` is what the engine is asked for, `args` are engine settings the model cannot be called
    without, `aliases` other names of the same model; dates are ISO. None: not published, or not established.
    """

    family: str
    engine: str
    id: str
    source: str
    licence: str
    size_b: float | None = None
    revision: str | None = None
    context_length: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    price_date: str | None = None
    price_source: str | None = None
    retires: str | None = None
    base_url: str | None = None
    api_key_env: str | None = None
    args: Mapping[str, Setting] = field(default_factory=dict, hash=False)
    capabilities: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


_TEXTS = frozenset(f.name for f in fields(Entry) if f.type in ("str", "str | None"))
_NUMBERS = frozenset({"size_b", "context_length", "input_price", "output_price"})


@cache
def models() -> dict[str, Entry]:
    """Every model by its catalogue name. Raises ConfigInvalid when the file is wrong."""
    return {name: entry(name, row) for name, row in _read()["models"].items()}


def find(name: str) -> tuple[str, Entry] | None:
    """A model by its name or an alias, `-` and `_` alike: its catalogue name and its row; None when there is none."""
    known = _index().get(_plain(name))
    return (known, models()[known]) if known is not None else None


def known_names() -> list[str]:
    """Every name that `find` knows, as it is written in the file: names first."""
    return [*models(), *(alias for entry in models().values() for alias in entry.aliases)]


@cache
def _index() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, row in models().items():
        for each in (name, *row.aliases):
            if found.setdefault(_plain(each), name) != name:
                raise _wrong(name, f"has the name '{each}' of '{found[_plain(each)]}'", "choose another")
    return found


def _plain(name: str) -> str:
    return name.replace("_", "-")


def preset(engine: str, name: str) -> Mapping[str, Setting]:
    """The settings of a preset for an engine; empty where it changes nothing. Raises UnknownName."""
    if name not in _PRESETS:
        raise UnknownName("preset", name, _PRESETS, see="bakeoff run --help")
    return MappingProxyType(_read()["presets"].get(engine, {}).get(name, {}))


def entry(name: str, row: Mapping[str, object]) -> Entry:
    """One row of the file as an Entry (pure). Raises ConfigInvalid for what it may not hold."""
    known = [f.name for f in fields(Entry)]
    for key, value in row.items():
        if key not in known:
            raise _wrong(name, f"has an unknown field '{key}'", f"known: {', '.join(known)}")
        if not _fits(key, value):
            raise _wrong(name, f"has {value!r:.60} in '{key}'", "see the comment at the top of the file")
    missing = [key for key in ("family", "engine", "id", "source", "licence") if key not in row]
    if missing:
        raise _wrong(name, f"lacks '{missing[0]}'", "add it")
    if ("input_price" in row) != ("output_price" in row) or ("input_price" in row) != ("price_source" in row):
        raise _wrong(name, "has half a price", "give both prices with their date and source, or none")
    given: dict[str, Any] = dict(row)
    given["capabilities"] = tuple(given.get("capabilities", ()))
    given["aliases"] = tuple(given.get("aliases", ()))
    return Entry(**given)


def _fits(key: str, value: object) -> bool:
    """Whether a value is one that the field may have."""
    if key in _TEXTS:
        return isinstance(value, str) and value != ""
    if key in _NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    if key == "args":
        return isinstance(value, Mapping) and all(isinstance(setting, Setting) for setting in value.values())
    if key == "aliases":
        return isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    return isinstance(value, list) and CAPABILITIES.issuperset(value)


def _wrong(name: str, what: str, hint: str) -> ConfigInvalid:
    return ConfigInvalid(f"catalogue entry '{name}' {what}", hint)


@cache
def _read() -> dict[str, Any]:
    text = files("bakeoff.engines").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
