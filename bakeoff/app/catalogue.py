"""What there is to choose from, as rows of plain values: for listings in CLI, API and docs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from bakeoff.benchmarks import BENCHMARKS, GROUPS
from bakeoff.core.registry import Registry
from bakeoff.core.types import Json
from bakeoff.engines import ENGINES
from bakeoff.engines.catalogue import Entry, models
from bakeoff.methods import METHODS
from bakeoff.scorers import SCORERS
from bakeoff.tools import TOOLS

REGISTRIES = {"benchmarks": BENCHMARKS, "methods": METHODS, "engines": ENGINES, "scorers": SCORERS, "tools": TOOLS}


def describe(family: str, kept: Sequence[str] = ()) -> list[dict[str, Json]]:
    """The rows of a family; each has `name` and `about`. `kept`: benchmarks that `bakeoff data add` keeps."""
    if family == "models":
        return [_model(name, entry) for name, entry in models().items()]
    own = [name for name in kept if family == "benchmarks"]
    rows = [{"name": name, **_about(REGISTRIES[family], name)} for name in REGISTRIES[family].names()]
    if family == "benchmarks":
        rows = [{**row, "groups": [name for name, members in GROUPS.items() if row["name"] in members]} for row in rows]
    return rows + [{"name": name, "about": "a benchmark of your own: bakeoff data summary " + name} for name in own]


def _about(registry: Registry, name: str) -> dict[str, Json]:
    """The first sentence of the module's docstring, where the module can be imported here."""
    target = registry.targets()[name]
    try:
        text = importlib.import_module(target.partition(":")[0]).__doc__ or ""
    except ImportError as error:
        return {"about": f"not importable here ({error})", "target": target}
    first = " ".join(text.strip().split("\n\n")[0].split())
    return {"about": first, "target": target}


def _model(name: str, entry: Entry) -> dict[str, Json]:
    size = f"{entry.size_b:g}B" if entry.size_b is not None else "size not published"
    priced = entry.input_price is not None and entry.output_price is not None
    price = f"${entry.input_price:g}/${entry.output_price:g} per M tokens" if priced else "price unknown"
    if entry.engine == "llama_cpp":
        price = "runs here"
    context = f"{entry.context_length:,} context" if entry.context_length else "context unknown"
    return {
        "name": name,
        "aliases": list(entry.aliases),
        "about": f"{entry.family} · {size} · {context} · {price} · {entry.engine}",
        "family": entry.family,
        "size_b": entry.size_b,
        "engine": entry.engine,
        "id": entry.id,
        "revision": entry.revision,
        "source": entry.source,
        "context_length": entry.context_length,
        "input_price": entry.input_price,
        "output_price": entry.output_price,
        "capabilities": list(entry.capabilities),
    }
