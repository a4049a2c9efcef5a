"""MMLU: 57 subjects from school to profession, four choices each (Hendrycks et al. 2021).

Paper https://arxiv.org/abs/2009.03300 · data https://github.com/hendrycks/test · MIT.

`mmlu:anatomy` is one subject alone.

    What is the embryological origin of the hyoid bone?
    A. The first pharyngeal arch  B. The first and second … arches  C. …  D. …         Target: D
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._choices import lettered, likelihood, listed, place, usual, words
from bakeoff.benchmarks._files import DataFile, Row, read_rows
from bakeoff.core.errors import DataMissing
from bakeoff.core.hashing import text_digest
from bakeoff.core.protocols import Prompt, Source
from bakeoff.core.types import Json, Sample

_REVISION = "c30699e8356da336a370243923dbaf21066bb9fe"
_ANSWERS = ("A", "B", "C", "D")
_COLUMNS = ("question", "choice0", "choice1", "choice2", "choice3", "answer")
_GROUPS = {
    "stem": """abstract_algebra anatomy astronomy college_biology college_chemistry college_computer_science
        college_mathematics college_physics computer_security conceptual_physics electrical_engineering
        elementary_mathematics high_school_biology high_school_chemistry high_school_computer_science
        high_school_mathematics high_school_physics high_school_statistics machine_learning""",
    "humanities": """formal_logic high_school_european_history high_school_us_history high_school_world_history
        international_law jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory
        professional_law world_religions""",
    "social sciences": """econometrics high_school_geography high_school_government_and_politics
        high_school_macroeconomics high_school_microeconomics high_school_psychology human_sexuality
        professional_psychology public_relations security_studies sociology us_foreign_policy""",
    "other": """business_ethics clinical_knowledge college_medicine global_facts human_aging management marketing
        medical_genetics miscellaneous nutrition professional_accounting professional_medicine virology""",
}
SUBJECTS = dict(sorted((subject, group) for group, names in _GROUPS.items() for subject in names.split()))
# lm-evaluation-harness 0.4.13, tasks/mmlu/default (MIT).
_LM_EVAL = Prompt(
    "{stripped}\n{listed}\nAnswer:",
    answer=" {label}",
    choice=" {label}",
    head="The following are multiple choice questions (with answers) about {subject}.\n\n",
)
# hendrycks/test @ 4450500f, evaluate.py (MIT): each word of the subject has a space before it.
_OFFICIAL = replace(_LM_EVAL, question="{question}\n{listed}\nAnswer:", head=_LM_EVAL.head.replace("about", "about "))


_SPLITS = {"test": "test", "validation": "val", "dev": "dev"}  # with what the authors call them


def _file(split: str, subject: str) -> DataFile:
    """The table of a subject - that of the first stands for all -, or the hub's one file."""
    local = _SPLITS[split]
    places = (f"mmlu/{local}/{subject}_{local}.csv",)
    return DataFile(places, "cais/mmlu", f"all/{split}-00000-of-00001.parquet", _REVISION)


class Mmlu(FileBenchmark):
    name = "mmlu"
    source = Source("https://github.com/hendrycks/test", "MIT", _REVISION)
    files = {split: _file(split, next(iter(SUBJECTS))) for split in _SPLITS}
    parts = tuple(SUBJECTS)
    shots_split = "dev"
    profiles = usual(
        _LM_EVAL,
        norm=False,
        official=likelihood(
            "official", replace(_OFFICIAL, shots=5), note="acc over all questions; 5 examples of the subject"
        ),
    )
    max_tokens = 256
    form = "letter"
    asks = "Answer with the letter of the right choice."

    @classmethod
    def fields_of_part(cls, part: str) -> dict[str, object]:
        return {"files": {split: _file(split, part) for split in _SPLITS}}

    def samples(self, split: str) -> Iterator[Sample]:
        """The questions of one subject after the other; positions count within a subject."""
        before, start = "", 0
        for position, sample in enumerate(super().samples(split)):
            if sample.meta["subject"] != before:
                before, start = str(sample.meta["subject"]), position
            yield replace(sample, position=position - start)

    def rows(self, path: Path) -> Iterator[Row]:
        """The rows of the hub's one file, or of the tables of all subjects, which lie side by side."""
        subjects = [self.only] if self.only else list(SUBJECTS)
        first = subjects[0]
        if not path.name.startswith(f"{first}_"):
            yield from (row for row in read_rows(path) if self.only in (None, row.get("subject")))
            return
        for subject in subjects:
            table = path.with_name(path.name.replace(first, subject))
            if not table.is_file():
                raise DataMissing(f"'{self.name}' has no '{table}'", f"put the {len(SUBJECTS)} tables side by side")
            yield from _table(table, subject)

    def sample(self, row: Row) -> Sample:
        subject, question, texts = row.text("subject"), row.text("question"), row.texts("choices")
        if subject not in SUBJECTS or len(texts) != 4:
            raise row.wrong("choices", f"four choices on one of the subjects are expected, not {len(texts)}")
        fields = {"subject": subject.replace("_", " "), "question": question, "stripped": question.strip()}
        fields["listed"] = listed(texts)
        meta: dict[str, Json] = {"subject": subject, "group": SUBJECTS[subject]}
        id_ = text_digest("\n".join([subject, question, *texts]))
        return lettered(id_, question, texts, place(row, "answer", 4), fields=fields, meta=meta)

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        subject = str(sample.meta["subject"])
        pool = self._by_subject[subject]
        if len(pool) < count:
            raise DataMissing(
                f"'{self.name}' has {len(pool)} examples of '{subject}', and {count} are wanted",
                f"ask for fewer: few_shot:{len(pool)}",
            )
        return pool[:count]

    @cached_property
    def _by_subject(self) -> dict[str, list[Sample]]:
        found: dict[str, list[Sample]] = {subject: [] for subject in SUBJECTS}
        for shot in self.samples("dev"):
            found[str(shot.meta["subject"])].append(shot)
        return found


def _table(path: Path, subject: str) -> Iterator[Row]:
    """The rows of one table in the hub's layout. The authors' have no header and letters; copies of them have both."""
    for row in read_rows(path, _COLUMNS):
        cells = [words(row, name) for name in _COLUMNS]
        if tuple(cells) == _COLUMNS:
            continue
        question, *choices, answer = cells
        texts: list[Json] = [*choices]
        answer = str("ABCD".index(answer)) if answer in _ANSWERS else answer
        yield Row({"subject": subject, "question": question, "choices": texts, "answer": answer}, path, row.line)
