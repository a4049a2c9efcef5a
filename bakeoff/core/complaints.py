"""What pydantic says of a spec, as one line in the words of the house, with the nearest field name.

explain(error, ExperimentSpec)     # ConfigInvalid("unknown field 'modles'", "did you mean 'models'?")
"""

from __future__ import annotations

import difflib
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bakeoff.core.errors import ConfigInvalid

_OPEN = frozenset({"args", "options"})  # mappings of any names to true or false, numbers and texts
NAME_IN_WORDS = "1 to 100 letters, digits, '.', '_' and '-' are a name, with a letter or digit in front"


def explain(error: ValidationError, spec: type[BaseModel]) -> ConfigInvalid:
    """Turn the most telling of pydantic's complaints into one line with the nearest field name."""
    complaints = error.errors()
    first = next((one for one in complaints if one["type"] == "extra_forbidden"), complaints[0])
    loc = first["loc"][:4] if _OPEN.intersection(first["loc"]) else first["loc"]  # below: kinds that it is none of
    where = ".".join(str(part) for part in loc)
    if first["type"] == "extra_forbidden":
        known = _fields_at(spec, loc[:-1])
        near = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        return ConfigInvalid(f"unknown field '{where}'", hint)
    if first["type"] == "missing":
        return ConfigInvalid(f"field '{where}' is missing", f"add '{where}' to the spec")
    if first["type"] == "too_short":
        return ConfigInvalid(f"field '{where}' is empty", "name at least 1, or leave the field out")
    if loc[-1] == "api_key_env":  # what was given may be the key itself
        return ConfigInvalid(f"field '{where}' names no environment variable", "write a name like OPENAI_API_KEY")
    value = first["input"]
    shown = f" (got {value!r:.80})" if not isinstance(value, dict | list | tuple) else ""
    return ConfigInvalid(f"field '{where}': {_said(first)}{shown}", "correct it")


def _said(complaint: ErrorDetails) -> str:
    if complaint["type"] in ("model_type", "model_attributes_type"):
        return "a name or a mapping of fields is expected"
    if _OPEN.intersection(complaint["loc"][:-1]):
        return "true or false, a finite number or a text is expected"
    if complaint["type"] == "string_pattern_mismatch":
        return NAME_IN_WORDS
    return complaint["msg"][:1].lower() + complaint["msg"][1:]


def _fields_at(cls: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The field names allowed at a place in the spec."""
    for part in loc:
        if isinstance(part, str) and part in cls.model_fields:
            cls = _model_of(cls.model_fields[part].annotation) or cls
    return sorted(cls.model_fields)


def _model_of(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_of(inner)
        if found:
            return found
    return None
