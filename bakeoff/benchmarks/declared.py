"""A benchmark that a YAML file declares: its data file, its columns, its prompt, its grading.

What `bakeoff data add` writes and `-b mine.yaml` reads. Only names of columns and texts stand in it; for
more, write a class (`bakeoff.benchmarks.base`). Licence: that of the data, which the file may name.
Printed example: `What is the capital of Chile?` with the target `Santiago`, from

    name: capitals
    data: capitals.csv
    columns: {question: question, answer: capital}
    kind: text
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from bakeoff.benchmarks._base import FileBenchmark
from bakeoff.benchmarks._declaration import Columns, Declaration, ProfileFields
from bakeoff.benchmarks._files import DataFile, Row, read_rows
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import text_digest
from bakeoff.core.prompts import template_name
from bakeoff.core.protocols import Profile, Prompt, Source
from bakeoff.core.types import Json, Sample

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SCORERS = {
    "number": "numeric",
    "letter": "choice",
    "label": "label",
    "text": "alias",
    "math": "math",
    "whole": "exact",
}
FORMS = {"number": "number", "letter": "letter", "label": "label", "text": "answer"}
LIKELIHOOD = Prompt("Question: {question}\nAnswer:", answer=" {choice}")
NUMBER = re.compile(r"[-+\u2212]?[$€£]?\d[\d,]{0,40}(?:\.\d{1,40})?(?:[eE][-+]?\d{1,2})?%?|\d{1,20}/\d{1,20}")


class Declared(FileBenchmark):
    """What all declared benchmarks share; `declared_class` makes the class of one."""

    declaration: ClassVar[Declaration]

    def rows(self, path: Path) -> Iterator[Row]:
        return read_rows(path, self.declaration.header, self.declaration.within)

    def sample(self, row: Row) -> Sample:
        columns = self.declaration.columns
        stem = cell(row, columns.question).strip()
        if not stem:
            raise row.wrong(columns.question, "it is empty")
        choices = choices_of(row, columns)
        target, reference = self._target(row, choices)
        lines = [f"{letter}. {text}" for letter, text in zip(LETTERS, choices, strict=False)]
        question = "\n".join([stem, *lines])
        worked = f"{cell(row, columns.worked).strip()}\nAnswer: {reference}" if columns.worked else None
        own = {template_name(name): text for name, text in row.texts_of_cells().items()}
        labels = tuple(LETTERS[: len(choices)]) or self.declaration.labels
        return Sample(
            cell(row, columns.id) if columns.id else text_digest(question),
            question,
            target,
            reference,
            worked,
            labels=labels,
            choices=tuple(choices),
            fields={**own, "question": stem, "choices": "\n".join(lines)},
        )

    def _target(self, row: Row, choices: Sequence[str]) -> tuple[Json, str]:
        """What the scorer compares with, and a reply that is right."""
        column = self.declaration.columns.answer
        if choices:
            label = LETTERS[place_of(row, column, choices, self.declaration.answer_is)]
            return label, label
        value = row.get(column)
        if isinstance(value, list):
            texts = [text for text in row.texts(column) if text.strip()]
            if not texts:
                raise row.wrong(column, "it names no answer")
            return list(texts), texts[0]
        text = cell(row, column).strip()
        if not text:
            raise row.wrong(column, "it is empty")
        if self.declaration.kind == "number" and not NUMBER.fullmatch(text):
            raise row.wrong(column, f"'{text:.40}' is no number")
        if self.declaration.kind == "label" and text not in self.declaration.labels:
            raise row.wrong(column, f"'{text:.40}' is none of the labels {list(self.declaration.labels)!r:.80}")
        return text, text


def declared_class(declaration: Declaration, folder: Path) -> type[Declared]:
    """The class of a declared benchmark; relative paths are looked for in `folder` first. Raises ConfigInvalid."""
    files = {
        split: DataFile((str(folder.absolute() / path), path), sha256=declaration.sha256.get(split))
        for split, path in declaration.data.items()
    }
    asks = declaration.asks
    if not asks and declaration.kind == "letter" and declaration.columns.choices:
        asks = "Answer with the letter of the right choice."
    if not asks and declaration.kind == "label":
        asks = f"Answer with one of: {', '.join(declaration.labels)}."
    profiles = {"bakeoff": _profile("bakeoff", declaration.grading(), declaration)}
    profiles |= {name: _profile(name, given, declaration) for name, given in declaration.profiles.items()}
    return type(
        "Declared_" + re.sub(r"\W", "_", declaration.name),
        (Declared,),
        {
            "__doc__": f"{declaration.name}: declared in a file of the user's",
            "declaration": declaration,
            "name": declaration.name,
            "source": Source(declaration.source, declaration.licence, declaration.revision),
            "files": MappingProxyType(files),
            "profiles": MappingProxyType(profiles),
            "default_split": declaration.default_split or next(iter(files)),
            "shots_split": declaration.shots_split,
            "max_tokens": declaration.max_tokens,
            "form": declaration.form or FORMS.get(declaration.kind, "answer"),
            "asks": asks,
        },
    )


def _profile(name: str, given: ProfileFields, declaration: Declaration) -> Profile:
    kind = given.kind or declaration.kind
    prompt = given.prompt
    scorer = given.scorer or ("likelihood" if given.ask == "likelihood" else SCORERS.get(kind, ""))
    if not scorer:
        raise ConfigInvalid(
            f"profile '{name}' of '{declaration.name}' names no scorer, and kind '{kind}' has none of its own",
            "add 'scorer:'; see 'bakeoff list scorers'",
        )
    if given.ask == "likelihood":
        if not declaration.columns.choices:
            raise ConfigInvalid(
                f"profile '{name}' of '{declaration.name}' compares likelihoods, and there are no choices",
                "name their columns: 'choices:' under 'columns:'",
            )
        prompt = prompt or LIKELIHOOD
    return Profile(name, kind, scorer, given.ask, prompt, given.find, given.options, given.note)


def cell(row: Row, column: str) -> str:
    """One cell as text. Raises DataInvalid when it is missing or no plain value."""
    value = row.get(column)
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, list | dict):
        raise row.wrong(column, f"a text or a number is expected, not {value!r:.40}")
    return str(value)


def choices_of(row: Row, columns: Columns) -> list[str]:
    """The texts of a row's choices; empty where none are declared. Columns that a row leaves empty are left out."""
    if not columns.choices:
        return []
    if len(columns.choices) == 1:
        (name,) = columns.choices
        found = [choice.strip() for choice in row.texts(name)]
    else:
        found = [cell(row, name).strip() if row.get(name) is not None else "" for name in columns.choices]
        while found and not found[-1]:
            found.pop()
    if not 2 <= len(found) <= len(LETTERS):
        raise row.wrong(columns.choices[0], f"2 to {len(LETTERS)} choices are expected, not {len(found)}")
    return found


def place_of(row: Row, column: str, choices: Sequence[str], answer_is: str) -> int:
    """Which of the choices is right, by what the answer column holds. Raises DataInvalid."""
    text = cell(row, column).strip()
    if answer_is == "text":
        places = [place for place, choice in enumerate(choices) if choice == text]
        if len(places) > 1:
            raise row.wrong(column, f"'{text:.40}' is {len(places)} of the choices")
        place = places[0] if places else -1
    elif answer_is == "letter":
        place = LETTERS.find(text.upper()) if len(text) == 1 else -1
    else:
        place = int(text) - (answer_is == "number") if re.fullmatch(r"\d{1,3}", text) else -1
    if not 0 <= place < len(choices):
        raise row.wrong(column, f"'{text:.40}' is none of the {len(choices)} choices (read as {answer_is})")
    return place
