"""From what a model wrote behind a tool's name to the tool's arguments. Pure.

JSON where it is some; else the text is the argument of a tool that has only one. Example:

    arguments_of("2 + 2", schema)        # {"expression": "2 + 2"} for the calculator's schema
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson

from bakeoff.core.types import Json

_NAMED = re.compile(r"(\w{1,40})[ \t]*[=:][ \t]*(['\"])(.*)\2\Z", re.DOTALL)
_CLOSINGS = ("}", '"}', "'}")  # of an object that was cut off


def arguments_of(given: str | Mapping[str, Json], schema: Mapping[str, Json]) -> dict[str, Json]:
    """The arguments as an object; what cannot be read is left to the tool to refuse."""
    if not isinstance(given, str):
        return dict(given)
    text = given.strip()
    read = _object(text)
    if read is not None:
        return read
    sole = _sole(schema)
    if sole is None:
        return {"input": text} if text else {}
    if not text:
        return {}
    named = _NAMED.match(text)
    if named and named[1] == sole:
        return {sole: named[3]}
    return {sole: _typed(text, _property(schema, sole))}


def same_call(name: str, arguments: Mapping[str, Json]) -> str:
    """What is equal for equal calls, however they were written."""
    try:
        body = orjson.dumps(dict(arguments), option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # nested too deeply, or a number too large
        body = repr(arguments)
    return f"{name}\x1f{body}"


def _object(text: str) -> dict[str, Json] | None:
    if not text.startswith("{"):
        return None
    for closing in ("", *_CLOSINGS):
        try:
            found = orjson.loads(text + closing)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return None


def _property(schema: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    properties = schema.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    return found if isinstance(found, dict) else {}


def _sole(schema: Mapping[str, Json]) -> str | None:
    """The only argument that has to be given, or the only one there is."""
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and len(required) == 1:
        return str(required[0])
    known = list(properties) if isinstance(properties, dict) else []
    return known[0] if len(known) == 1 else None


def _typed(text: str, schema: Mapping[str, Json]) -> Json:
    """A text without its quotes; a number where one is expected."""
    try:
        found: Json = orjson.loads(text)
    except ValueError:
        return text.strip("'\"") if text[:1] == text[-1:] else text
    if isinstance(found, str):
        return found
    return text if schema.get("type") in ("string", None) else found
