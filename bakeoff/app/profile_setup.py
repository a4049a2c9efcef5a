"""What a profile needs, from what the user asked: engines, bounds, meters, and what it would cost. No call yet.

Example:

    ready = set_up(Wanted(model="smollm2-135m", batches=(1, 2, 4)), [of_length(128, 32)], Settings.load())
    ready.cost                      # US dollars at most; None: unknown
    asyncio.run(ready.profiler(told).run(ready.workloads))
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bakeoff.app import wiring
from bakeoff.app.fitting import MOST_GIB, host_memory, known_shape
from bakeoff.app.profiling import Ask, Profiler, planned_calls
from bakeoff.app.settings import Settings, visible_gpus
from bakeoff.app.workloads import Workload
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import Engine
from bakeoff.core.specs import parse_spec
from bakeoff.core.types import ModelIdentity
from bakeoff.engines.architecture import Architecture
from bakeoff.engines.folder_shape import shape_of
from bakeoff.engines.memory import BITS, GIB, Dtype, Load, footprint
from bakeoff.engines.presets import check_preset
from bakeoff.reports.performance_profile import Point
from bakeoff.runner.devices import Gpus
from bakeoff.runner.metering import Meter, runs_here

BATCH_SETTING = {"fake": "slots", "llama_cpp": "slots", "transformers": "batch", "vllm": "batch"}
DUMMIES = ("transformers", "vllm")
COUNTED = ("transformers", "vllm")  # engines that hold the published weights, which the shapes describe
READ_EVERY_S = 0.1
STEP_TOKENS = 2048

Setting = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user asks for."""

    model: str
    preset: str = "balanced"
    base_url: str | None = None
    api_key_env: str | None = None
    api: str = "chat"
    stream: bool = True
    args: Mapping[str, Setting] = field(default_factory=dict)
    batches: Sequence[int] = (1, 2, 4, 8)
    repeats: int = 3
    rounds: int = 1
    find_most: bool = False
    most: int = 1024
    share: float = 0.8
    memory_gib: float | None = None
    dummy: bool = False
    timeout: float = 300.0


@dataclass(frozen=True, slots=True)
class Ready:
    """A profile that can begin: what it asks, and what that may cost at most (None: no price is known)."""

    ask: Ask
    workloads: Sequence[Workload]
    calls: int
    prompt_tokens: int
    output_tokens: int
    cost: float | None
    local: bool
    profiler: Callable[[Callable[[str, Point], None]], Profiler]
    identity: str
    close: Callable[[], None]


def set_up(wanted: Wanted, workloads: Sequence[Workload], settings: Settings) -> Ready:
    """Check everything that can be checked before a call. Raises UsageError, MissingExtra, DataMissing."""
    _check(wanted)
    name = wiring.resolve_model(wanted.model).engine
    if wanted.dummy and name not in DUMMIES:
        raise ConfigInvalid(
            f"engine '{name}' has no random weights", f"engines that have: {', '.join(DUMMIES)} (transformers/FOLDER)"
        )
    setting = BATCH_SETTING.get(name)
    first = _build(wanted, settings, None)
    own = first.limits.in_process and setting is not None and setting not in wanted.args
    _check_context(first, workloads)
    gpus = Gpus.open(visible_gpus()) if runs_here(first) else None
    read = first.limits.in_process and name != "fake"  # whose device is none
    memory_of = "" if not read else "device" if gpus is not None and _on_gpu(first) else "host"
    ask = Ask(
        wanted.model,
        wanted.preset,
        tuple(sorted(set(wanted.batches))),
        wanted.repeats,
        wanted.rounds,
        own,
        wanted.find_most,
        wanted.most,
        _bound(wanted, memory_of, gpus),
        memory_of,
        wanted.dummy,
        notes=_notes(first, workloads, memory_of),
    )
    calls, prompt, output = planned_calls(ask, workloads)
    price = first.limits.price
    counts = _counter(wanted, name)

    def made(told: Callable[[str, Point], None]) -> Profiler:
        return Profiler(
            ask,
            lambda batch: _build(wanted, settings, (setting, batch) if own and setting is not None else None),
            lambda: Meter(memory_of == "host", gpus, READ_EVERY_S),
            counts,
            told,
        )

    return Ready(
        ask,
        workloads,
        calls,
        prompt,
        output,
        None if price is None else price.cost(prompt, output),
        runs_here(first),
        made,
        _named(first.identity),
        (lambda: None) if gpus is None else gpus.close,
    )


