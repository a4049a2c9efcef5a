"""Does a model fit a device under a preset, and if not, what would: behind `bakeoff models explain` and `coverage`.

    found = explain("qwen3_14b", Question(preset="performance", gpu="h100"))
    found.resolved.fits, found.resolved.most        # True, 56
    found.remedies                                  # () where it fits, else ("--context 1024", "--dtype int4", …)

The arithmetic is engines/memory.py, the presets engines/presets.py; here they meet the catalogue and, for the
CPU, the memory of this machine.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from bakeoff.app.wiring import resolve_model
from bakeoff.core.errors import ConfigInvalid
from bakeoff.engines.architecture import Architecture, architectures
from bakeoff.engines.catalogue import Entry, models
from bakeoff.engines.memory import BITS, GIB, Budget, Dtype, context_that_fits, footprint
from bakeoff.engines.presets import (
    DTYPES,
    Asked,
    Card,
    Resolved,
    cards,
    check_preset,
    find_card,
    resolve,
)

SHARE = 0.8
MOST_GIB = 1e6
_CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a preset on a device, `memory_gib` in place of the device's, `share` (0 to 1) of it to fill."""

    preset: str = "balanced"
    gpu: str = "h100"
    asked: Asked = field(default_factory=Asked)
    share: float = SHARE
    memory_gib: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: the model by its catalogue name, its shape, the device, the load with its bytes.

    `remedies` are flags of which each alone makes it fit; `notes` what else is worth knowing.
    """

    name: str
    entry: Entry
    shape: Architecture
    preset: str
    card: Card
    resolved: Resolved
    remedies: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """One line: what fits, or what would."""
        found = self.resolved
        if found.fits:
            return f"fits: up to {count(found.most, 'sequence')} of {found.load.context:,} tokens at once"
        needs = f"{found.footprint.total / GIB:.1f} GiB of {found.budget.bytes / GIB:.1f} GiB"
        would = f"would fit: {', '.join(self.remedies)}" if self.remedies else "no device of the list holds it"
        asked = f"{count(found.load.sequences, 'sequence')} of {found.load.context:,} tokens"
        return f"does not fit: needs {needs} for {asked}; {would}"


def explain(model: str, question: Question) -> Explanation:
    """Raises UnknownName, and ConfigInvalid for what has no shape and for numbers out of range."""
    name, entry, shape = known_shape(model)
    card = find_card(question.gpu)
    preset = check_preset(question.preset)
    budget = budget_of(card, question)
    found = resolve(shape, preset, card, budget, question.asked)
    remedies = () if found.fits else tuple(_remedies(shape, preset, card, found, question))
    return Explanation(name, entry, shape, preset, card, found, remedies, tuple(_notes(entry, card, found)))


def known_shape(model: str) -> tuple[str, Entry, Architecture]:
    """A model's catalogue name, row and shape. Raises UnknownName, ConfigInvalid."""
    found = resolve_model(model)
    wanted = found.entry or next((entry for entry in models().values() if entry.id == found.id), None)
    name = next((name for name, entry in models().items() if entry is wanted), model)
    if wanted is not None and name in architectures():
        return name, wanted, architectures()[name]
    if wanted is not None and wanted.base_url is not None:
        raise ConfigInvalid(
            f"model '{model}' runs at its vendor, and its shape is not published",
            "name one that you can run yourself: 'bakeoff models list'",
        )
    raise ConfigInvalid(f"the shape of model '{model}' is unknown", "name one of the catalogue: 'bakeoff models list'")


def count(number: int, noun: str) -> str:
    """`1 sequence`, `2 sequences`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def budget_of(card: Card, question: Question) -> Budget:
    """The bytes of the device and the share of them to fill. Raises ConfigInvalid."""
    share, given = question.share, question.memory_gib
    if not 0 < share <= 1:  # NaN, too
        raise ConfigInvalid(f"--memory-share {share:g} is out of range", "give a number above 0 and up to 1, like 0.8")
    if given is not None and not (math.isfinite(given) and 0 < given <= MOST_GIB):
        raise ConfigInvalid(f"--memory {given:g} is out of range", "give the GiB of the device, like 24")
    memory = int(given * GIB) if given is not None else card.memory
    return Budget(memory if memory is not None else host_memory(), share)


def host_memory() -> int:
    """Bytes of memory that this process may use: the machine's, or the control group's where that is less."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        limit = _CGROUP.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(limit)) if limit.isdecimal() else machine


def _remedies(shape: Architecture, preset: str, card: Card, found: Resolved, question: Question) -> Iterator[str]:
    """Flags of which each alone makes it fit: nearest to what was asked first."""
    context = context_that_fits(shape, found.load, found.budget.bytes)
    if context:
        yield f"--context {context}"
    if found.most:
        yield f"--concurrency {found.most}"
    smaller = next(_smaller(shape, card, found), None)
    if smaller is not None:
        yield f"--dtype {smaller}"
    if question.memory_gib is None:
        larger = next(_larger(shape, preset, card, found, question), None)
        if larger is not None:
            yield f"--gpu {larger.id}"


def _smaller(shape: Architecture, card: Card, found: Resolved) -> Iterator[Dtype]:
    """Smaller types of weights under which the same load fits, the widest first."""
    for dtype in DTYPES:
        if BITS[dtype] < BITS[found.load.weights] and card.computes(dtype):
            compute = found.load.compute if BITS[dtype] < 16 else dtype
            load = replace(found.load, weights=dtype, compute=compute)
            if footprint(shape, load).total <= found.budget.bytes:
                yield dtype


def _larger(shape: Architecture, preset: str, card: Card, found: Resolved, question: Question) -> Iterator[Card]:
    """GPUs with more memory on which the question is answered with yes, the smallest first."""
    others = [other for other in cards().values() if other.memory is not None and other.id != card.id]
    for other in sorted(others, key=lambda one: one.memory or 0):
        if (other.memory or 0) <= found.budget.memory:
            continue
        if question.asked.dtype is not None and not other.computes(question.asked.dtype):
            continue
        budget = Budget(other.memory or 0, question.share)
        if resolve(shape, preset, other, budget, question.asked).fits:
            yield other


def _notes(entry: Entry, card: Card, found: Resolved) -> Iterator[str]:
    if found.clipped:
        yield f"the preset's context is longer than the {found.load.context:,} tokens that the model was made for"
    if BITS[found.load.weights] < 16:
        yield f"{found.load.weights} weights are not the published ones: compare the answers before you trust them"
    if card.capability is not None and not card.flash_attention:
        yield "no flash attention 2 on this GPU: an engine needs another kernel that keeps attention in tiles"
    if entry.engine == "llama_cpp":
        yield "counted are the published weights; the engine llama_cpp runs its own quantised file"
