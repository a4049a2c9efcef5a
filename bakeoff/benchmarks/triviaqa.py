"""TriviaQA, closed book: trivia questions answered from memory (Joshi et al. 2017).

Paper https://arxiv.org/abs/1705.03551 · data https://nlp.cs.washington.edu/triviaqa · Apache-2.0.

    Question: What type of animal is a dik-dik?               Targets: Antelope, Antelopes, …
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Profile, Source
from bakeoff.core.types import Json, Sample

_EXAMPLES = (
    ("Which ocean lies between Africa and Australia?", "Indian Ocean"),
    ("What is the chemical symbol of tin?", "Sn"),
    ("Which composer wrote the opera 'Fidelio'?", "Beethoven"),
    ("How many strings does a viola have?", "Four"),
    ("In which country is the city of Arequipa?", "Peru"),
    ("What is the name for a group of lions?", "A pride"),
    ("Which English novelist wrote 'Middlemarch'?", "George Eliot"),
    ("What is the longest bone of the human body?", "The femur"),
)


class TriviaQa(FileBenchmark):
    name = "triviaqa"
    source = Source("https://nlp.cs.washington.edu/triviaqa", "Apache-2.0", "8c8dd48f72168c5d51e2f7b151595892a8fba43d")
    files = {
        "test": DataFile(
            ("triviaqa/triviaqa_sm_sub.jsonl", "triviaqa/validation.jsonl"),
            "mandarjoshi/trivia_qa",
            "rc.nocontext/validation-00000-of-00001.parquet",
            "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f",
        )
    }
    profiles = {"bakeoff": Profile("bakeoff", "text", "alias")}
    max_tokens = 64
    form = "short answer"
    asks = "Answer the question with a name, a number or a few words."

    def sample(self, row: Row) -> Sample:
        if row.has("context"):  # the layout of llm-foundry: the question already in a prompt
            question = row.text("context").removeprefix("Question:").removesuffix("Answer:").strip()
            canonical, aliases = row.text("answer"), row.texts("aliases")
        else:  # the layout of the hub
            question = row.text("question").strip()
            canonical, aliases = row.text("answer.value"), row.texts("answer.aliases")
        targets: list[Json] = [canonical, *(alias for alias in aliases if alias != canonical)]
        return Sample(text_digest(question), question, targets, canonical)

    def shot_pool(self) -> Sequence[Sample]:
        """Examples of our own: the local file has no training split to draw from."""
        return tuple(Sample(f"shot-{i}", q, [a], a) for i, (q, a) in enumerate(_EXAMPLES))
