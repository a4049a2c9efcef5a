"""A log of inspect_ai: an .eval file (a zip archive of JSON, a member for each sample) or a .json file.

An epoch is a repeat; the score is the first scorer's, or the one that is named. A sample with an error is
`error`; one that ran into a limit, or whose reply was cut and scored as wrong, is `truncated`; a score of N
(no answer) is `unparsed`: none of these is wrong here. Read of the sources of inspect_ai 0.3.285, `log/_log.py`
and `log/_recorders/eval.py` (https://github.com/UKGovernmentBEIS/inspect_ai). Example:

    log = read(Path("logs/2026-11-21_gsm8k.eval"), scorer="match")
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.origin import IMPORTED_FAULT
from bakeoff.core.types import FinishReason, Json, Outcome, Trial
from bakeoff.imports._reading import (
    Place,
    amount,
    check_file,
    count,
    hashed,
    listed,
    mapping,
    members,
    needed,
    number,
    parsed,
    seconds,
    text,
)
from bakeoff.imports._zipped import Archive
from bakeoff.imports.found import Answered, FoundCell, Log, Source, asked_digest, reply

TOOL = "inspect_ai"
_HINT = "name a log of inspect_ai, .eval or .json"
_VALUES = {"C": 1.0, "I": 0.0, "P": 0.5}
_NO_ANSWER = "N"
_CUT = ("max_tokens", "model_length")
_FINISH: Mapping[str, FinishReason] = {"stop": "stop", "content_filter": "refusal", **dict.fromkeys(_CUT, "length")}
_MOST = 1000  # characters of a reason
_TOLD = 300  # of an error


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which score of a sample counts: a scorer, and the key in its value where that has several."""

    scorer: str
    key: str
    model: str


def read(path: Path, scorer: str | None = None) -> Log:
    """Open a log. `scorer`: `NAME`, or `NAME/KEY` of one with several values.

    Raises DataMissing, DataInvalid, ConfigInvalid, MissingExtra.
    """
    check_file(path, _HINT)
    place = Place(path)
    header = _header_of_json(path) if path.suffix == ".json" else _header_of_archive(path)
    about = mapping(needed(header, "eval", place))
    model = text(needed(about, "model", place))
    scores = [mapping(score) for score in listed(mapping(header.get("results")).get("scores"))]
    named = [text(one.get("name")) for one in scores]
    named = named or [text(mapping(one).get("name")).rpartition("/")[2] for one in listed(about.get("scorers"))]
    wanted = scorer or (named[0] if named else "")
    if not wanted:
        raise place.wrong("no sample has a score", f"score it first: inspect score {path.name}")
    name, _, key = wanted.partition("/")
    cell = FoundCell(
        model=model,
        benchmark=text(about.get("task")).rpartition("/")[2] or "unknown",
        method=TOOL,
        profile=wanted,
        planned=_planned(about),
        reported=_reported(scores, wanted),
    )
    version = text(mapping(about.get("packages")).get(TOOL))
    settings = _Wanted(name, key, model)
    return Log(
        source=Source(TOOL, version, path.name, hashed(path)),
        cells=[cell],
        answered=lambda: (_answered(row, settings, at) for at, row in _samples(path)),
        complete=header.get("status") == "success",
        seconds=_between(mapping(header.get("stats"))),
        cautions=_ended(header),
    )


def _ended(header: Mapping[str, Json]) -> tuple[str, ...]:
    """What to know of a log whose status is not "success": the evaluation did not come to its end."""
    status = text(header.get("status"))
    if status == "success":
        return ()
    told = f"the log's status is '{status[:40]}'" if status else "the log has no status: its process was killed"
    why = " ".join(text(mapping(header.get("error")).get("message")).split())[:_TOLD]
    return (f"{told}{f' ({why})' if why else ''}: inspect_ai did not end it, and samples may be missing",)


