"""A sample with a target, for tests of scorers."""

from __future__ import annotations

from bakeoff.core.types import Json, Sample


def target(value: Json) -> Sample:
    return Sample("s", "?", value, "")
