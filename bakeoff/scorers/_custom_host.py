"""The process in which a scorer from a user's file runs: JSON lines in, JSON lines out.

Started by `scorers._custom`, which ends it when it hangs; it ends by itself, with what it started, when that one is
gone. What the file prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import orjson

from bakeoff.core.types import Json, Sample, Score

_LISTED = ("labels", "choices")


def main() -> None:
    try:
        _serve()
    except BrokenPipeError:  # nobody is there to read
        _end()


def _serve() -> None:
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what the user's code prints must not look like an answer
    threading.Thread(target=_end_with, args=(source.fileno(),), daemon=True).start()
    opening = orjson.loads(source.readline())
    try:
        score = _loaded(Path(opening["path"]), opening["class"], opening["options"])
    except BaseException as error:
        _write(sink, {"error": f"{type(error).__name__}: {error}"})
        return
    _write(sink, {})
    for line in source:
        _write(sink, _answer(score, line))


def _end_with(source: int) -> None:
    """Wait until nobody can write to this pipe any more, whatever the file is doing, and end."""
    hung_up = select.poll()
    hung_up.register(source, 0)  # only that it was hung up
    while not hung_up.poll():
        pass
    _end()


def _end() -> None:
    """At once, without a word, with what was started from here."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _loaded(path: Path, name: str, options: dict[str, Json]) -> Callable[[Sample, str], object]:
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"'{path}' is no Python file")
    module: ModuleType = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if not isinstance(found, type):
        raise ImportError(f"there is no class '{name}' in '{path.name}'")
    score: object = getattr(found(**options), "score", None)
    if not callable(score):
        raise TypeError(f"'{name}' has no method score(sample, extracted)")
    return score


def _answer(score: Callable[[Sample, str], object], line: bytes) -> dict[str, Json]:
    try:
        asked = orjson.loads(line)
        fields: dict[str, Any] = {
            key: tuple(value) if key in _LISTED else value for key, value in asked["sample"].items()
        }
        result = score(Sample(**fields), asked["extracted"])
        if inspect.isawaitable(result):
            result = asyncio.run(_awaited(result))
        return _fields(result)
    except BaseException as error:  # SystemExit too: it is the scorer's, not this process's
        return {"error": f"{type(error).__name__}: {error}"}


async def _awaited(result: object) -> object:
    return await result if inspect.isawaitable(result) else result


def _fields(result: object) -> dict[str, Json]:
    if isinstance(result, Score):
        parts: dict[str, Json] = {str(name): float(value) for name, value in result.parts.items()}
        return {"value": result.value, "reason": result.reason, "parts": parts, "continuous": result.continuous}
    if isinstance(result, bool | int | float):
        return {"value": float(result), "reason": "", "parts": {}, "continuous": False}
    return {"error": f"TypeError: score() gave {type(result).__name__}: a number, a bool or a Score is expected"}


def _write(sink: BinaryIO, reply: dict[str, Json]) -> None:
    sink.write(orjson.dumps(reply) + b"\n")
    sink.flush()


if __name__ == "__main__":
    main()
