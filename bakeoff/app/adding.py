"""Make a benchmark of a user's file by naming columns: a YAML file that says all there is to know.

What is not said is looked up in the file - whether answers are numbers, labels or texts, whether the right
choice is named by its text, its letter or its number - and written down, so that it can be read and changed.
Example:

    add(Wish(Path("capitals.csv"), "capitals", "question", "capital"), settings)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bakeoff.app import wiring
from bakeoff.app.own_benchmarks import from_yaml, kept_file
from bakeoff.app.settings import Settings
from bakeoff.app.writing import write_whole
from bakeoff.benchmarks import BENCHMARKS, GROUPS
from bakeoff.benchmarks._declaration import NAME, Columns, read_declaration
from bakeoff.benchmarks._files import DataHome, Row, read_rows
from bakeoff.benchmarks._hub import sha256
from bakeoff.benchmarks.declared import LETTERS, NUMBER, cell, choices_of, declared_class
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.prompts import named_in, template_name
from bakeoff.core.types import Json
from bakeoff.scorers import SCORERS

ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow")
MOST_LABELS = 20
_GIVEN = frozenset({"question", "answer", "choices"})  # what a template may name in any file
_SCAFFOLD = '''"""{name}: a benchmark of {file}.

Ask it with: bakeoff run --models fake/a --benchmarks {script}:{cls}
"""

from bakeoff.benchmarks.base import DataFile, FileBenchmark, Profile, Row, Sample, Source, text_digest


class {cls}(FileBenchmark):
    name = "{name}"
    source = Source("where the data comes from", "its licence", "1")
    files = {{"test": DataFile(({file!r},))}}
    profiles = {{"bakeoff": Profile("bakeoff", answer="{kind}", scorer="{scorer}")}}
    max_tokens = {tokens}
    form = "{form}"
    asks = {asks!r}

    def sample(self, row: Row) -> Sample:
{body}
'''


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user named; None and empty is what is to be found out."""

    file: Path
    name: str
    question: str
    answer: str
    choices: tuple[str, ...] = ()
    id: str | None = None
    worked: str | None = None
    kind: str | None = None
    scorer: str | None = None
    answer_is: str | None = None
    prompt: str | None = None
    find: str | None = None
    header: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    shots: Path | None = None
    licence: str | None = None
    max_tokens: int | None = None


@dataclass(slots=True)
class Added:
    """What was made: the file, its fields, how many samples it has."""

    path: Path
    fields: dict[str, Any] = field(default_factory=dict)
    samples: int = 0


def add(wish: Wish, settings: Settings, replace: bool = False, folder: Path | None = None) -> Added:
    """Look at the file, write the declaration, read every row by it. Raises UsageError and writes nothing then.

    `folder` in place of BAKEOFF_HOME/benchmarks.
    """
    if not re.match(NAME, wish.name):
        raise ConfigInvalid(f"'{wish.name}' is no name", "letters, digits, '.', '_' and '-', beginning with no sign")
    if wish.name in BENCHMARKS.targets() or wish.name in ("all", *GROUPS):
        raise ConfigInvalid(f"'{wish.name}' is a name of Bakeoff's own", "choose another --name")
    path = folder / f"{wish.name}.yaml" if folder is not None else kept_file(wish.name, settings.home)
    if path.exists() and not replace:
        raise ConfigInvalid(f"'{path}' exists", "choose another --name, or say --replace")
    fields = describe(wish)
    declaration = read_declaration(fields, path)
    made = declared_class(declaration, path.parent)(DataHome(settings.data, settings.home))
    for profile in made.profiles.values():
        wiring.build_scorer(profile.scorer, profile.options)
    samples = sum(1 for _ in made.samples(made.default_split))
    _write(path, fields)
    from_yaml(path)  # what was written is what will be read
    return Added(path, fields, samples)


