"""The output folder of lm-evaluation-harness: results_*.json and, with --log_samples, samples_TASK_*.jsonl.

Each task and filter is a cell; its score is the task's first metric, or the one that is named. lm-eval has
no word for a fault: a call that brought nothing back is logged as an empty reply and scored as wrong. An
empty reply without a score is therefore `unparsed` here, and never wrong. Read of the sources of lm-eval
0.4.13, `loggers/evaluation_tracker.py` and `models/api_models.py`
(https://github.com/EleutherAI/lm-evaluation-harness). Example:

    log = read(Path("out/model"), Choice(filters=("strict-match",)))
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from bakeoff.core.errors import ConfigInvalid, DataInvalid, DataMissing
from bakeoff.core.types import Completion, Json, Outcome, Trial
from bakeoff.imports._reading import (
    LONGEST,
    Place,
    check_file,
    count,
    hashed,
    json_lines,
    listed,
    mapping,
    needed,
    number,
    parsed,
    seconds,
    text,
)
from bakeoff.imports.found import Answered, FoundCell, Log, Source, asked_digest, reply

TOOL = "lm-eval"
EMPTY = "lm-eval logged an empty reply, which may be a failed call: it does not say"
UNKNOWN = "the log has no reply: the score is lm-eval's, and whether the call failed is not known"
_HINT = "name the folder with results_*.json, or one such file"
_SHARES = ("acc", "exact_match", "em", "contains", "pass", "mc1", "prompt_level")  # right or wrong for each sample
_LONGEST_NAME = 255  # bytes of a file's name
_SHOWN = 60
_CAUTION = "lm-eval has no outcome for failed calls: an empty reply that it scored 0 is unparsed here, not wrong"


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the log is wanted; empty is all, and the metric that the task names first."""

    tasks: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class _Samples:
    """One samples file: its task, the metric taken, and filter → place of the cell."""

    path: Path
    task: str
    metric: str
    cells: Mapping[str, int]
    planned: int | None


def read(path: Path, choice: Choice = Choice()) -> Log:
    """Open a folder, or one results file. Raises DataMissing, DataInvalid, ConfigInvalid."""
    found = _results_file(path)
    if found.stat().st_size > LONGEST:
        raise DataInvalid(f"'{found}' is larger than {LONGEST >> 20} MB", "this is no results file of lm-eval")
    place = Place(found)
    results = parsed(found.read_bytes(), place)
    scores = mapping(needed(results, "results", place))
    model = text(results.get("model_name")) or text(mapping(results.get("config")).get("model"))
    if not model:
        raise place.wrong("field 'model_name' is missing", _HINT)
    files: list[_Samples] = []
    cells: list[FoundCell] = []
    for task, file in _sample_files(found, results, choice.tasks).items():
        metrics = mapping(scores.get(task))
        samples = _opened(file, task, metrics, choice, len(cells), _planned(results, task))
        files.append(samples)
        cells += [_cell(model, samples, name, metrics) for name in samples.cells]
    source = Source(TOOL, text(results.get("lm_eval_version")), found.name, hashed(found, *(f.path for f in files)))
    spent = text(results.get("total_evaluation_time_seconds"))
    return Log(
        source=source,
        cells=cells,
        answered=lambda: (answered for samples in files for answered in _answered(samples)),
        seconds=seconds(float(spent)) if spent.replace(".", "", 1).isdigit() else 0.0,
        cautions=(_CAUTION,),
    )


def _results_file(path: Path) -> Path:
    if path.is_file():
        return check_file(path, _HINT)
    if not path.is_dir():
        raise DataMissing(f"no folder '{path}'", _HINT)
    found = sorted(path.glob("results_*.json")) or sorted(path.glob("*/results_*.json"))
    if len(found) == 1:
        return check_file(found[0], _HINT)
    if found:
        raise ConfigInvalid(
            f"'{path}' holds {len(found)} results of lm-eval",
            f"name one: bakeoff import lm-eval {found[-1]}",
        )
    stray = next(iter(sorted(path.glob("samples_*.jsonl"))), None)
    if stray is not None:
        raise DataMissing(f"'{path}' has '{stray.name}' and no results_*.json", "keep the two together")
    raise DataMissing(f"no results_*.json in '{path}'", "name what --output_path of lm-eval was, or a folder in it")