def _header_of_archive(path: Path) -> dict[str, Json]:
    with Archive.open(path) as archive:
        for name in ("header.json", "_journal/start.json"):  # the second alone: the process was killed
            if name in archive.names:
                return parsed(archive.read(name), Place(path, f"member '{name}'"))
    raise Place(path).wrong("no log of inspect_ai (there is no header.json in it)", _HINT)


def _header_of_json(path: Path) -> dict[str, Json]:
    header: dict[str, Json] = {}
    for name, inner, value in members(path, "samples"):
        if not inner:
            header[name] = value
        elif "eval" in header:
            break  # it stands before the samples
    return header


def _samples(path: Path) -> Iterator[tuple[Place, dict[str, Json]]]:
    if path.suffix == ".json":
        for name, inner, value in members(path, "samples"):
            if name == "samples" and inner:
                yield Place(path, f"sample {inner}"), mapping(value)
        return
    with Archive.open(path) as archive:
        for name in archive.names:
            if name.startswith("samples/") and name.endswith(".json"):
                place = Place(path, f"member '{name}'")
                yield place, parsed(archive.read(name), place)


def _planned(about: Mapping[str, Json]) -> int | None:
    samples = count(mapping(about.get("dataset")).get("samples"))
    ids = listed(mapping(about.get("dataset")).get("sample_ids"))
    limited = len(ids) or samples
    return limited * (count(mapping(about.get("config")).get("epochs")) or 1) if limited else None


def _reported(scores: list[dict[str, Json]], wanted: str) -> float | None:
    for one in scores:
        if text(one.get("name")) == wanted:
            metrics = mapping(one.get("metrics"))
            found = mapping(metrics.get("accuracy") or metrics.get("mean")).get("value")
            return float(found) if isinstance(found, int | float) else None
    return None


def _between(stats: Mapping[str, Json]) -> float:
    with suppress(ValueError, TypeError):
        begun, ended = (datetime.fromisoformat(text(stats.get(name))) for name in ("started_at", "completed_at"))
        return max(0.0, (ended - begun).total_seconds())
    return 0.0


def _answered(row: dict[str, Json], wanted: _Wanted, place: Place) -> Answered:
    attached = mapping(row.get("attachments"))
    output = mapping(row.get("output"))
    choices = listed(output.get("choices"))
    stopped = text(mapping(choices[0]).get("stop_reason")) if choices else ""
    said = _resolved(output.get("completion"), attached) if choices else ""
    usage = mapping(mapping(row.get("model_usage")).get(wanted.model))
    asked_of = ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write")
    trial = Trial(
        cell=0,
        sample_id=text(needed(row, "id", place)),
        repeat=_epoch(row, place) - 1,
        outcome=Outcome.SCORED,
        target=_target(row.get("target")),
        rule=TOOL,
        prompt_tokens=sum(count(usage.get(name)) or 0 for name in asked_of) if usage else None,
        output_tokens=count(usage.get("output_tokens")),
        cost=amount(usage.get("total_cost")),
        latency_s=_spent(row, wanted.model),
    )
    _settle(trial, row, wanted, stopped, said, place)
    completion = None
    if choices:
        turns = _turns(row, attached)
        finish = _FINISH.get(stopped, "other")
        completion = reply(said, turns, finish, trial.prompt_tokens, trial.output_tokens, trial.latency_s)
    return Answered(trial, completion, asked_digest(_question(row.get("input"), attached)))