def describe(wish: Wish) -> dict[str, Any]:
    """The fields of the declaration. Raises ConfigInvalid, DataInvalid, UnknownName."""
    if wish.scorer is not None and ".py:" not in wish.scorer:
        SCORERS.check(wish.scorer)
    rows = _read(wish.file, wish)
    _check_columns(wish, rows)
    _check_prompt(wish, rows)
    _check_find(wish.find)
    data = {"test": wish.file} | ({"shots": wish.shots} if wish.shots is not None else {})
    columns: dict[str, Any] = {"question": wish.question, "answer": wish.answer}
    columns |= {"choices": list(wish.choices)} if wish.choices else {}
    columns |= {name: value for name in ("id", "worked") if (value := getattr(wish, name)) is not None}
    fields: dict[str, Any] = {"name": wish.name, "data": {split: str(at.absolute()) for split, at in data.items()}}
    fields["sha256"] = {split: sha256(at) for split, at in data.items()}
    fields |= {"shots_split": "shots"} if wish.shots is not None else {}
    for name in ("header", "within"):
        fields |= {name: list(getattr(wish, name))} if getattr(wish, name) else {}
    fields["columns"] = columns
    fields |= _grading(wish, rows)
    fields |= {"licence": wish.licence} if wish.licence else {}
    fields |= {"prompt": wish.prompt} if wish.prompt else {}
    fields |= {"find": wish.find} if wish.find else {}
    fields |= {"max_tokens": wish.max_tokens} if wish.max_tokens else {}
    return fields


def _read(path: Path, wish: Wish) -> list[Row]:
    if not path.is_file():
        raise ConfigInvalid(f"there is no file '{path}'", "check its name")
    if not path.name.removesuffix(".gz").endswith(ENDINGS):
        raise ConfigInvalid(f"'{path}' has none of the endings {', '.join(ENDINGS)}", "name it after what it is")
    return list(read_rows(path, wish.header, wish.within))


def _check_columns(wish: Wish, rows: Sequence[Row]) -> None:
    """Every column named is in the first row; the nearest is suggested."""
    first = rows[0]
    named = [wish.question, wish.answer, *wish.choices, *(c for c in (wish.id, wish.worked) if c is not None)]
    for column in named:
        if not first.has(column.split(".")[0]) and not first.has(column):
            raise UnknownName("column", column, first.names(), see=f"the columns: {', '.join(first.names())[:200]}")


def _check_prompt(wish: Wish, rows: Sequence[Row]) -> None:
    """A template names a field, so that no two samples are asked alike, and only those that every row has."""
    if wish.prompt is None:
        return
    own = [{template_name(name) for name in row.texts_of_cells()} | _GIVEN for row in rows]
    known = ", ".join(f"{{{name}}}" for name in sorted(set.intersection(*own)))
    named = named_in(wish.prompt)
    if not named:
        raise ConfigInvalid(
            f"'{' '.join(wish.prompt.split()):.60}' in --prompt names no field, so all would be asked the same",
            f"write it like 'Q: {{question}}\\nA:'; known: {known:.200}",
        )
    for name in sorted(named):
        without = next((row for row, has in zip(rows, own, strict=True) if name not in has), None)
        if without is not None and any(name in has for has in own):
            raise without.wrong(name, "--prompt names it, and it is not in this row")
        if without is not None:
            raise ConfigInvalid(f"--prompt names '{{{name}}}', which is no column", f"known: {known:.200}")


def _check_find(pattern: str | None) -> None:
    """The first group is the answer: there is one. What is no pattern at all is told where it is read."""
    with suppress(re.error):
        if pattern is not None and not re.compile(pattern).groups:
            raise ConfigInvalid(
                f"'{pattern:.60}' in --find has no group, and the first group is the answer",
                "put the answer in brackets, like 'Answer: (.*)'",
            )


def _grading(wish: Wish, rows: Sequence[Row]) -> dict[str, Any]:
    """Kind, scorer, labels, and how the right choice is named."""
    kind = wish.kind
    fields: dict[str, Any] = {}
    if wish.choices:
        fields["answer_is"] = wish.answer_is or _answer_is(wish, rows)
        kind = kind or "letter"
    elif wish.kind is None or wish.kind == "label":
        found = _answers(wish, rows)
        kind = kind or _kind(found)
        if kind == "label":
            fields["labels"] = sorted(set(found))[: MOST_LABELS + 1]
    if len(fields.get("labels", ())) > MOST_LABELS:
        raise ConfigInvalid(
            f"column '{wish.answer}' has more than {MOST_LABELS} different answers, which are no labels",
            "use --kind text or number",
        )
    fields = {"kind": kind, **fields}
    return fields | ({"scorer": wish.scorer} if wish.scorer else {})


def _answers(wish: Wish, rows: Sequence[Row]) -> list[str]:
    found: list[str] = []
    for row in rows:
        value: Json = row.get(wish.answer)
        found += row.texts(wish.answer) if isinstance(value, list) else [cell(row, wish.answer).strip()]
    return found