def _check(wanted: Wanted) -> None:
    numbers = (
        ("--repeats", wanted.repeats, 1, 1000),
        ("--rounds", wanted.rounds, 1, 10_000),
        ("--max-batch", wanted.most, 1, 4096),
        *(("--batches", batch, 1, 4096) for batch in wanted.batches),
    )
    for option, value, low, high in numbers:
        if not low <= value <= high:
            raise ConfigInvalid(f"{option} {value} is out of range", f"give whole numbers from {low} to {high:,}")
    if not wanted.batches:
        raise ConfigInvalid("--batches names none", "write them like --batches 1,2,4,8")
    if not 0 < wanted.share <= 1:
        raise ConfigInvalid(f"--memory-share {wanted.share:g} is out of range", "give a number above 0 and up to 1")
    given = wanted.memory_gib
    if given is not None and not (math.isfinite(given) and 0 < given <= MOST_GIB):
        raise ConfigInvalid(f"--memory {given:g} is out of range", "give the GiB of the device, like 24")


def _build(wanted: Wanted, settings: Settings, batch: tuple[str, int] | None) -> Engine:
    args = dict(wanted.args)
    if wanted.dummy:
        args["dummy"] = True
    if batch is not None:
        args[batch[0]] = batch[1]
    in_process = wiring.resolve_model(wanted.model).engine in BATCH_SETTING
    fields = {
        "model": wanted.model,
        "base_url": wanted.base_url,
        "api_key_env": wanted.api_key_env,
        "api": wanted.api,
        "args": args,
        "stream": wanted.stream and not in_process,  # an endpoint tells when the first token comes only if it streams
    }
    spec = parse_spec({"models": [fields], "benchmarks": ["question_answering"]})  # a mistake is told as in a spec
    return wiring.build_engine(spec.models[0], check_preset(wanted.preset), wanted.timeout, settings)


def _named(identity: ModelIdentity) -> str:
    """What was measured, in one line: `transformers/qwen3-8b@4f1e… {"device":"cuda:0","dtype":"bf16",…}`."""
    revision = f"@{identity.revision}" if identity.revision else ""
    endpoint = f" at {identity.endpoint}" if identity.endpoint else ""
    return f"{identity.engine}/{identity.name}{revision}{endpoint} {identity.settings}".strip()


def _check_context(engine: Engine, workloads: Sequence[Workload]) -> None:
    holds = engine.limits.context_length
    for one in workloads:
        if holds is not None and one.prompt_tokens + one.output_tokens > holds:
            raise ConfigInvalid(
                f"{one.name} are more than the {holds:,} that '{engine.identity.name}' holds",
                "ask for less with --prompt-tokens or --output-tokens",
            )


def _on_gpu(engine: Engine) -> bool:
    """Whether an engine's identity says that it computes on a GPU; one that says nothing may."""
    return '"device":"cpu"' not in engine.identity.settings.replace(" ", "")


def _bound(wanted: Wanted, memory_of: str, gpus: Gpus | None) -> int | None:
    """Bytes that may be filled; None where memory is not read."""
    if not memory_of:
        return None
    if wanted.memory_gib is not None:
        return int(wanted.memory_gib * GIB * wanted.share)
    if memory_of == "host" or gpus is None:
        return int(host_memory() * wanted.share)
    totals = [reading.memory_total for reading in gpus.read() if reading.memory_total is not None]
    return int(sum(totals) * wanted.share) if totals else None


def _notes(engine: Engine, workloads: Sequence[Workload], memory_of: str) -> tuple[str, ...]:
    notes = []
    if memory_of == "host":
        notes.append("memory is that of this process, Python and libraries included")
    if memory_of == "device":
        notes.append("memory is that of the GPUs, other processes on them included")
    if any(one.prompt_tokens for one in workloads):
        notes.append("replies may end before --output-tokens; rates count the tokens that came")
    return tuple(notes)


def _counter(wanted: Wanted, engine: str) -> Callable[[Workload, int], int | None]:
    """Bytes of a workload at a batch, counted from the shape of a known model that is held as published."""
    shape = _shape(wanted.model) if engine in COUNTED else None
    told = str(wanted.args.get("dtype", "bf16"))
    dtype: Dtype = "fp32" if told == "fp32" else "fp16" if told == "fp16" else "bf16"
    assert dtype in BITS

    def count(workload: Workload, batch: int) -> int | None:
        if shape is None:
            return None
        context = workload.tokens + workload.output_tokens
        load = Load(dtype, dtype, dtype, context, batch, min(STEP_TOKENS, batch * max(1, workload.tokens)))
        return footprint(shape, load).total

    return count


def _shape(model: str) -> Architecture | None:
    """Of a folder by its config.json, of a model of the catalogue by its row."""
    folder = Path(wiring.resolve_model(model).id).expanduser()
    if folder.is_dir():
        return shape_of(folder)
    try:
        return known_shape(model)[2]
    except ConfigInvalid:
        return None
