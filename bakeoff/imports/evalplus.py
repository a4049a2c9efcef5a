"""What `evalplus.evaluate` writes: NAME_eval_results.json, beside the samples it graded (NAME.jsonl).

The base tests are one cell; base and extra tests together, by which evalplus's second figure counts, are
another. A task answered several times has as many repeats. Read of the sources of evalplus 0.3.1,
`evaluate.py` (https://github.com/evalplus/evalplus). Example:

    log = read(Path("model_temp_0.0_eval_results.json"))
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bakeoff.core.errors import DataInvalid
from bakeoff.core.types import Json, Outcome, Trial
from bakeoff.imports._reading import Place, check_file, hashed, listed, mapping, members, needed, text
from bakeoff.imports.found import Answered, FoundCell, Log, Source, asked_digest, reply

TOOL = "evalplus"
PROFILES = ("base", "plus")
_HINT = "name the NAME_eval_results.json that evalplus.evaluate wrote"
NO_RESULT = "evalplus logged no result of this task"
_KNOWN = ("pass", "fail", "timeout")
_BENCHMARKS = {"humaneval": "humaneval", "mbpp": "mbpp"}


def read(path: Path, model: str | None = None) -> Log:
    """Open a results file. Raises DataMissing and DataInvalid."""
    check_file(path, _HINT)
    if path.suffix == ".jsonl":
        raise DataInvalid(f"'{path}' holds samples and no results", _HINT)
    name = path.stem.removesuffix("_eval_results")
    benchmark, plus = _looked_at(path)
    cells = [FoundCell(model or name, benchmark, TOOL, profile) for profile in PROFILES[: 2 if plus else 1]]
    return Log(Source(TOOL, "", path.name, hashed(path)), cells, lambda: _answered(path, plus))


def _looked_at(path: Path) -> tuple[str, bool]:
    """The benchmark by the first task's name, and whether the extra tests were run, by the first task with a result."""
    known = None
    for name, task, value in members(path, "eval"):
        if name != "eval" or not task:
            continue
        results = listed(value)
        benchmark = known or _BENCHMARKS.get(task.partition("/")[0].lower())
        if benchmark is None:
            raise Place(path).wrong(f"'{task}' is no task of HumanEval+ or MBPP+", _HINT)
        if results:
            return benchmark, mapping(results[0]).get("plus_status") is not None
        known = benchmark
    if known is not None:
        raise Place(path).wrong("no task has a result", _HINT)
    raise Place(path).wrong("field 'eval' is missing or empty", _HINT)


def _answered(path: Path, plus: bool) -> Iterator[Answered]:
    data = ""
    for name, task, value in members(path, "eval"):
        if name == "hash":
            data = text(value)  # of the data set, which stands before the tasks
        if name != "eval" or not task:
            continue
        place = Place(path, f"task '{task}'")
        if not isinstance(value, list):
            raise place.wrong("a list of results is expected (the format of evalplus 0.2 and later)", _HINT)
        if not value:  # counts as missing, and neither as wrong nor as not asked
            for cell in range(2 if plus else 1):
                yield Answered(
                    Trial(cell, task, 0, Outcome.UNPARSED, rule=TOOL, reason=NO_RESULT),
                    None,
                    asked_digest([data, task]),
                )
        for repeat, result in enumerate(value):
            yield from _graded(task, repeat, mapping(result), data, plus, place)


def _graded(task: str, repeat: int, result: dict[str, Json], data: str, plus: bool, place: Place) -> Iterator[Answered]:
    base = _status(result, "base_status", place)
    solution = text(needed(result, "solution", place))
    asked = asked_digest([data, task])
    if not solution.strip():
        base = ""
    yield Answered(_trial(0, task, repeat, base), reply(solution), asked)
    if plus:
        extra = _status(result, "plus_status", place)
        yield Answered(_trial(1, task, repeat, base if base != "pass" else extra), reply(solution), asked)


def _status(result: dict[str, Json], name: str, place: Place) -> str:
    found = needed(result, name, place)
    if found not in _KNOWN:
        raise place.wrong(f"field '{name}' is '{text(found)}', and not one of {', '.join(_KNOWN)}", _HINT)
    return text(found)


def _trial(cell: int, task: str, repeat: int, status: str) -> Trial:
    if not status:
        return Trial(cell, task, repeat, Outcome.UNPARSED, rule=TOOL, reason="there is no program")
    return Trial(
        cell=cell,
        sample_id=task,
        repeat=repeat,
        outcome=Outcome.SCORED,
        value=1.0 if status == "pass" else 0.0,
        rule=TOOL,
        reason="" if status == "pass" else status,
    )