def _kind(answers: Sequence[str]) -> str:
    """number where all are, label where few words come again and again, else text."""
    if all(NUMBER.fullmatch(answer) for answer in answers):
        return "number"
    distinct = len(set(answers))
    return "label" if 2 <= distinct <= MOST_LABELS and len(answers) >= 5 * distinct else "text"


def _answer_is(wish: Wish, rows: Sequence[Row]) -> str:
    """How the right choice is named, where the whole file leaves one way only. Raises ConfigInvalid."""
    columns = Columns(question=wish.question, answer=wish.answer, choices=wish.choices)
    pairs = [(cell(row, wish.answer).strip(), choices_of(row, columns)) for row in rows]
    ways = ("text", "letter", "index", "number")
    possible = [way for way in ways if all(_fits(way, *pair) for pair in pairs)]
    if possible:
        if len(possible) == 1:
            return possible[0]
        raise ConfigInvalid(
            f"column '{wish.answer}' names the right choice in more than one way ({' or '.join(possible)})",
            "say which with --answer-is (index counts from 0, number from 1)",
        )
    likeliest = max(ways, key=lambda way: sum(_fits(way, *pair) for pair in pairs))
    row = next(row for row, pair in zip(rows, pairs, strict=True) if not _fits(likeliest, *pair))
    answer, choices = cell(row, wish.answer).strip(), choices_of(row, columns)
    if (alike := choices.count(answer)) > 1:
        raise row.wrong(
            wish.answer, f"'{answer:.40}' is {alike} of the choices, and which of them is right is not told"
        )
    raise row.wrong(wish.answer, f"'{cell(row, wish.answer):.40}' is neither text, letter nor number of a choice")


def _fits(way: str, answer: str, choices: Sequence[str]) -> bool:
    if way == "text":
        return choices.count(answer) == 1
    if way == "letter":
        return answer.upper() in tuple(LETTERS[: len(choices)])
    place = int(answer) - (way == "number") if re.fullmatch(r"\d{1,3}", answer) else -1
    return 0 <= place < len(choices)


def _write(path: Path, fields: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=110)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigInvalid(f"'{path.parent}' cannot be made ({error.strerror})", "set BAKEOFF_HOME") from None
    write_whole(path, [text.encode()])


def scaffold(wish: Wish, script: Path, replace: bool = False) -> Path:
    """Write a Python class that does what the declaration would, for more to be added. Raises UsageError."""
    if script.exists() and not replace:
        raise ConfigInvalid(f"'{script}' exists", "choose another name, or say --replace")
    fields = describe(wish)
    declaration = read_declaration(fields, script)
    made = declared_class(declaration, script.parent)
    profile = made.profiles["bakeoff"]
    cls = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", wish.name))
    cls = cls if cls[:1].isalpha() else f"B{cls}"
    text = _SCAFFOLD.format(
        name=wish.name,
        file=str(wish.file.absolute()),
        script=script,
        cls=cls,
        kind=profile.answer,
        scorer=profile.scorer,
        tokens=made.max_tokens,
        form=made.form,
        asks=made.asks,
        body=_body(wish, fields),
    )
    write_whole(script, [text.encode()])
    return script


def _body(wish: Wish, fields: dict[str, Any]) -> str:
    lines = [f"stem = row.text({wish.question!r}).strip()"]
    if wish.choices:
        one = len(wish.choices) == 1
        lines.append(f"choices = {_choices(wish, one)}")
        lines.append('labels = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(choices)])')
        lines.append(f"answer = str(row.get({wish.answer!r})).strip()")
        lines.append(f"target = {_target(str(fields['answer_is']))}")
        lines.append('question = "\\n".join([stem, *(f"{label}. {text}" for label, text in zip(labels, choices))])')
        more = ", labels=labels, choices=tuple(choices)"
        lines.append(f"return Sample(text_digest(question), question, target, target{more})")
    else:
        lines.append(f"target = str(row.get({wish.answer!r})).strip()")
        labels = f", labels={tuple(fields['labels'])!r}" if "labels" in fields else ""
        lines.append(f"return Sample(text_digest(stem), stem, target, target{labels})")
    return "\n".join(f"        {line}" for line in lines)


def _choices(wish: Wish, one: bool) -> str:
    if one:
        return f"row.texts({wish.choices[0]!r})"
    return f"[row.text(name) for name in {wish.choices!r}]"


def _target(answer_is: str) -> str:
    if answer_is == "text":
        return "labels[choices.index(answer)]"
    if answer_is == "letter":
        return "answer.upper()"
    return "labels[int(answer)]" if answer_is == "index" else "labels[int(answer) - 1]"