def _sample_files(found: Path, results: Mapping[str, Json], wanted: Sequence[str]) -> dict[str, Path]:
    """Task → its samples file. Groups have none: their tasks do."""
    groups = {name for name, members in mapping(results.get("group_subtasks")).items() if members}
    tasks = [task for task in mapping(results.get("results")) if task not in groups]
    for name in wanted:
        if name not in tasks:
            raise ConfigInvalid(f"no task '{name}' in '{found}'", f"it has: {', '.join(tasks)}")
    date = found.stem.removeprefix("results_")
    files = {task: _beside(found, task, f"samples_{task}_{date}.jsonl") for task in wanted or tasks}
    missing = [task for task, file in files.items() if not file.is_file()]
    if missing and (wanted or len(missing) == len(files)):
        raise DataMissing(
            f"no samples of task '{missing[0]}' beside '{found}': there is no '{files[missing[0]].name}'",
            "run lm-eval again with --log_samples",
        )
    if missing:
        raise DataMissing(
            f"no samples of {len(missing)} of {len(files)} tasks beside '{found}' (first: '{missing[0]}')",
            "put the files back, or name the tasks that are there with --task",
        )
    if not files:
        raise DataInvalid(f"'{found}' names no task", _HINT)
    return files


def _beside(found: Path, task: str, name: str) -> Path:
    """The samples file of a task. A name that no file can have was not written by lm-eval."""
    if any(mark in name for mark in "/\\\0") or len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        told = task if len(task) <= _SHOWN else f"{task[:_SHOWN]}…"
        raise DataInvalid(
            f"'{found}' names a task '{told}', and no samples file can be called after that",
            "correct the name in field 'results', or take the others with --task",
        )
    return found.with_name(name)


def _planned(results: Mapping[str, Json], task: str) -> int | None:
    return count(mapping(mapping(results.get("n-samples")).get(task)).get("effective"))


def _opened(
    file: Path, task: str, metrics: Mapping[str, Json], choice: Choice, first: int, planned: int | None
) -> _Samples:
    check_file(file, "run lm-eval again with --log_samples")
    place, row = next(json_lines(file), (Place(file), {}))
    known = [text(name) for name in listed(needed(row, "metrics", place))]
    metric = choice.metric or (known[0] if known else "")
    if metric not in known:
        raise ConfigInvalid(f"task '{task}' has no metric '{metric}'", f"it has: {', '.join(known) or 'none'}")
    pairs = [name.partition(",") for name in metrics]
    filters = list(dict.fromkeys(after for name, _, after in pairs if after and name in known))
    filters = filters or [text(row.get("filter")) or "none"]
    for name in choice.filters:
        if name not in filters:
            raise ConfigInvalid(f"task '{task}' has no filter '{name}'", f"it has: {', '.join(filters)}")
    taken = [name for name in filters if not choice.filters or name in choice.filters]
    return _Samples(file, task, metric, {name: first + i for i, name in enumerate(taken)}, planned)


def _cell(model: str, samples: _Samples, name: str, metrics: Mapping[str, Json]) -> FoundCell:
    reported = metrics.get(f"{samples.metric},{name}")
    share = samples.metric.startswith(_SHARES) or samples.metric.endswith("_acc")
    return FoundCell(
        model=model,
        benchmark=samples.task,
        method=TOOL,
        profile=samples.metric if name == "none" else f"{samples.metric}/{name}",
        planned=samples.planned,
        reported=float(reported) if isinstance(reported, int | float) else None,
        grading="found" if share else "degrees",
    )


