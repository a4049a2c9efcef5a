"""Compare the tools that a model calls, and with which arguments, with those that are right.

The calls are JSON, read from a text: a list of {"name", "arguments"}, one alone, OpenAI's `tool_calls`,
or `<tool_call>` blocks; in a fence or amid words. Arguments are compared by value, as the tool's schema
types them; calls in any order. An argument may be left out, or be added, where that is the schema's default.
Licence: ours. Printed example: [{"name": "get_weather", "arguments": {"city": "oslo"}}] for
get_weather(city="Oslo", unit="celsius", the default) → right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import orjson

from bakeoff.core.types import Json, Sample, Score

MAX_CHARS, MAX_CALLS, MAX_STARTS = 50_000, 32, 40
_BLOCK = re.compile(r"<tool_call>(.{1,8000}?)</tool_call>", re.DOTALL)
_FENCE = re.compile(r"```\w{0,12}[^\S\n]*+\n(.*?)```", re.DOTALL)
_SPACE = re.compile(r"\s+")
Call = tuple[str, Mapping[str, Json]]
_MISSING = object()


class ToolCall:
    continuous = False

    def __init__(self, prose: Literal["no call", "unparsed"] = "unparsed") -> None:
        """`prose`: what a reply without JSON is. Where tools are handed over as such, it is no call."""
        self._prose = prose

    def score(self, sample: Sample, extracted: str) -> Score:
        """The target is {"calls": [...]}, the tools that could be called stand in meta["tools"]."""
        wanted = _wanted(sample)
        made = read_calls(extracted)
        if made is None:
            if self._prose == "unparsed":
                return Score(0.0, "no JSON of calls in the reply", unparsed=True)
            made = []
        schemas = _schemas(sample)
        matched = _matched(wanted, made, schemas) if len(made) <= MAX_CALLS else 0
        named = Counter(name for name, _ in made) == Counter(str(call["name"]) for call in wanted)
        parts = {
            "function_right": float(named),
            "arguments_right": float(matched == len(wanted)),
            "calls_right": float(matched),
            "calls_wanted": float(len(wanted)),
            "calls_made": float(len(made)),
        }
        right = matched == len(wanted) == len(made)
        return Score(float(right), _told(wanted, made, named, matched), parts)


def read_calls(text: str) -> list[Call] | None:
    """The calls in a text; None where it holds no JSON that could be calls."""
    text = text[:MAX_CHARS].strip()
    blocks = [_loaded(block) for block in _BLOCK.findall(text)]
    if blocks:
        return _calls(blocks)
    for candidate in (text, *reversed(_FENCE.findall(text)), *_within(text)):
        value = _loaded(candidate)
        found = _calls(value if isinstance(value, list) else [value])
        if found is not None:
            return found
    return None


def _loaded(text: str) -> Json:
    try:
        value: Json = orjson.loads(text.strip())
    except orjson.JSONDecodeError:
        return None
    return value


def _calls(values: Sequence[Json]) -> list[Call] | None:
    """None unless each of the values is a call."""
    if len(values) == 1 and isinstance(values[0], dict) and isinstance(inner := values[0].get("tool_calls"), list):
        values = inner
    found = [_call(value) for value in values]
    kept = [call for call in found if call is not None]
    return kept if len(kept) == len(found) else None


def _call(value: Json) -> Call | None:
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    given = value.get("arguments", value.get("parameters", {}))
    given = _loaded(given) if isinstance(given, str) else given
    return str(value["name"]), given if isinstance(given, dict) else {"": given}


def _within(text: str) -> Iterable[str]:
    """Pieces of a text from a bracket to the one that closes it, outermost first, a bounded number of them."""
    place = tried = 0
    while tried < MAX_STARTS:
        starts = [at for mark in "[{" if (at := text.find(mark, place)) >= 0]
        if not starts:
            return
        tried += 1
        end = _closing(text, min(starts))
        if end is None:  # a stray bracket
            place = min(starts) + 1
            continue
        yield text[min(starts) : end]
        place = end


def _closing(text: str, start: int) -> int | None:
    """Behind the bracket that closes the one at `start`; brackets in strings do not count."""
    depth, quoted = 0, False
    for hit in re.finditer(r'\\.|["\[\]{}]', text[start:], re.DOTALL):
        mark = hit[0]
        if mark == '"':
            quoted = not quoted
        elif not quoted and mark[0] != "\\":
            depth += 1 if mark in "[{" else -1
            if not depth:
                return start + hit.end()
    return None


def _wanted(sample: Sample) -> list[dict[str, Json]]:
    calls = sample.target.get("calls") if isinstance(sample.target, dict) else None
    if not isinstance(calls, list):
        raise ValueError(f"sample '{sample.id}' does not say which calls are right")
    return [call for call in calls if isinstance(call, dict)]


def _schemas(sample: Sample) -> dict[str, Mapping[str, Json]]:
    """The parameters of each tool, by its name."""
    tools = sample.meta.get("tools")
    functions = [tool["function"] for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return {
        str(function["name"]): function["parameters"]
        for function in functions
        if isinstance(function, dict) and isinstance(function["parameters"], dict)
    }


def _matched(wanted: Sequence[dict[str, Json]], made: Sequence[Call], schemas: Mapping[str, Mapping[str, Json]]) -> int:
    """How many calls can be paired so that each is right: each may fit several, so pairs are tried."""
    fits = [[place for place, call in enumerate(made) if _right(want, call, schemas)] for want in wanted]
    taken: dict[int, int] = {}

    def placed(number: int, seen: set[int]) -> bool:
        for place in fits[number]:
            if place not in seen:
                seen.add(place)
                if place not in taken or placed(taken[place], seen):
                    taken[place] = number
                    return True
        return False

    return sum(placed(number, set()) for number in range(len(wanted)))


def _right(want: Mapping[str, Json], call: Call, schemas: Mapping[str, Mapping[str, Json]]) -> bool:
    name, given = call
    arguments, accepted = want.get("arguments"), want.get("accept") or {}
    if want["name"] != name or not isinstance(arguments, dict) or not isinstance(accepted, dict):
        return False
    schema = schemas.get(name, {}).get("properties")
    properties = schema if isinstance(schema, dict) else {}
    for argument in {*arguments, *given}:
        typed = properties.get(argument)
        typed = typed if isinstance(typed, dict) else {}
        default = typed.get("default", _MISSING)
        also = accepted.get(argument)
        allowed = [arguments.get(argument, default), *(also if isinstance(also, list) else [])]
        if argument in accepted and argument not in arguments:
            allowed.append(_MISSING)  # what is only accepted need not be given
        if not any(same(one, given.get(argument, default), typed) for one in allowed):
            return False
    return True


def same(right: object, given: object, schema: Mapping[str, Json]) -> bool:
    """Whether two values are the same to the schema of an argument."""
    if right is _MISSING or given is _MISSING:
        return right is given
    if isinstance(right, bool) or isinstance(given, bool):
        return right is given
    if isinstance(right, int | float) and isinstance(given, int | float):
        return abs(right - given) <= 1e-9 * max(1.0, abs(right))
    if isinstance(right, str) and isinstance(given, str):
        return right == given if "enum" in schema else _plain(right) == _plain(given)
    if isinstance(right, list) and isinstance(given, list):
        return _same_list(right, given, schema)
    if isinstance(right, dict) and isinstance(given, dict):
        inner = schema.get("properties")
        typed = inner if isinstance(inner, dict) else {}
        return right.keys() == given.keys() and all(
            same(right[key], given[key], kind if isinstance(kind := typed.get(key), dict) else {}) for key in right
        )
    return right is None and given is None


def _same_list(right: list[Json], given: list[Json], schema: Mapping[str, Json]) -> bool:
    """In any order where the schema says that the items are unique."""
    items = schema.get("items")
    typed = items if isinstance(items, dict) else {}
    if len(right) != len(given):
        return False
    if not schema.get("uniqueItems"):
        return all(same(one, other, typed) for one, other in zip(right, given, strict=True))
    left = list(given)
    for one in right:
        place = next((at for at, other in enumerate(left) if same(one, other, typed)), None)
        if place is None:
            return False
        del left[place]
    return True


def _plain(text: str) -> str:
    """Case, spaces, quotation marks around and a full stop behind do not part two texts; nor does "the"."""
    return _SPACE.sub(" ", text).strip(" .\"'“”").casefold().removeprefix("the ")


def _told(wanted: Sequence[Mapping[str, Json]], made: Sequence[Call], named: bool, matched: int) -> str:
    names = ", ".join(name[:40] for name, _ in made[:8]) or "nothing"
    if not named:
        return f"calls {names} where {', '.join(str(call['name']) for call in wanted) or 'no tool'} is right"
    if not wanted:
        return "no tool is right, and none is called"
    return f"calls {names}: {matched} of {len(wanted)} with the right arguments"
