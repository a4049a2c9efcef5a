"""Try one model under one preset for real: build, load, three replies, close, and look at the memory each time.

What comes from an engine is measured there and then, never taken from the store. A model that runs on this machine
is tried in a process of its own, so that not even a crash ends the others. Example:

    *replies, cell = probe_one(ModelSpec(model="fake/a"), "balanced", 10, Settings.load())
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from bakeoff.app import wiring
from bakeoff.app.apart import Died, each_apart
from bakeoff.app.coverage_cell import Cell, Memory, Reply, settled
from bakeoff.app.fitting import host_memory
from bakeoff.app.held_memory import Held, begin_peak, held
from bakeoff.app.settings import Settings
from bakeoff.core.errors import BakeoffError
from bakeoff.core.protocols import Engine
from bakeoff.core.specs import ModelSpec
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines._release import give_back

PROMPTS = (
    "Name the capital of Portugal.",
    "What is 17 + 25? Answer with the number.",
    "Write one sentence about the sea.",
)
MAX_TOKENS = 32
SETTLE_SECONDS = 1.0  # that threads of a closed engine's library may take to end
ELSEWHERE = frozenset({"anthropic", "fake", "openai_compatible"})  # engines that load nothing into this process


def runs_apart(model: str) -> bool:
    """Whether a model is loaded on this machine, and so asked in a process of its own. Raises UnknownName."""
    return wiring.resolve_model(model).engine not in ELSEWHERE


def probed(
    model: ModelSpec, presets: Sequence[str], timeout: float, settings: Settings, had: Sequence[Reply] = ()
) -> Iterator[tuple[str, Reply | Cell]]:
    """For each preset its replies as they come and last its cell. `had`: replies to the first preset, kept."""
    left = list(presets)
    while left:
        if not runs_apart(model.model):
            preset = left.pop(0)
            yield from ((preset, told) for told in probe_one(model, preset, timeout, settings, had))
            had = ()
            continue
        broken = _refused(model, left[0], timeout, settings)
        if broken is not None:
            yield left.pop(0), broken
            continue
        for preset, told in _apart(model, tuple(left), timeout, settings):
            yield preset, told
            if isinstance(told, Cell):
                left.remove(preset)


def _apart(
    model: ModelSpec, presets: tuple[str, ...], timeout: float, settings: Settings
) -> Iterator[tuple[str, Reply | Cell]]:
    """The presets one after the other in one process, up to the one that ends it."""
    waiting, stage = list(presets), "load"
    for told in each_apart(_probe_all, (model, presets, timeout, settings)):
        if isinstance(told, Died):
            yield waiting[0], Cell(model.model, waiting[0], False, stage, told.said)
            return
        preset, found = told
        stage = "generate" if isinstance(found, Reply) else "load"
        if isinstance(found, Cell):
            waiting.remove(preset)
        yield preset, found


def _probe_all(
    model: ModelSpec, presets: Sequence[str], timeout: float, settings: Settings
) -> Iterator[tuple[str, Reply | Cell]]:
    for preset in presets:
        for told in probe_one(model, preset, timeout, settings):
            yield preset, told


def _refused(model: ModelSpec, preset: str, timeout: float, settings: Settings) -> Cell | None:
    """The cell of a model that cannot even be built, for which no process is needed."""
    try:
        wiring.build_engine(model, preset, timeout, settings)
    except Exception as error:  # whatever a third party's engine raises is this cell's failure alone
        return Cell(model.model, preset, False, "config", _told(error))
    return None


def probe_one(
    model: ModelSpec, preset: str, timeout: float, settings: Settings, had: Sequence[Reply] = ()
) -> Iterator[Reply | Cell]:
    """Each reply as it comes, and last the cell. `had`: the first replies, of a probe that was interrupted."""
    cell = Cell(model.model, preset, False, "load", "")
    began = time.perf_counter()
    try:
        engine = wiring.build_engine(model, preset, timeout, settings)
    except Exception as error:
        yield replace(cell, stage="config", said=_told(error))
        return
    local = engine.limits.in_process
    before = held() if local else None
    begin_peak()
    with asyncio.Runner() as runner:
        replies = [] if local else list(had)  # a model that is loaded anew gives its replies anew
        try:
            for prompt in PROMPTS[len(replies) :]:
                try:
                    reply = runner.run(_ask(engine, prompt, began if not replies else time.perf_counter()))
                except Exception as error:
                    cell = replace(cell, stage="generate" if replies else "load", said=_told(error))
                    break
                replies.append(reply)
                yield reply
            else:
                cell = _answered(cell, replies)
            most = held() if before is not None else None
        finally:
            cell = _closed(runner, engine, cell)
        if before is not None and most is not None:
            memory = _memory(before, most, held())
            if cell.ok and memory.given_back is False:
                memory = _once_more(runner, model, preset, timeout, settings, memory)
            cell = _with_memory(cell, memory)
    yield cell


async def _ask(engine: Engine, prompt: str, began: float) -> Reply:
    sampling = Sampling(temperature=0.0, max_tokens=MAX_TOKENS)
    reply = await engine.generate(Request((Message("user", prompt),), sampling))
    return Reply(time.perf_counter() - began, reply.first_token_s, reply.output_tokens)


def _answered(cell: Cell, replies: Sequence[Reply]) -> Cell:
    """The cell of one that gave every reply; the first counts for the loading and not for the speed."""
    counted = [reply.tokens for reply in replies[1:]]
    tokens = sum(n for n in counted if n is not None) if None not in counted else None
    taken = sum(reply.seconds for reply in replies[1:])
    speed = tokens / taken if tokens and taken else None
    told = [reply.first_token_s for reply in replies[1:] if reply.first_token_s is not None]
    first = f"first reply after {replies[0].seconds:.1f} s"
    return replace(
        cell,
        ok=True,
        stage="done",
        said=f"{first}, {speed:.0f} tokens/s" if speed is not None else f"{first}, tokens not reported",
        first_seconds=replies[0].seconds,
        tokens_per_second=speed,
        output_tokens=tokens,
        first_token_s=median(told) if told else None,
    )


def _closed(runner: asyncio.Runner, engine: Engine, cell: Cell) -> Cell:
    try:
        runner.run(engine.close())
    except Exception as error:
        return replace(cell, ok=False, stage="clean-up", said=_told(error))
    return cell


def _memory(before: Held, most: Held, after: Held) -> Memory:
    peak = most.device_peak or None
    return Memory(
        host_before=before.host,
        host_peak=most.host_peak or most.host,
        host_after=after.host,
        host_total=host_memory(),
        device_before=before.device if before.device is not None or after.device is None else 0,
        device_peak=peak if peak is not None else most.device_used,
        device_after=after.device,
        device_total=most.device_total,
    )


def _held_after(before: Held) -> Held:
    """What is held once an engine is closed; threads of its library may end a moment later."""
    until = time.monotonic() + SETTLE_SECONDS
    while True:
        now = held()
        if now.host is None or settled(before.host or 0, now.host) or time.monotonic() >= until:
            return now
        time.sleep(SETTLE_SECONDS / 10)
        give_back()


def _once_more(
    runner: asyncio.Runner, model: ModelSpec, preset: str, timeout: float, settings: Settings, first: Memory
) -> Memory:
    """Load again and let go: what stays now as well is no library, and was not given back."""
    before = held()
    engine = wiring.build_engine(model, preset, timeout, settings)
    try:
        runner.run(_ask(engine, PROMPTS[0], 0.0))
    except Exception:  # it answered a moment ago, and what it held then is in its way now
        return first
    finally:
        runner.run(engine.close())
    after = _held_after(before)
    return replace(
        first,
        host_before=before.host,
        host_after=after.host,
        device_before=before.device,
        device_after=after.device,
        loads=2,
    )


def _with_memory(cell: Cell, memory: Memory) -> Cell:
    told = memory.text()
    if cell.ok and memory.given_back is False:
        return replace(cell, ok=False, stage="clean-up", said=f"memory was not given back: {told}", memory=memory)
    return replace(cell, said=f"{cell.said}; {told}" if cell.ok and told else cell.said, memory=memory)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, BakeoffError) else f"{type(error).__name__}: {error}"
