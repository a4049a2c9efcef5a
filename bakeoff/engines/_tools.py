"""Tool calls that an engine was answered with, as one text: a completion is text, whatever its API calls it.

Canonical JSON, so that equal calls are equal texts. Example:

    calls_text([("get_weather", '{"city": "Oslo"}')])    # [{"name":"get_weather","arguments":{"city":"Oslo"}}]
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import orjson


def calls_text(calls: Iterable[tuple[str, object]]) -> str:
    """JSON of (name, arguments).

    Arguments that are JSON text are read. They stay as they are where they are broken, or where reading would
    lose one of two equal keys.
    """
    found = [{"name": name, "arguments": _arguments(arguments)} for name, arguments in calls]
    return orjson.dumps(found).decode()


def _arguments(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return given if given and _has_twins(given) else orjson.loads(given or "{}")
    except ValueError:
        return given


def _has_twins(text: str) -> bool:
    """Whether a key stands twice in an object. Raises ValueError for what is no JSON."""
    found = False

    def note(pairs: list[tuple[str, object]]) -> None:
        nonlocal found
        found = found or len({key for key, _ in pairs}) < len(pairs)

    try:
        json.loads(text, object_pairs_hook=note)
    except RecursionError:  # so deep that nobody compares it
        return False
    return found


def listed(tools: str) -> list[dict[str, Any]]:
    """The tools of a request: JSON text, in OpenAI's format."""
    found: list[dict[str, Any]] = orjson.loads(tools)
    return found
