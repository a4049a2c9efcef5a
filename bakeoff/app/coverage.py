"""Every model under every preset, one verdict each: by arithmetic alone, or by a few real generations.

`validate` resolves a cell and counts its memory; nothing is loaded. `probe` builds the engine, generates three
times, and lets it go again: what comes from an engine is measured there and then, never taken from the store.
A cell that fails, however it fails, never ends the others. Example:

    [cell.ok for cell in validate(DEFAULT_MODELS, PRESETS, Question(gpu="h100"))]      # 18 times True
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bakeoff.app import wiring
from bakeoff.app.fitting import Explanation, Question, explain
from bakeoff.app.settings import Settings
from bakeoff.core.errors import BakeoffError, ConfigInvalid
from bakeoff.core.protocols import Engine
from bakeoff.core.specs import ModelSpec
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import check_preset

DEFAULT_MODELS = ("qwen3_8b", "qwen3_14b", "qwen2.5_8b", "qwen2.5_14b", "qwen_8b", "qwen_14b")
PROMPTS = (
    "Name the capital of Portugal.",
    "What is 17 + 25? Answer with the number.",
    "Write one sentence about the sea.",
)
MAX_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Cell:
    """One model under one preset. `stage` is how far it came: config, fit, load, generate, clean-up, done.

    `found` is set where memory was counted. Of a probe: `first_seconds` from building the engine to the first
    reply, loading and all; `tokens_per_second` of output over the other replies. None: not known.
    """

    model: str
    preset: str
    ok: bool
    stage: str
    said: str
    found: Explanation | None = None
    first_seconds: float | None = None
    tokens_per_second: float | None = None
    output_tokens: int | None = None

    @property
    def size_b(self) -> float | None:
        """Billions of parameters, as the catalogue has them."""
        entry = wiring.resolve_model(self.model).entry
        return entry.size_b if entry is not None else None


def check_names(models: Sequence[str], presets: Sequence[str]) -> tuple[str, ...]:
    """The presets as they are written. Raises UnknownName, ConfigInvalid: a name mistyped is no failed cell."""
    for model in models:
        wiring.resolve_model(model)
    twice = next((model for model in models if models.count(model) > 1), None)
    if twice is not None:
        raise ConfigInvalid(f"model '{twice}' is named twice", "name it once")
    return tuple(dict.fromkeys(check_preset(preset) for preset in presets))


def validate(models: Sequence[str], presets: Sequence[str], question: Question) -> Iterator[Cell]:
    """A cell for each model × preset, by arithmetic: no GPU, no file, no network."""
    for model in models:
        for preset in presets:
            yield _validated(model, preset, question)


def _validated(model: str, preset: str, question: Question) -> Cell:
    resolved = wiring.resolve_model(model)
    if resolved.engine == "fake" or (resolved.entry is not None and resolved.entry.base_url is not None):
        return Cell(model, preset, True, "done", "does not run on a device of yours: no memory to count")
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


def probe(
    models: Sequence[str], presets: Sequence[str], base_url: str | None, timeout: float, settings: Settings
) -> Iterator[Cell]:
    """A cell for each model × preset: build the engine, generate three times, let it go. One after the other."""
    for model in models:
        for preset in presets:
            yield _probed(model, preset, base_url, timeout, settings)


def _probed(model: str, preset: str, base_url: str | None, timeout: float, settings: Settings) -> Cell:
    began = time.perf_counter()
    try:
        takes = "openai_compatible" if base_url is not None else None
        given = base_url if wiring.resolve_model(model).engine == takes else None
        engine = wiring.build_engine(ModelSpec(model=model, base_url=given), preset, timeout, settings)
    except Exception as error:  # whatever a third party's engine raises is this cell's failure alone
        return Cell(model, preset, False, "config", _told(error))
    return asyncio.run(_generate(engine, Cell(model, preset, False, "load", ""), began))


async def _generate(engine: Engine, cell: Cell, began: float) -> Cell:
    """The replies of a cell, and the engine closed however that ends."""
    try:
        cell = await _answered(engine, cell, began)
    finally:
        try:
            await engine.close()
        except Exception as error:
            cell = replace(cell, ok=False, stage="clean-up", said=_told(error))
    return cell


async def _answered(engine: Engine, cell: Cell, began: float) -> Cell:
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS)
    replies: list[Completion] = []
    seconds: list[float] = []
    for prompt in PROMPTS:
        asked = began if not replies else time.perf_counter()
        try:
            replies.append(await engine.generate(Request((Message("user", prompt),), sampling)))
        except Exception as error:
            return replace(cell, stage="generate" if replies else "load", said=_told(error))
        seconds.append(time.perf_counter() - asked)
    counted = [reply.output_tokens for reply in replies[1:]]
    tokens = sum(n for n in counted if n is not None) if None not in counted else None
    speed = tokens / sum(seconds[1:]) if tokens else None
    first = f"first reply after {seconds[0]:.1f} s"
    said = f"{first}, {speed:.0f} tokens/s" if speed is not None else f"{first}, tokens not reported"
    return replace(
        cell,
        ok=True,
        stage="done",
        said=said,
        first_seconds=seconds[0],
        tokens_per_second=speed,
        output_tokens=tokens,
    )


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, BakeoffError) else f"{type(error).__name__}: {error}"
