"""Grade the stored answers of a run by another profile: no call, and what moved sample by sample.

Example:

    for cell in regrade(laboratory, "my-run", "lm-eval"):
        cell.before, cell.after, cell.moved
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

from bakeoff.app import wiring
from bakeoff.app.experiments import Laboratory
from bakeoff.app.foreign_samples import matched, told_of_import
from bakeoff.app.planning import PreparedBenchmark, build_judges, prepare_benchmark
from bakeoff.core.errors import ConfigInvalid, UnknownName, UsageError
from bakeoff.core.origin import origin
from bakeoff.core.protocols import Benchmark, Profile
from bakeoff.core.records import CellRecord, Measure, RunRecord
from bakeoff.core.specs import BenchmarkSpec, method_of
from bakeoff.core.types import Answer, Completion, Estimate, Outcome, Trial
from bakeoff.reports.summary import CellTally
from bakeoff.runner.grade import grade

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Moved:
    """One trial that another profile grades otherwise."""

    before: Trial
    after: Trial


@dataclass(slots=True)
class Regraded:
    """One cell, graded again. `changes` counts (outcome before, outcome after)."""

    cell: CellRecord
    profile: str
    before: Estimate
    after: Estimate
    trials: int
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: list[Moved] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Gradable:
    """What a cell is graded by: the benchmark, the place of each sample in its draw, whether replies argue first."""

    ready: PreparedBenchmark
    places: Mapping[str, int]
    reasoned: bool


def regrade(
    laboratory: Laboratory, name: str, profile: str, keep: int | None = None, only: Collection[int] = ()
) -> Iterator[Regraded]:
    """Each cell of a run under the profile, at most `keep` moved trials of each. Raises UsageError.

    `only` are numbers of cells; none is all. Every cell is checked before one is graded. A trial that ended in
    an error has no answer and stays one.
    """
    run = laboratory.runs.get(name)
    chosen = _chosen(run, laboratory.runs.cells(run.id), only)
    with ExitStack() as opened:
        for cell, found in _gradable(laboratory, run, chosen, profile, opened):
            yield asyncio.run(_grade_all(laboratory, cell, found.ready, found.places, found.reasoned, keep))


def _chosen(run: RunRecord, cells: Sequence[CellRecord], only: Collection[int]) -> list[CellRecord]:
    for position in only:
        if position not in {cell.position for cell in cells}:
            hint = f"it has 0 to {len(cells) - 1}: bakeoff show {run.name}"
            raise ConfigInvalid(f"run '{run.name}' has no cell {position}", hint)
    return [cell for cell in cells if not only or cell.position in only]


def _gradable(
    laboratory: Laboratory, run: RunRecord, cells: Sequence[CellRecord], profile: str, opened: ExitStack
) -> list[tuple[CellRecord, _Gradable]]:
    """Each cell with what it is graded by; a benchmark is opened once. Raises UsageError unless all can be."""
    benchmarks: dict[tuple[str, str | None], PreparedBenchmark] = {}
    found: list[tuple[CellRecord, _Gradable]] = []
    wrong: dict[int, UsageError] = {}
    for cell in cells:
        asked = next(spec for spec in run.spec.benchmarks if spec.benchmark == cell.benchmark)
        key = (cell.benchmark, asked.split)
        try:
            if key not in benchmarks:
                benchmarks[key] = _open(laboratory, run, asked, profile, opened)
            found.append((cell, _checked(laboratory, run, cell, benchmarks[key])))
        except UsageError as error:
            wrong[cell.position] = told_of_import(error, run, cell)
    if wrong:
        raise _refusal(run, wrong, [cell.position for cell, _ in found], profile)
    return found


def _open(
    laboratory: Laboratory, run: RunRecord, asked: BenchmarkSpec, profile: str, opened: ExitStack
) -> PreparedBenchmark:
    benchmark = wiring.build_benchmark(asked.benchmark, laboratory.settings)
    asked_now = asked.model_copy(update={"profile": profile, "scorer": None, "options": {}})
    judged = wiring.profile_of(benchmark, asked_now).scorer in wiring.JUDGED
    judges = build_judges(run.spec, laboratory.settings) if judged else []
    for judge in judges:
        judge.read_only(lambda key: laboratory.trials.find([key]).get(key))
    ready = prepare_benchmark(asked_now, benchmark, run.spec, laboratory.runs, judges=judges)
    opened.callback(ready.draw.close)
    return ready


def _checked(laboratory: Laboratory, run: RunRecord, cell: CellRecord, ready: PreparedBenchmark) -> _Gradable:
    """Raises UsageError where the answers of a cell cannot be graded so."""
    if origin(cell) is not None:
        return _checked_import(laboratory, run, cell, ready)
    if ready.draw.digest != cell.data_digest:
        raise ConfigInvalid(
            f"the data of '{cell.benchmark}' changed since run '{run.name}' was made",
            "put the old files back, then grade again",
        )
    stored, profile = ready.benchmark.profile(cell.profile), ready.profile
    if stored.ask != profile.ask or _among(stored) != _among(profile):
        has = "log-probabilities" if stored.ask == "likelihood" else "replies"
        raise ConfigInvalid(
            f"profile '{profile.name}' needs other answers than the {has} that cell {cell.position} of '{run.name}'"
            " has",
            f"run it: bakeoff run --benchmarks {cell.benchmark} --profile {profile.name}",
        )
    method = wiring.build_method(method_of(cell.method), stored)
    places = {sample.id: place for place, sample in enumerate(ready.draw)}
    return _Gradable(ready, places, method.reasons(ready.task))


def _checked_import(laboratory: Laboratory, run: RunRecord, cell: CellRecord, ready: PreparedBenchmark) -> _Gradable:
    """The same of an imported cell: its samples are found by their prompts, its profile may be none of ours."""
    stored = _stored(ready.benchmark, cell)
    if ready.profile.ask != "generate" or (stored is not None and stored.ask != "generate"):
        raise ConfigInvalid(
            f"profile '{ready.profile.name}' cannot grade the replies that cell {cell.position} of '{run.name}' has",
            "choose a profile that reads replies",
        )
    return _Gradable(ready, matched(laboratory, run, cell, ready.draw), True)


def _stored(benchmark: Benchmark, cell: CellRecord) -> Profile | None:
    try:
        return benchmark.profile(cell.profile)
    except UnknownName:
        return None


def _refusal(run: RunRecord, wrong: Mapping[int, UsageError], fit: Sequence[int], profile: str) -> UsageError:
    """Of all cells the one error that they share; else which cells cannot be graded, why, and how the others can."""
    first = next(iter(wrong.values()))
    if not fit and all(str(error) == str(first) for error in wrong.values()):
        return first
    reasons: dict[str, list[int]] = {}
    for position, error in wrong.items():
        reasons.setdefault(error.message, []).append(position)
    told = "; ".join(f"{_cells(positions)}: {message}" for message, positions in reasons.items())
    flags = " ".join(f"--cell {position}" for position in fit)
    others = f"grade the others: bakeoff grade {run.name} --profile {profile} {flags}" if fit else "choose another"
    return ConfigInvalid(f"of run '{run.name}' not all can be graded by '{profile}' ({told})", others)


def _cells(positions: Sequence[int]) -> str:
    return f"cell{'s' if len(positions) > 1 else ''} {', '.join(map(str, positions))}"


async def _grade_all(
    laboratory: Laboratory,
    cell: CellRecord,
    ready: PreparedBenchmark,
    places: Mapping[str, int],
    reasoned: bool,
    keep: int | None,
) -> Regraded:
    before, after = CellTally(), CellTally()
    changes: Counter[tuple[str, str]] = Counter()
    moved: list[Moved] = []
    count = 0
    for trial, completions in _answers(laboratory, cell):
        count += 1
        before.add(_measure(trial))
        again = trial
        if trial.outcome is not Outcome.ERROR and trial.sample_id in places and completions:
            answer = Answer(trial.answer or "", completions, reasoned, trial.trace)
            blank = Trial(trial.cell, trial.sample_id, trial.repeat, Outcome.ERROR, target=trial.target)
            again = await grade(blank, ready.draw[places[trial.sample_id]], answer, ready.profile, ready.score)
        after.add(_measure(again))
        changes[trial.outcome.value, again.outcome.value] += 1
        if _differs(trial, again) and (keep is None or len(moved) < keep):
            moved.append(Moved(trial, again))
    return Regraded(
        cell,
        ready.profile.name,
        before.summary(cell, "").estimate,
        after.summary(cell, "").estimate,
        count,
        changes,
        moved,
    )


def _answers(laboratory: Laboratory, cell: CellRecord) -> Iterator[tuple[Trial, tuple[Completion, ...]]]:
    """The trials of a cell with their completions, streamed."""
    streamed = laboratory.trials.graded(cell.id)
    while group := list(islice(streamed, AT_ONCE)):
        found = laboratory.trials.find([key for trial in group for key in trial.keys])
        for trial in group:
            answered = trial.keys[int(trial.parts.get("judge_calls", 0)) :]  # judges' come first
            completions = tuple(found[key] for key in answered if key in found)
            if trial.answer is None and completions:
                trial.answer = completions[-1].text
            yield trial, completions


def _among(profile: Profile) -> str:
    """Which list of a sample's choices was scored."""
    return profile.prompt.among if profile.ask == "likelihood" and profile.prompt is not None else ""


def _measure(trial: Trial) -> Measure:
    return Measure(trial.outcome, trial.value, 0.0, None, None, None, 0, trial.sample_id)


def _differs(before: Trial, after: Trial) -> bool:
    return before.outcome is not after.outcome or before.value != after.value
