"""Gate 3 of a campaign: every model that answers is asked everything, each in a run of its own.

So a model that dies takes nothing with it, and its run goes on where it was. A model of this machine has a process
of its own as well. A run is named by what it asks of whom: the same campaign finds it again, a changed one begins
another, and what both ask is answered from the store. Example:

    checks = evaluation(work, cells)
"""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace

from bakeoff.app.apart import Died, each_apart
from bakeoff.app.campaign_folder import Evaluated
from bakeoff.app.campaign_gates import Work
from bakeoff.app.coverage_cell import Cell
from bakeoff.app.experiments import Execution, Laboratory, Progress
from bakeoff.app.planning import Prepared
from bakeoff.app.probing import runs_apart
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.campaign import Check, CriteriaSpec, bounded
from bakeoff.core.errors import BakeoffError, RunLocked, StoreError
from bakeoff.core.hashing import digest
from bakeoff.core.records import RunStatus
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.types import Completion, Json, Outcome
from bakeoff.reports.summary import NOT_RUN, RunSummary
from bakeoff.runner.schedule import Schedule

_SLUG = re.compile(r"[^A-Za-z0-9]+")
_PATIENCE = 20  # half seconds: a process that was killed may hold its run a moment longer
_ENDED_BY = (signal.SIGINT, signal.SIGTERM)
_NOT_HERE = "not asked: no preset of it answers"


@dataclass(frozen=True, slots=True)
class _StoreFault:
    """The store failed in another process: everybody's matter, and no fault of the model."""

    message: str
    hint: str | None


def evaluation(work: Work, cells: Sequence[Cell]) -> list[Check]:
    """Gate 3. `cells` are what coverage found. Raises StoreError, KeyboardInterrupt."""
    evaluated = work.folder.evaluation()
    for model in work.spec.models:
        presets = [cell.preset for cell in cells if cell.model == model.model and cell.answers]
        if presets and work.benchmarks:
            evaluated[model.model] = _one(work, work.experiment_of(model, presets))
        else:
            evaluated[model.model] = Evaluated(None, (), "", _why_not(cells, model.model, work.lacking))
        work.folder.save_evaluation(evaluated)
        told = evaluated[model.model]
        work.say(f"  {told.status or 'not asked'}  {model.model}{': ' + told.why if told.why else ''}")
    return evaluation_checks(work, evaluated)


def _why_not(cells: Sequence[Cell], model: str, lacking: Mapping[str, str]) -> str:
    failed = next((cell for cell in cells if cell.model == model and not cell.answers), None)
    return f"{failed.stage}: {failed.said}" if failed is not None else "; ".join(lacking.values()) or _NOT_HERE


def _one(work: Work, experiment: ExperimentSpec) -> Evaluated:
    settings, model = work.laboratory.settings, experiment.models[0].model
    args = (work.spec.name, experiment, settings)
    found = Evaluated(None, experiment.presets, "", "its process said nothing")
    for told in each_apart(_evaluate, args) if runs_apart(model) else _evaluate(*args):
        if isinstance(told, _StoreFault):
            raise StoreError(told.message, told.hint)
        if isinstance(told, Died):
            found = replace(found, status="", why=told.said)
        elif isinstance(told, Evaluated):
            found = told
    if found.status == RunStatus.INTERRUPTED.value:
        raise KeyboardInterrupt
    return found


def _evaluate(campaign: str, experiment: ExperimentSpec, settings: Settings) -> Iterator[Evaluated | _StoreFault]:
    """Run one model's experiment; yields what is known: once it has a name, and when it has ended."""
    found = Evaluated(None, experiment.presets)
    laboratory = Laboratory(settings)
    try:
        prepared = laboratory.prepare(experiment)
        try:
            prepared = named(prepared, campaign)
            found = replace(found, run=prepared.spec.name)
            yield replace(found, why="its process said nothing")
            yield _ended(found, _executed(laboratory, prepared))
        finally:
            prepared.close()
    except StoreError as error:
        yield _StoreFault(error.message, error.hint)
    except BakeoffError as error:
        yield replace(found, why=str(error))
    except Exception as error:  # whatever a third party's engine or benchmark raises is this model's failure alone
        yield replace(found, why=f"{type(error).__name__}: {error}")
    finally:
        laboratory.close()


def named(prepared: Prepared, campaign: str) -> Prepared:
    """The experiment under a name that tells model, questions and data: equal where the same is asked of the same."""
    asked: list[Json] = [
        [cell.record.data_digest, cell.record.revision, *map(str, astuple(cell.record.identity))]
        for cell in prepared.cells
    ]
    model = prepared.spec.models[0].model
    slug = _SLUG.sub("-", model.rstrip("/").rpartition("/")[2]).strip("-")[:40] or "model"
    name = f"{campaign[:40]}-{slug}-{digest([prepared.spec.hash(), asked])[:8]}"
    return replace(prepared, spec=prepared.spec.model_copy(update={"name": name}))


