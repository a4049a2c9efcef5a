"""Summarisation: 48 passages; a summary is scored by the key facts it carries. Apache-2.0.

The score is the share of the facts named (each has accepted wordings), halved when the summary is
over its word limit: a continuous metric.

    Summarise the text in at most 40 words. Text: …      Facts: [[12, twelve], [bridge], …]
"""

from __future__ import annotations

from bakeoff.benchmarks._base import Suite, suite_source
from bakeoff.benchmarks._files import Row
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample


class Summarisation(Suite):
    name = "summarisation"
    source = suite_source("1")
    profiles = {"bakeoff": Profile("bakeoff", "whole", "facts")}
    max_tokens = 200
    form = "summary"

    def sample(self, row: Row) -> Sample:
        limit = row.get("max_words")
        if not isinstance(limit, int):
            raise row.wrong("max_words", f"a number is expected, not {limit!r:.40}")
        question = f"Summarise the text in at most {limit} words.\nText: {row.text('text')}"
        target = {"facts": row.get("facts"), "max_words": limit}
        meta = {"difficulty": row.text("difficulty"), "tag": row.text("tag")}
        return Sample(row.text("id"), question, target, row.text("reference"), meta=meta)
