"""The model catalogue and the presets: data in catalogue.toml, read once.

A price that is not published, or not known to us, is None: a state of its own, and not 0. Example:

    models()["smollm2-135m"].context_length     # 8192
    preset("llama_cpp", "performance")          # {"slots": 8, …}
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files

from bakeoff.core.errors import ConfigInvalid

Setting = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Entry:
    """One model. Sizes in billions of parameters, prices in US dollars per million tokens."""

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
    base_url: str | None = None
    api_key_env: str | None = None
    capabilities: tuple[str, ...] = ()


@cache
def models() -> dict[str, Entry]:
    """Every model by its catalogue name. Raises ConfigInvalid when the file is wrong."""
    return {name: _entry(name, row) for name, row in _read()["models"].items()}


def preset(engine: str, name: str) -> Mapping[str, Setting]:
    """The settings of a preset for an engine; empty where a preset changes nothing."""
    found: Mapping[str, Setting] = _read()["presets"].get(engine, {}).get(name, {})
    return found


def _entry(name: str, row: Mapping[str, object]) -> Entry:
    known = {field.name for field in fields(Entry)}
    unknown = sorted(set(row) - known)
    if unknown:
        raise ConfigInvalid(f"catalogue entry '{name}' has an unknown field '{unknown[0]}'", f"known: {sorted(known)}")
    given = {**row, "capabilities": tuple(row.get("capabilities", ()))}  # type: ignore[arg-type]
    try:
        return Entry(**given)  # type: ignore[arg-type]
    except TypeError as error:
        raise ConfigInvalid(f"catalogue entry '{name}' is incomplete ({error})", "add the field") from None


@cache
def _read() -> dict[str, dict[str, dict[str, dict[str, Setting]]]]:
    text = files("bakeoff.engines").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
