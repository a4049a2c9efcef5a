"""Any file with a JSON object for each sample and line; and what `bakeoff export` wrote, without a loss.

Columns are found by the names they usually have (`NAMES`), or are named: {"score": "metrics.f1"}. What
`bakeoff export` wrote is known by its fields, and comes back with outcomes, costs and times. Example:

    log = read(Path("log.jsonl"), Wish(benchmark="capitals", columns={"score": "is_right"}))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.origin import IMPORTED_FAULT
from bakeoff.core.types import Completion, FinishReason, Json, Outcome, Trial
from bakeoff.imports._reading import (
    Place,
    amount,
    check_file,
    count,
    hashed,
    json_lines,
    listed,
    mapping,
    needed,
    number,
    seconds,
    text,
)
from bakeoff.imports.found import Answered, FoundCell, Log, Source, asked_digest, reply

TOOL = "jsonl"
_EXPORT = frozenset({"run", "sample_id", "outcome", "score", "content_key"})
_HINT = "name a file with a JSON object for each sample"
NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "sample_id", "doc_id", "task_id", "question_id", "uid", "idx", "index"),
    "prompt": ("prompt", "messages", "input"),
    "question": ("question",),
    "response": ("response", "output", "completion", "generation", "prediction"),
    "extracted": ("extracted", "extracted_answer", "parsed"),
    "target": ("target", "reference", "gold", "expected", "ground_truth", "label"),
    "score": ("score", "value"),
    "correct": ("correct", "is_correct", "passed"),
    "model": ("model", "model_name"),
    "benchmark": ("benchmark", "dataset", "task"),
    "method": ("method",),
    "repeat": ("repeat", "epoch", "attempt"),
    "error": ("error",),
    "finish_reason": ("finish_reason", "stop_reason"),
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "cost": ("cost", "cost_usd"),
    "latency_s": ("latency_s", "latency", "seconds"),
}
_FIXED = ("id", "model", "benchmark", "method", "repeat")  # in every line, when they are in the first
_RIGHT = {"true": 1.0, "correct": 1.0, "yes": 1.0, "c": 1.0, "false": 0.0, "incorrect": 0.0, "no": 0.0, "i": 0.0}
_LEAVE_OUT = "correct it, or leave the field out"
_FINISH: Mapping[str, FinishReason] = {
    **dict.fromkeys(("length", "max_tokens"), "length"),
    **dict.fromkeys(("content_filter", "refusal"), "refusal"),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user named: columns by field, and what no column says."""

    columns: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    benchmark: str | None = None
    method: str | None = None


def read(path: Path, wish: Wish = Wish()) -> Log:
    """Open a file; its cells are known when it was read. Raises DataMissing, DataInvalid, ConfigInvalid."""
    for name in wish.columns:
        if name not in NAMES:
            raise ConfigInvalid(f"--field knows no '{name}'", f"it knows: {', '.join(NAMES)}")
    check_file(path, _HINT)
    first = next(json_lines(path), None)
    if first is None:
        raise Place(path).wrong("empty lines only", _HINT)
    place, row = first
    reader = _Export(wish) if row.keys() >= _EXPORT and not wish.columns else _Columns.of(row, wish, place)
    return Log(
        source=Source(reader.tool, "", path.name, hashed(path)),
        cells=reader.cells,
        answered=lambda: (reader.answered(row, place) for place, row in reader.started(path)),
        options={name: f"{name}={column}" for name, column in wish.columns.items()},
    )


class _Cells:
    """Gives each cell its place, in the order in which they are met."""

    tool = TOOL

    def __init__(self) -> None:
        self.cells: list[FoundCell] = []
        self._places: dict[FoundCell, int] = {}
        self._counts: dict[int, int] = {}

    def started(self, path: Path) -> Iterator[tuple[Place, dict[str, Json]]]:
        self._counts.clear()
        return json_lines(path)

    def place_of(self, cell: FoundCell) -> int:
        found = self._places.setdefault(cell, len(self.cells))
        if found == len(self.cells):
            self.cells.append(cell)
        return found

    def counted(self, cell: int) -> int:
        """The number of the line among those of its cell: an id for lines that have none."""
        self._counts[cell] = self._counts.get(cell, 0) + 1
        return self._counts[cell]

    def answered(self, row: Mapping[str, Json], place: Place) -> Answered:
        raise NotImplementedError


