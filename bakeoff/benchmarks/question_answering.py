"""Question answering: 48 short questions with one settled answer, written for Bakeoff. Apache-2.0.

Question: What is the capital of Mongolia?              Targets: Ulaanbaatar, Ulan Bator
"""

from __future__ import annotations

from bakeoff.benchmarks._base import Suite, suite_source
from bakeoff.benchmarks._files import Row
from bakeoff.core.protocols import Profile
from bakeoff.core.types import Json, Sample


class QuestionAnswering(Suite):
    name = "question_answering"
    source = suite_source("1")
    profiles = {"bakeoff": Profile("bakeoff", "text", "alias")}
    max_tokens = 64
    form = "short answer"
    asks = "Answer the question with a name, a number or a few words."

    def sample(self, row: Row) -> Sample:
        answers = row.texts("answers")
        targets: list[Json] = [*answers]
        meta = {"difficulty": row.text("difficulty"), "tag": row.text("tag")}
        return Sample(row.text("id"), row.text("question"), targets, answers[0], meta=meta)