def _executed(laboratory: Laboratory, prepared: Prepared) -> Execution:
    with _handlers_kept():
        for _ in range(_PATIENCE):
            with suppress(RunLocked):
                return laboratory.execute(prepared, _watch)
            time.sleep(0.5)
        return laboratory.execute(prepared, _watch)


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """What Ctrl-C did before the run it does after it: a loop that is closed leaves a handler that does nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _ENDED_BY}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(progress: Progress, schedule: Schedule) -> None:
    """Ctrl-C ends the run in order: what is under way has a moment, and all of it is kept."""
    del progress
    loop = asyncio.get_running_loop()
    for number in _ENDED_BY:
        with suppress(RuntimeError, ValueError, NotImplementedError):  # not the main thread, not this platform
            loop.add_signal_handler(number, schedule.stop)


def _ended(found: Evaluated, execution: Execution) -> Evaluated:
    ending = execution.ending
    why = "; ".join(str(error) for error in ending.dead.values())
    if ending.status is RunStatus.BUDGET:
        why = f"the budget of {ending.spent} was reached"
    return replace(found, status=ending.status.value, why=why)


# ------------------------------------------------------------------ the checks, from the store


def evaluation_checks(work: Work, evaluated: Mapping[str, Evaluated]) -> list[Check]:
    """The lines of gate 3: of each model whether it is whole, how many trials failed, how fast it was."""
    results = Results(work.laboratory.runs, work.laboratory.trials)
    criteria = work.spec.criteria
    found: list[Check] = []
    whole = 0
    for model in work.spec.models:
        one = evaluated[model.model]
        summary = results.summary(one.run) if one.run is not None and results.runs.find(one.run) else None
        lines = list(_of_model(model.model, one, summary, results, criteria))
        whole += lines[0].verdict == "pass"
        found += lines
    if criteria.all_models_evaluated:
        every = len(work.spec.models)
        found.append(Check("all_models_evaluated", "", "pass" if whole == every else "fail", whole, every))
    return found


def _of_model(
    model: str, one: Evaluated, summary: RunSummary | None, results: Results, criteria: CriteriaSpec
) -> Iterator[Check]:
    if summary is None:
        yield Check("evaluated", model, "fail", 0, None, one.why or _NOT_HERE)
        return
    planned = sum(cell.cell.planned for cell in summary.cells)
    missed = sum(cell.outcomes[NOT_RUN] for cell in summary.cells)
    failed = sum(cell.outcomes[Outcome.ERROR] for cell in summary.cells)
    done = summary.status is RunStatus.COMPLETE and not missed and not one.why
    why = one.why or ("" if done else f"its run '{summary.name}' is {summary.status.value}")
    yield Check("evaluated", model, "pass" if done else "fail", planned - missed, planned, why)
    if criteria.failure_rate is not None:
        told = f"{failed:,} errors, {missed:,} not asked, of {planned:,}"
        yield bounded("failure_rate", model, (failed + missed) / planned, criteria.failure_rate, "under", told)
    if criteria.tokens_per_second is not None:
        speed, how = output_speed(results, summary)
        yield bounded("tokens_per_second", model, speed, criteria.tokens_per_second, "more than", how)


def output_speed(results: Results, summary: RunSummary) -> tuple[float | None, str]:
    """Output tokens over the time in which a call was under way; None with the reason where none can be told.

    Of the calls that the run made itself: a reply that was in the store before tells the speed of another day.
    """
    stored = list(_calls(results, summary))
    calls = [call for call in stored if call.finished_at >= summary.created_at]
    if stored and not calls:
        return None, "all replies came from the store"
    made = [call for call in calls if call.latency_s > 0]
    if not made:
        return None, "no call was timed"
    counts = [call.output_tokens for call in made]
    tokens = sum(count for count in counts if count is not None)
    if None in counts:
        return None, f"the engine told no tokens for {counts.count(None):,} of {len(counts):,} calls"
    if not tokens:
        return None, "no output tokens: log-probabilities only"
    busy = busy_seconds((call.finished_at - call.latency_s, call.finished_at) for call in made)
    return tokens / busy, f"{tokens:,} tokens in {busy:.1f} s of {len(made):,} calls"


def _calls(results: Results, summary: RunSummary) -> Iterator[Completion]:
    for cell in summary.cells:
        keys = list({key for trial in results.trials.graded(cell.cell.id) for key in trial.keys})
        for start in range(0, len(keys), 500):
            yield from results.trials.find(keys[start : start + 500]).values()


def busy_seconds(spans: Iterable[tuple[float, float]]) -> float:
    """The length of the union of spans of time."""
    total, until = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total
