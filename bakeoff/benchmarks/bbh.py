"""BIG-Bench Hard: 27 tasks that language models found hard, with three worked examples each (Suzgun et al. 2022).

Paper https://arxiv.org/abs/2210.09261 · data https://github.com/suzgunmirac/BIG-Bench-Hard · MIT.
Answers are of many kinds: letters, yes and no, numbers, sorted words, brackets; `meta["answer"]` says which.
Known of the source: two questions of causal_judgement are the same with opposite answers, and one of
ruin_names has its choices split at commas, so its answer is a text and no letter.

`bbh:navigate` is one task alone.

    Evaluate the result of a random Boolean expression.
    not ( True ) and ( True ) is                                                    Target: False
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._files import DataFile, Row, read_rows
from bakeoff.core.errors import DataInvalid, DataMissing, UnknownName
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Find, Profile, Prompt, Source
from bakeoff.core.types import Sample

_SIZES = ("three_objects", "five_objects", "seven_objects")
TASKS = (
    *("boolean_expressions", "causal_judgement", "date_understanding", "disambiguation_qa", "dyck_languages"),
    *("formal_fallacies", "geometric_shapes", "hyperbaton"),
    *(f"logical_deduction_{size}" for size in _SIZES),
    *("movie_recommendation", "multistep_arithmetic_two", "navigate", "object_counting", "penguins_in_a_table"),
    *("reasoning_about_colored_objects", "ruin_names", "salient_translation_error_detection", "snarks"),
    *("sports_understanding", "temporal_sequences"),
    *(f"tracking_shuffled_objects_{size}" for size in _SIZES),
    *("web_of_lies", "word_sorting"),
)
_THINK = "Let's think step by step."
_LETTER = re.compile(r"\(([A-Z])\)")
_OPTION = re.compile(r"(?m)^\(([A-Z])\)")
_PAIRS = (("True", "False"), ("Yes", "No"), ("yes", "no"), ("valid", "invalid"))
# cot-prompts/*.txt of the source: what stands behind "step by step." is a new line in all tasks but one.
_OFFICIAL = Prompt(
    "Q: {input}\nA: " + _THINK,
    answer="{worked}",
    head="{description}\n\n",
    shots=3,
    stop=("\n\n",),
    max_tokens=1024,
)
# lm-evaluation-harness 0.4.13, tasks/bbh/cot_fewshot (MIT).
_LM_EVAL = Prompt(
    "Q: {input}\nA: " + _THINK + "\n",
    answer="{solution}",
    head="{description}\n\n",
    shots=3,
    stop=("</s>", "Q", "\n\n"),
    max_tokens=1024,
)


class Bbh(FileBenchmark):
    name = "bbh"
    source = Source("https://github.com/suzgunmirac/BIG-Bench-Hard", "MIT", "9ee07bd481feebf959a6b59d61ea57bdcf30964d")
    files = {"test": DataFile(("bbh/bbh",))}
    parts = TASKS
    profiles = {
        "bakeoff": Profile("bakeoff", "text", "mixed", note="Each answer as its kind is: number, letter, label, text."),
        "official": Profile(
            "official",
            "text",
            "exact",
            prompt=_OFFICIAL,
            find=(Find(r"answer is ([^\n]*)", pick="last", otherwise="", strip=True),),
            options={"ignore": [r"\.\Z"]},
            note="The line behind the last 'answer is', without its full stop. The authors publish prompts and"
            " replies, not the program that compares them.",
        ),
        "lm-eval": Profile(
            "lm-eval",
            "text",
            "exact",
            prompt=_LM_EVAL,
            find=(Find(r"(?<=the answer is )(.*)(?=.)"),),
            note="bbh_cot_fewshot. The last character goes, a full stop or not; the reply ends before the first 'Q'.",
        ),
    }
    max_tokens = 400
    asks = "Answer with the letter of the right option where options are lettered, and else with the answer alone."

    def samples(self, split: str) -> Iterator[Sample]:
        """One task after the other, by name; positions count within a task."""
        if split not in self.files:
            raise UnknownName("split", split, self.files, see=f"docs/benchmarks/{self.name}.md")
        for task in self._tasks:
            description = self._shots[task][0].fields["description"]
            path = self._home.find(self.name, DataFile((f"bbh/bbh/{task}.json", f"bbh/{task}.json")))
            seen: Counter[str] = Counter()
            for position, row in enumerate(read_rows(path, within=("examples",))):
                asked = row.text("input")
                seen[asked] += 1
                again = f"-{seen[asked]}" if seen[asked] > 1 else ""
                yield _sample(row, task, f"{task}/{text_digest(asked)}{again}", description, position)

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        pool = self._shots[str(sample.meta["task"])]
        if len(pool) < count:
            raise DataMissing(
                f"'{self.name}' has {len(pool)} examples a task, and {count} are wanted",
                f"ask for fewer: few_shot:{len(pool)}",
            )
        return pool[:count]

    @property
    def _tasks(self) -> Sequence[str]:
        return (self.only,) if self.only else TASKS

    @cached_property
    def _shots(self) -> dict[str, tuple[Sample, ...]]:
        """The authors' worked examples of each task."""
        found = {}
        for task in self._tasks:
            names = (f"bbh/cot-prompts/{task}.txt", f"cot-prompts/{task}.txt")
            found[task] = worked_examples(self._home.find(self.name, DataFile(names)), task)
        return found


def worked_examples(path: Path, task: str) -> tuple[Sample, ...]:
    """The examples in a file of cot-prompts. Raises DataInvalid."""
    _, line, text = "".join(f"{row.get('line')}\n" for row in read_rows(path)).partition("-----\n")
    description, *parts = re.split(r"\n\nQ: ", text.rstrip("\n"))
    shots = []
    for part in parts:
        asked, think, worked = part.partition(f"\nA: {_THINK}")
        if think:
            fields = {"description": description, "input": asked, "worked": worked, "solution": worked.strip()}
            shots.append(Sample(text_digest(asked), asked, "", "", fields=fields, meta={"task": task}))
    if not line or not shots or len(shots) != len(parts):
        raise DataInvalid(f"'{path}' is no file of worked examples, 'Q: …' and 'A: {_THINK} …'", "correct the file")
    return tuple(shots)


def _sample(row: Row, task: str, id_: str, description: str, position: int) -> Sample:
    asked, target = row.text("input"), row.text("target")
    letters = tuple(_OPTION.findall(asked))
    lettered = _LETTER.fullmatch(target)
    labels: tuple[str, ...] = ()
    if lettered:
        kind, labels = "letter", letters
        if lettered[1] not in letters:
            raise row.wrong("target", f"'{target}' is none of the options {list(letters)}")
    elif pair := next((pair for pair in _PAIRS if target in pair), None):
        kind, labels = "label", pair
    else:
        kind = "number" if re.fullmatch(r"-?\d{1,30}", target) else "text"
    closing = f"So the answer is {target}."
    return Sample(
        id_,
        f"{description}\n\n{asked}",
        target,
        target,
        labels=labels,
        meta={"task": task, "answer": kind},
        fields={"description": description, "input": asked, "worked": f"\n{closing}", "solution": closing},
        position=position,
    )
