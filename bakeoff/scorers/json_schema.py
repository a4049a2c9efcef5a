"""Check that a reply is JSON, and that it is what a schema describes.

By jsonschema-rs (https://github.com/Stranger6667/jsonschema, MIT), of the drafts 4 to 2020-12. Its patterns
take linear time, so none looks ahead or behind; references to other documents are refused. A fence around
the JSON is allowed. Printed example: '{"age": "7"}' for {"properties": {"age": {"type": "integer"}}} →
wrong, '/age: "7" is not of type "integer"'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from bakeoff.core.errors import ConfigInvalid, MissingExtra
from bakeoff.core.types import Json, Sample, Score

MAX_CHARS = 100_000
_FENCED = re.compile(r"```\w{0,12}[^\S\n]*+\n(.*)```", re.DOTALL)


class JsonSchema:
    continuous = False

    def __init__(self, schema: Mapping[str, Json] | None = None) -> None:
        """`schema` is that of every sample; without it each sample's target is its own."""
        try:
            import jsonschema_rs
        except ImportError:
            raise MissingExtra("the scorer 'json_schema'", "schema") from None
        self._library: Any = jsonschema_rs
        self._shared = self._built(dict(schema), "option 'schema'") if schema is not None else None

    def score(self, sample: Sample, extracted: str) -> Score:
        validator = self._shared or self._built(sample.target, f"the target of sample '{sample.id}'")
        if len(extracted) > MAX_CHARS:
            return Score(0.0, f"longer than {MAX_CHARS:,} characters", {"json": 0.0})
        fenced = _FENCED.fullmatch(extracted.strip())
        try:
            value: Json = orjson.loads(fenced[1] if fenced else extracted)
        except orjson.JSONDecodeError as error:
            return Score(0.0, f"no JSON ({error})", {"json": 0.0})
        fault = next(iter(validator.iter_errors(value)), None)
        if fault is None:
            return Score(1.0, "JSON of the schema", {"json": 1.0})
        path = "".join(f"/{step}" for step in fault.instance_path)
        return Score(0.0, f"{path[:80]}: {fault.message:.200}".removeprefix(": "), {"json": 1.0})

    def _built(self, schema: Json, what: str) -> Any:
        try:
            return self._library.validator_for(schema, pattern_options=self._library.RegexOptions(), retriever=_refused)
        except Exception as error:  # the library's, and what it raises for what is no schema
            why = str(error).split("\n", 1)[0]
            raise ConfigInvalid(f"{what} is no JSON schema ({why:.120})", "correct the schema") from None


def _refused(address: str) -> Json:
    raise ValueError(f"'{address:.80}' would have to be fetched")