def _settle(trial: Trial, row: Mapping[str, Json], wanted: _Wanted, stopped: str, said: str, place: Place) -> None:
    """How the trial ended, in the order of law 1: faults first, then what cut it, then its score."""
    error, limit = mapping(row.get("error")), mapping(row.get("limit"))
    if error:
        trial.outcome, trial.error_code = Outcome.ERROR, IMPORTED_FAULT
        trial.error = _shortened(text(error.get("message"))) or "an error of inspect_ai without a message"
        return
    if limit:
        trial.outcome, trial.reason = Outcome.TRUNCATED, f"the {text(limit.get('type'))} limit was reached"
        return
    scores = mapping(row.get("scores"))
    if scores and wanted.scorer not in scores:
        raise ConfigInvalid(f"{place} has no score '{wanted.scorer}'", f"it has: {', '.join(scores)}")
    score = mapping(scores.get(wanted.scorer))
    value = _value(score.get("value"), wanted, place)
    trial.extracted = text(score.get("answer")) or None
    explained = text(score.get("explanation"))
    trial.reason = "" if explained == said else explained[:_MOST]
    if value is None:
        trial.outcome, trial.reason = Outcome.UNPARSED, trial.reason or "inspect_ai gave no score"
    elif value == 0 and stopped == "content_filter":
        trial.outcome = Outcome.REFUSED
    elif value == 0 and stopped in _CUT:
        trial.outcome = Outcome.TRUNCATED
    elif value == 0 and not said.strip():
        trial.outcome = Outcome.UNPARSED
    else:
        trial.value = value


def _shortened(said: str) -> str:
    """The beginning and the end of an error: between them stands the request, at the end the cause."""
    line = " ".join(said.replace("\\n", " ").split())
    return line if len(line) <= _TOLD else f"{line[: _TOLD // 3]} … {line[-_TOLD // 3 * 2 :]}"


def _value(value: Json, wanted: _Wanted, place: Place) -> float | None:
    """A score as a number; None where inspect_ai gave none."""
    if isinstance(value, dict):
        if wanted.key not in value:
            keys = ", ".join(f"{wanted.scorer}/{key}" for key in value)
            raise ConfigInvalid(f"{place}: score '{wanted.scorer}' has several values", f"choose with --metric: {keys}")
        value = value[wanted.key]
    if value is None or value == _NO_ANSWER or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        if value not in _VALUES:
            raise place.wrong(f"score '{wanted.scorer}' is '{value:.40}'", "choose another scorer with --metric")
        return _VALUES[value]
    return number(value, place, f"score '{wanted.scorer}'")


def _epoch(row: Mapping[str, Json], place: Place) -> int:
    epoch = row.get("epoch", 1)
    if not isinstance(epoch, int) or epoch < 1:
        raise place.wrong(f"epoch '{text(epoch)}' is no number from 1 on")
    return epoch


def _target(target: Json) -> str:
    return text(target[0] if isinstance(target, list) and len(target) == 1 else target)


def _spent(row: Mapping[str, Json], model: str) -> float:
    """Seconds in calls of the model; where events are not logged, those of the sample without its waits."""
    calls = [mapping(event) for event in listed(row.get("events"))]
    times = [call.get("working_time") for call in calls if call.get("event") == "model" and call.get("model") == model]
    if times:
        return sum(seconds(time) for time in times)
    return seconds(row.get("working_time")) or seconds(row.get("total_time"))


def _question(asked: Json, attached: Mapping[str, Json]) -> Json:
    """The input without the ids that are new each time."""
    if isinstance(asked, list):
        return [[mapping(turn).get("role"), _resolved(mapping(turn).get("content"), attached)] for turn in asked]
    return _resolved(asked, attached)


def _turns(row: Mapping[str, Json], attached: Mapping[str, Json]) -> list[Json]:
    """The messages before the last reply."""
    turns = [mapping(turn) for turn in listed(row.get("messages"))]
    while turns and turns[-1].get("role") == "assistant":
        turns.pop()
    return [{"role": turn.get("role"), "content": _resolved(turn.get("content"), attached)} for turn in turns]


def _resolved(content: Json, attached: Mapping[str, Json]) -> str:
    """Content as text: attachments filled in, parts joined, what is no text named by its kind."""
    if isinstance(content, list):
        return "\n".join(
            _resolved(part["text"], attached) if "text" in part else f"[{text(part.get('type'))}]"
            for part in map(mapping, content)
        )
    said = text(content)
    if said.startswith("attachment://"):
        return text(attached.get(said.removeprefix("attachment://"), said))
    return said