class _Columns(_Cells):
    """Lines of somebody else's."""

    def __init__(self, wish: Wish, fixed: Mapping[str, str], stem: str) -> None:
        super().__init__()
        self._wish, self._fixed, self._stem = wish, fixed, stem

    @classmethod
    def of(cls, row: Mapping[str, Json], wish: Wish, place: Place) -> _Columns:
        """Settle the columns by the first line."""
        fixed = {name: found for name in NAMES if (found := _column(row, name, wish.columns)) is not None}
        for name, column in wish.columns.items():
            if name in (*_FIXED, "score", "correct") and name not in fixed:
                raise place.wrong(f"field '{column}' is missing", f"it has: {', '.join(row)}")
        if not {"score", "correct", "error"} & fixed.keys():
            raise place.wrong(f"no field for the score among: {', '.join(row)}", "name it: --field score=NAME")
        if wish.benchmark is None and "benchmark" not in fixed:
            raise ConfigInvalid(f"'{place.path}' does not say what was asked", "name it: --benchmark NAME")
        return cls(wish, fixed, place.path.stem)

    def answered(self, row: Mapping[str, Json], place: Place) -> Answered:
        cell = self.place_of(self._cell(row, place))
        prompt, said = self._got(row, "prompt"), self._got(row, "response")
        target = self._got(row, "target")
        trial = Trial(
            cell=cell,
            sample_id=text(self._fixed_of(row, "id", place)) or str(self.counted(cell)),
            repeat=_repeat(self._fixed_of(row, "repeat", place), place),
            outcome=Outcome.SCORED,
            target=text(target),
            extracted=text(self._got(row, "extracted")) or None,
            rule=TOOL,
            prompt_tokens=_tokens(self._got(row, "prompt_tokens"), place, "prompt_tokens"),
            output_tokens=_tokens(self._got(row, "output_tokens"), place, "output_tokens"),
            cost=_cost(self._got(row, "cost"), place),
            latency_s=seconds(self._got(row, "latency_s")),
        )
        finish = _FINISH.get(text(self._got(row, "finish_reason")), "stop")
        self._settle(trial, row, said, finish, place)
        asked = self._got(row, "question") or (prompt if target is None else None)
        completion = None if said is None else _completion(trial, said, prompt, finish)
        return Answered(trial, completion, asked_digest(asked) if asked else "")

    def _settle(self, trial: Trial, row: Mapping[str, Json], said: Json, finish: FinishReason, place: Place) -> None:
        error = self._got(row, "error")
        if error:
            trial.outcome, trial.error_code, trial.error = Outcome.ERROR, IMPORTED_FAULT, text(error)[:1000]
            return
        value = self._score(row, place)
        if value is None:
            trial.outcome, trial.reason = Outcome.UNPARSED, "the log has no score"
        elif value == 0 and finish == "length":
            trial.outcome = Outcome.TRUNCATED
        elif value == 0 and finish == "refusal":
            trial.outcome = Outcome.REFUSED
        elif value == 0 and said is not None and not text(said).strip():
            trial.outcome, trial.reason = Outcome.UNPARSED, "the reply is empty"
        else:
            trial.value = value

    def _score(self, row: Mapping[str, Json], place: Place) -> float | None:
        name = "score" if "score" in self._fixed else "correct"
        column = self._fixed.get(name)
        if column is None or _at(row, column) is _MISSING:
            raise place.wrong(f"field '{column or 'score'}' is missing", "name another one: --field score=NAME")
        value = self._got(row, name)
        hint = f"name another one: --field {name}=NAME"
        if name == "correct" and value is not None:
            found = _RIGHT.get(value.strip().lower()) if isinstance(value, str) else number(value, place, column, hint)
            if found not in (0.0, 1.0):
                raise place.wrong(f"field '{column}' is '{text(value):.40}', and neither true nor false", hint)
            return found
        return None if value is None else number(value, place, f"field '{column}'", hint)

    def _cell(self, row: Mapping[str, Json], place: Place) -> FoundCell:
        method = self._wish.method or text(self._fixed_of(row, "method", place))
        return FoundCell(
            model=self._wish.model or text(self._fixed_of(row, "model", place)) or self._stem,
            benchmark=self._wish.benchmark or text(self._fixed_of(row, "benchmark", place)),
            method=method or TOOL,
            profile=self._fixed.get("score") or self._fixed.get("correct") or "score",
        )

    def _fixed_of(self, row: Mapping[str, Json], name: str, place: Place) -> Json:
        """A field that every line has, or none."""
        column = self._fixed.get(name)
        if column is None:
            return None
        found = _at(row, column)
        hint = "give it to every line, or to none"
        if found is _MISSING:
            raise place.wrong(f"field '{column}' is missing, which line 1 has", hint)
        if found is None or (isinstance(found, str) and not found.strip()):
            raise place.wrong(f"field '{column}' is empty", hint)
        return _json(found)

    def _got(self, row: Mapping[str, Json], name: str) -> Json:
        column = _column(row, name, self._wish.columns)
        return None if column is None else _json(_at(row, column))


