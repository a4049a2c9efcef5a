"""TriviaQA, closed book: trivia questions answered from memory (Joshi et al. 2017).

Paper https://arxiv.org/abs/1705.03551 · data https://nlp.cs.washington.edu/triviaqa · Apache-2.0.

    Question: What type of animal is a dik-dik?               Targets: Antelope, Antelopes, …
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row, read_rows
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Find, Profile, Prompt, Source
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
_HUB = {"hub_repo": "mandarjoshi/trivia_qa", "hub_revision": "0f7faf33a3908546c6fd5b73a660e0f8ff173c2f"}
_RULE = {"rule": "triviaqa", "accepted": "normalized"}
# lm-evaluation-harness 0.4.13, tasks/triviaqa/default.yaml (MIT): with a second question mark.
_LM_EVAL = Prompt(
    "Question: {question}?\nAnswer:", answer=" {alias}", stop=("\n", ".", ","), draw="sequence", max_tokens=256
)


class TriviaQa(FileBenchmark):
    name = "triviaqa"
    source = Source("https://nlp.cs.washington.edu/triviaqa", "Apache-2.0", "8c8dd48f72168c5d51e2f7b151595892a8fba43d")
    files = {
        "test": DataFile(
            ("triviaqa/triviaqa_sm_sub.jsonl", "triviaqa/validation.jsonl", "triviaqa/unfiltered-web-dev.json"),
            hub_path="rc.nocontext/validation-00000-of-00001.parquet",
            **_HUB,
        ),
        "train": DataFile(
            ("triviaqa/train.jsonl", "triviaqa/unfiltered-web-train.json"),
            hub_path="rc.nocontext/train-00000-of-00001.parquet",
            **_HUB,
        ),
    }
    shots_split = "train"
    drawn_more = 1
    profiles = {
        "bakeoff": Profile("bakeoff", "text", "alias"),
        "official": Profile(
            "official", "text", "token_f1", options={**_RULE, "metric": "em"}, note="exact_match over all aliases"
        ),
        "official-f1": Profile("official-f1", "text", "token_f1", options=_RULE, note="f1 over all aliases"),
        "lm-eval": Profile(
            "lm-eval",
            "text",
            "exact",
            prompt=_LM_EVAL,
            find=(Find(cut=_LM_EVAL.stop, strip=True),),
            options={"ignore_case": True, "ignore_punctuation": True, "target": "aliases"},
            note="Asks with '??'; the stops '.' and ',' cut names like 'St. Louis'; articles count.",
        ),
    }
    max_tokens = 64
    form = "short answer"
    asks = "Answer the question with a name, a number or a few words."

    def rows(self, path: Path) -> Iterator[Row]:
        return read_rows(path, within=("Data",)) if ".json" in path.suffixes else read_rows(path)

    def sample(self, row: Row) -> Sample:
        normalized: list[str] = []
        if row.has("context"):  # the layout of llm-foundry: the question already in a prompt
            asked = row.text("context").removeprefix("Question:").removesuffix("Answer:").strip()
            canonical, aliases = row.text("answer"), row.texts("aliases")
        elif row.has("Question"):  # the original layout
            asked = row.text("Question")
            canonical, aliases = row.text("Answer.Value"), row.texts("Answer.Aliases")
            normalized = row.texts("Answer.NormalizedAliases") + _listed(row, "Answer", "HumanAnswers")
        else:  # the layout of the hub
            asked = row.text("question")
            canonical, aliases = row.text("answer.value"), row.texts("answer.aliases")
            normalized = _listed(row, "answer", "normalized_aliases")
        question = asked.strip()
        targets: list[Json] = [canonical, *(alias for alias in aliases if alias != canonical)]
        return Sample(
            text_digest(question),
            question,
            targets,
            canonical,
            meta={"aliases": [*aliases], "normalized": [*normalized]},
            fields={"question": asked, "alias": aliases[0]},
        )

    def shot_pool(self) -> Sequence[Sample]:
        """Examples of our own: the local file has no training split to draw from."""
        return tuple(Sample(f"shot-{i}", q, [a], a) for i, (q, a) in enumerate(_EXAMPLES))


def _listed(row: Row, parent: str, field: str) -> list[str]:
    """A list that not every copy of the data has."""
    above = row.get(parent)
    return row.texts(f"{parent}.{field}") if isinstance(above, dict) and above.get(field) else []