def _answered(samples: _Samples) -> Iterator[Answered]:
    seen = dict.fromkeys(samples.cells, 0)
    for place, row in json_lines(samples.path):
        name = text(row.get("filter")) or "none"
        if name not in samples.cells:
            continue
        seen[name] += 1
        yield _one(row, samples.cells[name], samples.metric, place)
    for name, found in seen.items():
        if samples.planned is not None and found != samples.planned:
            raise DataInvalid(
                f"'{samples.path}' has {found:,} samples of filter '{name}', and lm-eval made {samples.planned:,}",
                "the file was cut or mixed with another one: copy it again",
            )


def _one(row: Mapping[str, Json], cell: int, metric: str, place: Place) -> Answered:
    value = number(needed(row, metric, place), place, f"metric '{metric}'")
    filtered = listed(row.get("filtered_resps"))
    found = filtered[0] if len(filtered) == 1 else filtered
    completion, kept = _reply(row)
    trial = Trial(
        cell=cell,
        sample_id=text(needed(row, "doc_id", place)),
        repeat=0,
        outcome=Outcome.SCORED,
        value=value,
        target=text(row.get("target")),
        extracted=_chosen(completion) if completion.logprobs else text(found),
        rule=TOOL,
        reason=f"{kept} replies, of which the first is shown" if kept > 1 else "",
        parts=_confidence(completion) if metric == "acc" else {},  # by another metric another choice may count
    )
    if not kept:
        trial.reason = UNKNOWN
    elif not completion.text.strip() and not completion.logprobs and value == 0:
        trial.outcome, trial.value, trial.extracted, trial.reason = Outcome.UNPARSED, None, None, EMPTY
    asked = text(row.get("doc_hash")) or asked_digest(row.get("doc"))
    return Answered(trial, completion if kept else None, asked[:16])


def _reply(row: Mapping[str, Json]) -> tuple[Completion, int]:
    """The reply with its prompt, and how many there were; log-probabilities as those of continuations."""
    arguments = [list(mapping(one).values()) for one in mapping(row.get("arguments")).values()]
    said = row.get("resps")
    replies = [one if isinstance(one, list) else [one] for one in (said if isinstance(said, list) else [said])]
    if said is None or not any(replies):
        return reply(""), 0
    first = replies[0]
    if first and isinstance(first[0], list):  # [["-1.25", "False"]] for each choice
        scored = _scored(arguments, replies)
        return reply("" if scored else text(row.get("resps")), scored=scored), 1
    prompt = _messages(arguments[0][0]) if arguments and arguments[0] else ""
    return reply(text(first[0]) if first else "", prompt), len(first)


def _scored(arguments: Sequence[Sequence[Json]], replies: Sequence[Sequence[Json]]) -> list[tuple[str, str, float]]:
    """(context, continuation, log-probability) for each choice; none where one of them is no finite number."""
    found: list[tuple[str, str, float]] = []
    for asked, said in zip(arguments, replies, strict=False):
        first = listed(said[0]) if said else []
        with suppress(ValueError):
            logprob = float(text(first[0] if first else None))
            if len(asked) > 1 and math.isfinite(logprob):
                found.append((_prompt_text(asked[0]), text(asked[1]), logprob))
    return found if len(found) == len(replies) else []


def _prompt_text(prompt: Json) -> str:
    return text(prompt[0] if isinstance(prompt, list) and len(prompt) == 1 else prompt)


def _messages(prompt: Json) -> str | list[Json]:
    """A prompt as text, or as messages where a chat template was applied: those are JSON in a list of one."""
    said = _prompt_text(prompt)
    if said.startswith('[{"role"'):
        try:
            found = orjson.loads(said)
        except orjson.JSONDecodeError:
            return said
        return list(found)
    return said


def _chosen(completion: Completion) -> str:
    """The continuation of the greatest log-probability."""
    return max(completion.logprobs, key=lambda one: one.logprob).token.strip()


def _confidence(completion: Completion) -> dict[str, float]:
    """The probability of the likeliest choice out of all, as our own scorer keeps it."""
    sums = [one.logprob for one in completion.logprobs]
    return {"confidence": 1 / math.fsum(math.exp(one - max(sums)) for one in sums)} if sums else {}