class _Export(_Cells):
    """Lines that `bakeoff export` wrote."""

    tool = "bakeoff"

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._wish = wish

    def answered(self, row: Mapping[str, Json], place: Place) -> Answered:
        names = ("model", "preset", "benchmark", "method")
        model, preset, benchmark, method = (text(needed(row, name, place)) for name in names)
        found = FoundCell(
            model=self._wish.model or text(row.get("variant")) or model,
            benchmark=self._wish.benchmark or benchmark,
            method=self._wish.method or method,
            profile=text(row.get("profile")) or "score",
            number=count(row.get("cell")) or 0,
            preset=preset,
            planned=count(row.get("planned")),
            grading="given",
            data_digest=text(row.get("data_digest")),
        )
        said = row.get("answer")
        trial = _exported(row, self.place_of(found), place)
        completion = None if said is None else _completion(trial, said, row.get("prompt"), "stop")
        return Answered(trial, completion, keys=tuple(text(key) for key in listed(row.get("content_keys"))))


def _exported(row: Mapping[str, Json], cell: int, place: Place) -> Trial:
    outcome, value = text(needed(row, "outcome", place)), row.get("score")
    if outcome not in list(Outcome):
        raise place.wrong(f"'{outcome}' is no outcome", f"known: {', '.join(Outcome)}")
    if Outcome(outcome).graded != (value is not None):
        raise place.wrong(f"outcome '{outcome}' and score '{text(value)}' exclude each other")
    return Trial(
        cell=cell,
        sample_id=text(needed(row, "sample_id", place)),
        repeat=_repeat(row.get("repeat"), place),
        outcome=Outcome(outcome),
        value=None if value is None else number(value, place, "field 'score'", "correct it"),
        target=text(row.get("target")),
        extracted=_optional(row.get("extracted")),
        rule=_optional(row.get("rule")),
        reason=text(row.get("reason")),
        parts={
            name: number(part, place, f"part '{name}'", "correct it")
            for name, part in mapping(row.get("parts")).items()
        },
        prompt_tokens=_tokens(row.get("prompt_tokens"), place, "prompt_tokens"),
        output_tokens=_tokens(row.get("output_tokens"), place, "output_tokens"),
        cost=_cost(row.get("cost"), place),
        latency_s=seconds(row.get("latency_s")),
        cached=count(row.get("cached")) or 0,
        error_code=_optional(row.get("error_code")),
        error=_optional(row.get("error")),
    )


class _Missing:
    """Stands for a column that a line does not have."""


_MISSING = _Missing()


def _column(row: Mapping[str, Json], name: str, named: Mapping[str, str]) -> str | None:
    """The column of a field in this line: the one that was named, else the first that is known and there."""
    candidates = (named[name],) if name in named else NAMES[name]
    return next((one for one in candidates if _at(row, one) is not _MISSING), None)


def _at(row: Mapping[str, Json], column: str) -> Json | _Missing:
    """The value of a column; `a.b` is `b` in the object `a` where no column has that name."""
    if column in row:
        return row[column]
    first, dot, rest = column.partition(".")
    inner = row.get(first) if dot else None
    return _at(inner, rest) if isinstance(inner, dict) else _MISSING


def _json(value: Json | _Missing) -> Json:
    return None if isinstance(value, _Missing) else value


def _optional(value: Json) -> str | None:
    return None if value is None else text(value)


def _repeat(value: Json, place: Place) -> int:
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise place.wrong(f"the repeat '{text(value):.40}' is no whole number from 0 on")
    return value


def _tokens(value: Json, place: Place, name: str) -> int | None:
    """A number of tokens; what is no number is unknown, and one that no reply can have is refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = count(value)
    if found is None:
        raise place.wrong(f"'{name}' is {text(value):.40}, which is no number of tokens", _LEAVE_OUT)
    return found


def _cost(value: Json, place: Place) -> float | None:
    if value is None:
        return None
    number(value, place, "the cost", _LEAVE_OUT)
    found = amount(value)
    if found is None:
        raise place.wrong(f"the cost is {text(value):.40}, which is no price of an answer in US dollars", _LEAVE_OUT)
    return found


def _completion(trial: Trial, said: Json, prompt: Json, finish: FinishReason) -> Completion:
    asked: str | list[Json] = prompt if isinstance(prompt, list) else text(prompt)
    return reply(text(said), asked, finish, trial.prompt_tokens, trial.output_tokens, trial.latency_s)
