"""Whether arguments fit a JSON schema, in words for a model. Pure.

Knows the keywords that tools use: type, properties, required, additionalProperties, items, enum, and the bounds.
What it does not know it lets pass: the tool, or its server, has the last word. Example:

    problem({"city": 3}, {"type": "object", "properties": {"city": {"type": "string"}}})
    # "argument 'city' is a number, and a text is expected"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bakeoff.core.types import Json

_MOST_DEEP = 20
_WORDS = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def problem(arguments: object, schema: Mapping[str, Json]) -> str:
    """What is wrong first; empty when nothing is."""
    return _problem(arguments, schema, "", 0)


def _problem(value: object, schema: Mapping[str, Json], at: str, depth: int) -> str:
    if depth > _MOST_DEEP:
        return f"{_place(at)} is nested too deeply"
    kinds = _kinds(schema)
    if kinds and not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_WORDS.get(kind, kind) for kind in kinds)
        return f"{_place(at)} is {_kind_of(value)}, and {wanted} is expected"
    listed = schema.get("enum")
    if isinstance(listed, list) and value not in listed:
        return f"{_place(at)} is none of {', '.join(map(str, listed))}"
    if isinstance(value, Mapping):
        return _problem_of_object(value, schema, at, depth)
    if isinstance(value, list):
        return _problem_of_list(value, schema, at, depth)
    return _out_of_bounds(value, schema, at)


def _problem_of_object(value: Mapping[str, object], schema: Mapping[str, Json], at: str, depth: int) -> str:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else []:
        if name not in value:
            return f"argument '{_joined(at, str(name))}' is missing"
    for name, one in value.items():
        inner = known.get(name)
        if isinstance(inner, dict):
            wrong = _problem(one, inner, _joined(at, str(name)), depth + 1)
            if wrong:
                return wrong
        elif name not in known and schema.get("additionalProperties") is False:
            return f"there is no argument '{_joined(at, str(name))[:80]}'; known: {', '.join(known) or 'none'}"
    return ""


def _problem_of_list(value: Sequence[object], schema: Mapping[str, Json], at: str, depth: int) -> str:
    items = schema.get("items")
    if not isinstance(items, dict):
        return ""
    found = (_problem(one, items, f"{at}[{place}]", depth + 1) for place, one in enumerate(value))
    return next((wrong for wrong in found if wrong), "")


def _out_of_bounds(value: object, schema: Mapping[str, Json], at: str) -> str:
    size, unit = (len(value), " characters") if isinstance(value, str) else (value, "")
    low, high = ("minLength", "maxLength") if unit else ("minimum", "maximum")
    least, most = schema.get(low), schema.get(high)
    if not isinstance(size, int | float) or isinstance(size, bool):
        return ""
    if isinstance(least, int | float) and size < least:
        return f"{_place(at)} has to be at least {least}{unit}"
    if isinstance(most, int | float) and size > most:
        return f"{_place(at)} has to be at most {most}{unit}"
    return ""


def _kinds(schema: Mapping[str, Json]) -> list[str]:
    told = schema.get("type")
    if isinstance(told, str):
        return [told]
    return [str(kind) for kind in told] if isinstance(told, list) else []


def _is(value: object, kind: str) -> bool:
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    types: dict[str, type | tuple[type, ...]] = {
        "string": str,
        "boolean": bool,
        "array": list,
        "object": Mapping,
        "null": type(None),
    }
    return kind not in types or isinstance(value, types[kind])


def _kind_of(value: object) -> str:
    found = ("null", "boolean", "integer", "number", "string", "array", "object")
    return next((_WORDS[kind] for kind in found if _is(value, kind)), type(value).__name__).replace("whole ", "")


def _place(at: str) -> str:
    return f"argument '{at[:80]}'" if at else "what is given"


def _joined(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
