"""Classification: 48 short texts, each to be given one label of a closed list. Apache-2.0.

What is the sentiment of this review? Labels: positive, negative, neutral
Text: The strap broke on day two.                                      Target: negative
"""

from __future__ import annotations

from bakeoff.benchmarks._base import Suite, suite_source
from bakeoff.benchmarks._files import Row
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Sample


class Classification(Suite):
    name = "classification"
    source = suite_source("1")
    profiles = {"bakeoff": Profile("bakeoff", "label", "label")}
    max_tokens = 64
    form = "label"
    asks = "Answer with one of the labels and nothing else."

    def sample(self, row: Row) -> Sample:
        labels, label = row.texts("labels"), row.text("label")
        if label not in labels:
            raise row.wrong("label", f"'{label}' is none of the labels {labels}")
        question = f"{row.text('instruction')}\nLabels: {', '.join(labels)}\nText: {row.text('text')}"
        meta = {"difficulty": row.text("difficulty"), "tag": row.text("tag")}
        return Sample(row.text("id"), question, label, label, labels=tuple(labels), meta=meta)
