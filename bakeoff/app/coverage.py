"""Every model under every preset, one verdict each: by arithmetic alone, or by a few real generations.

`validate` resolves a cell and counts its memory; nothing is loaded. `probe` builds the engine, generates three
times, and lets it go again (app/probing.py). A cell that fails, however it fails, never ends the others. Example:

    [cell.ok for cell in validate(DEFAULT_MODELS, PRESETS, Question(gpu="h100"))]      # 18 times True
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bakeoff.app import wiring
from bakeoff.app.coverage_cell import Cell
from bakeoff.app.fitting import Question, explain
from bakeoff.app.probing import probed
from bakeoff.app.settings import Settings
from bakeoff.core.errors import BakeoffError, ConfigInvalid
from bakeoff.core.specs import ModelSpec
from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import check_preset

DEFAULT_MODELS = ("qwen3_8b", "qwen3_14b", "qwen2.5_8b", "qwen2.5_14b", "qwen_8b", "qwen_14b")

NOT_COUNTED = "not counted"  # the stage of a model that has no memory on any device of yours


def check_names(models: Sequence[str], presets: Sequence[str]) -> tuple[str, ...]:
    """The presets as they are written. Raises UnknownName, ConfigInvalid: a name mistyped is no failed cell."""
    seen: dict[tuple[str, str], str] = {}
    for model in models:
        found = wiring.resolve_model(model)
        before = seen.setdefault((found.engine, found.id), model)
        if before != model:
            raise ConfigInvalid(f"models '{before}' and '{model}' are the same", "name it once")
    twice = next((model for model in models if models.count(model) > 1), None)
    if twice is not None:
        raise ConfigInvalid(f"model '{twice}' is named twice", "name it once")
    return tuple(dict.fromkeys(check_preset(preset) for preset in presets))


def validate(models: Sequence[str], presets: Sequence[str], question: Question) -> Iterator[Cell]:
    """A cell for each model × preset, by arithmetic: no GPU, no file, no network."""
    for model in models:
        for preset in presets:
            yield validated(model, preset, question)


def validated(model: str, preset: str, question: Question) -> Cell:
    """One cell by arithmetic. Where there is nothing to count its stage is NOT_COUNTED: neither passed nor failed."""
    resolved = wiring.resolve_model(model)
    if resolved.engine == "fake" or (resolved.entry is not None and resolved.entry.base_url is not None):
        return Cell(model, preset, True, NOT_COUNTED, "does not run on a device of yours: no memory to count")
    try:
        found = explain(model, replace(question, preset=preset))
    except BakeoffError as error:
        return Cell(model, preset, False, "config", str(error))
    part, budget = found.resolved.footprint, found.resolved.budget
    said = f"{part.total / GIB:.1f} of {budget.bytes / GIB:.1f} GiB"
    if found.resolved.fits:
        return Cell(model, preset, True, "done", said, found)
    tried = f"; try {found.remedies[0]}" if found.remedies else "; fits no device of the list"
    return Cell(model, preset, False, "fit", f"{said}{tried}", found)


def probe(models: Sequence[ModelSpec], presets: Sequence[str], timeout: float, settings: Settings) -> Iterator[Cell]:
    """A cell for each model × preset: build the engine, generate three times, let it go. One after the other."""
    for model in models:
        for _, told in probed(model, presets, timeout, settings):
            if isinstance(told, Cell):
                yield told
