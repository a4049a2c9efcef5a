"""Text generation: 48 instructions whose fulfilment a program can check. Apache-2.0.

A reply is right when it fulfils every constraint that its instruction states.

    Write a notice of 20 to 40 words about a harbour.    Checks: words_between, contains
"""

from __future__ import annotations

from bakeoff.benchmarks._base import Suite, suite_source
from bakeoff.benchmarks._files import Row
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample


class TextGeneration(Suite):
    name = "text_generation"
    source = suite_source("1")
    profiles = {"bakeoff": Profile("bakeoff", "whole", "constraints")}
    max_tokens = 400
    form = "the text asked for"

    def sample(self, row: Row) -> Sample:
        meta = {"difficulty": row.text("difficulty"), "tag": row.text("tag")}
        return Sample(row.text("id"), row.text("prompt"), row.get("checks"), row.text("example"), meta=meta)
