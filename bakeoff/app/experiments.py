"""Run an experiment, or go on with one: the use case behind `run`, `resume` and `demo`.

Order of things: check everything, store run and cells, bring the journal's leftovers into the
store, then answer what is owed. Whatever ends it, what was answered is kept.
"""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import astuple, dataclass, field
from functools import partial

from bakeoff import __version__
from bakeoff.app.callers import Callers
from bakeoff.app.contests import check_decision, referee_of
from bakeoff.app.journals import asking, journal_folder, recover, recover_killed, was_killed
from bakeoff.app.lanes import cell_plan, lanes_of
from bakeoff.app.meters import Meters
from bakeoff.app.own_benchmarks import OWN_MARK
from bakeoff.app.planning import Prepared, PreparedCell, prepare
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid, SpecChanged, StoreError, UsageError
from bakeoff.core.grading import refuse_other_scorer, rule_of
from bakeoff.core.hashing import digest, identity_digest
from bakeoff.core.origin import refuse_imported
from bakeoff.core.records import CellRecord, RunRecord, RunStatus
from bakeoff.core.signature import dependence, refuse_other_dependence
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.core.types import Json, Trial
from bakeoff.reports.summary import RunSummary
from bakeoff.reports.verdict import DuelResult
from bakeoff.runner.calls import Counts
from bakeoff.runner.journal import Journal
from bakeoff.runner.known import KnownKeys
from bakeoff.runner.limits import Budget
from bakeoff.runner.recorder import Recorder
from bakeoff.runner.schedule import Ending, Schedule
from bakeoff.store.database import Database
from bakeoff.store.runs import RunRepository
from bakeoff.store.trials import TrialRepository
from bakeoff.store.usages import UsageRepository

_KNOWN_AT_MOST = 5_000_000


@dataclass(slots=True)
class Progress:
    """What an execution has done so far; read by whoever shows it, written by the runner."""

    total: int
    done: int
    cells: Sequence[CellRecord]
    counts: Counts
    outcomes: dict[int, dict[str, int]]
    values: dict[int, tuple[float, float]] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    done_before: int = 0
    duels: Sequence[DuelResult] = ()  # of an A/B test, as of its last look
    looks: int | None = None  # of an A/B test so far

    def note(self, trial: Trial) -> None:
        counts = self.outcomes.setdefault(trial.cell, {})
        counts[trial.outcome.value] = counts.get(trial.outcome.value, 0) + 1
        if trial.value is not None:
            total, squares = self.values.get(trial.cell, (0.0, 0.0))
            self.values[trial.cell] = (total + trial.value, squares + trial.value**2)
        self.done += 1


@dataclass(frozen=True, slots=True)
class Execution:
    """What one execution came to."""

    run: RunRecord
    ending: Ending
    counts: Counts
    seconds: float
    settled: int


Watcher = Callable[[Progress, Schedule], None]


class Laboratory:
    """An open store and the settings: where experiments are run and looked at."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database.open(settings.store)
        self.runs = RunRepository(self.database, partial(was_killed, settings.home))
        self.trials = TrialRepository(self.database)

    def close(self) -> None:
        self.database.close()

    def prepare(self, spec: ExperimentSpec) -> Prepared:
        prepared = prepare(spec, self.settings, self.runs)
        try:
            check_decision(prepared)
        except UsageError:
            prepared.close()
            raise
        return prepared

    def open_run(self, prepared: Prepared) -> tuple[RunRecord, list[CellRecord]]:
        """The stored run of a prepared spec, made now if it is new. Raises SpecChanged."""
        spec = prepared.spec
        name = self.name_of(prepared)
        run = self.runs.find(name)
        if run is None:
            run = self.runs.create(name, spec, [cell.record for cell in prepared.cells], __version__)
        elif run.spec.hash() != spec.hash():
            raise self._spec_changed(run, spec)
        cells = self.runs.cells(run.id)
        _check_data(run, cells, prepared.cells)
        return run, cells

    def name_of(self, prepared: Prepared) -> str:
        """The name of its run: the spec's own, else one made of what is asked.

        That one tells the data and the models too, where a run of this spec asked others.
        """
        spec = prepared.spec
        name = f"run-{spec.hash()[:8]}"
        run = None if spec.name else self.runs.find(name)
        if run is None or run.spec.hash() != spec.hash():
            return spec.name or name
        asked: list[Json] = [_asked(cell.record) for cell in prepared.cells]
        if [_asked(cell) for cell in self.runs.cells(run.id)] == asked:
            return name
        return f"{name}-{digest(asked)[:8]}"

    def _spec_changed(self, run: RunRecord, spec: ExperimentSpec) -> SpecChanged:
        refuse_imported(run.name, self.runs.cells(run.id))
        done = sum(sum(counts.values()) for counts in self.runs.outcomes(run.id).values())
        planned = sum(cell.planned for cell in self.runs.cells(run.id))
        changes = "; ".join(differences(run.spec.measured(), spec.measured())[:3])
        return SpecChanged(
            f"run '{run.name}' was started with another spec ({changes}; {done:,} of {planned:,} trials stored)",
            f"go on as it was with 'bakeoff resume {run.name}', or choose another --name",
        )

    def execute(self, prepared: Prepared, watch: Watcher, waiting: Callable[[], None] = lambda: None) -> Execution:
        """Answer what is owed. `watch` is called once, when the work begins, in its event loop;
        `waiting` when another process asks the same, which is waited for.

        Raises UsageError and StoreError; a dead engine or a spent budget is told in the ending.
        """
        run, cells = self.open_run(prepared)
        started = time.monotonic()
        home = self.settings.home
        with ExitStack() as held:
            journal = held.enter_context(Journal.open(journal_folder(home, run)))
            held.enter_context(asking(home, self.database.where, cells, waiting))
            recover(journal, self.trials)
            recover_killed(home, self.runs, self.trials)
            self.runs.open_execution(run.id)
            progress = self._progress(run, cells)
            ending = Ending(RunStatus.INTERRUPTED)
            try:
                ending = _run_loop(self._execute(prepared, run, cells, journal, progress, watch))
            finally:
                seconds = time.monotonic() - started
                self._close_execution(run, ending, seconds, progress.looks)
        return Execution(self.runs.get(run.name), ending, progress.counts, seconds, progress.done)

    def _close_execution(self, run: RunRecord, ending: Ending, seconds: float, looks: int | None) -> None:
        try:
            self.runs.close_execution(run.id, ending.status, seconds, looks)
        except StoreError:
            if ending.status is not RunStatus.INTERRUPTED:
                raise  # else the store is what interrupted the run, and that error is on its way

    def _progress(self, run: RunRecord, cells: Sequence[CellRecord]) -> Progress:
        outcomes = {id_: dict(counts) for id_, counts in self.runs.outcomes(run.id).items()}
        for counts in outcomes.values():
            counts.pop("error", None)  # owed again
        done = sum(sum(counts.values()) for counts in outcomes.values())
        total = sum(cell.planned for cell in cells)
        values = self.runs.value_sums(run.id)
        return Progress(total, done, cells, Counts(), outcomes, values, done_before=done)

    async def _execute(
        self,
        prepared: Prepared,
        run: RunRecord,
        cells: Sequence[CellRecord],
        journal: Journal,
        progress: Progress,
        watch: Watcher,
    ) -> Ending:
        recorder = Recorder(self.trials, journal, self._known_keys(prepared))
        budget = Budget(prepared.spec.budget, time.monotonic)
        plans = [cell_plan(cell, record) for cell, record in zip(prepared.cells, cells, strict=True)]
        callers = Callers(prepared.spec, recorder, budget, progress.counts)
        meters = Meters()
        lanes = lanes_of(prepared, plans, callers, meters, self._settled, recorder.find)
        judges = callers.connect(prepared.judges)
        referee = referee_of(prepared, cells, self.trials, partial(setattr, progress, "duels"))
        seconds = prepared.spec.budget.seconds
        in_turn = bool(prepared.spec.optimisations)
        schedule = Schedule(lanes, recorder, progress.note, seconds, judges, referee, in_turn)
        watch(progress, schedule)
        writing = asyncio.create_task(recorder.run())
        try:
            return await schedule.execute()
        except asyncio.CancelledError:  # the second Ctrl-C
            schedule.stop()
            return schedule.ending
        finally:
            progress.looks = None if referee is None else max(referee.looks, run.looks or 0)
            await _finish(recorder, writing)
            if recorder.failure is not None:
                raise _kept(recorder.failure, journal)
            meters.keep(UsageRepository(self.database))

    def _known_keys(self, prepared: Prepared) -> KnownKeys | None:
        """What is stored of this run's models; None when that is too much to read first."""
        engines = [*(cell.model.engine for cell in prepared.cells), *prepared.judges]
        models = sorted({identity_digest(engine.identity) for engine in engines})
        stored = self.trials.count(models)
        if stored > _KNOWN_AT_MOST:
            return None
        return KnownKeys(stored + prepared.trials, self.trials.keys(models))

    def _settled(self, cell_ids: Sequence[int]) -> set[tuple[int, str, int]]:
        return set(self.trials.settled(cell_ids))


def run_fields(fields: Mapping[str, object], store: str | None = None) -> RunSummary:
    """Run the spec that the fields make, without a word on the screen. Raises BakeoffError.

    Where an event loop runs already (a notebook) the work has a thread of its own.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_fields(fields, store, lambda progress, schedule: None)
    stops: list[Callable[[], object]] = []

    def watch(progress: Progress, schedule: Schedule) -> None:
        loop = asyncio.get_running_loop()
        stops.append(lambda: loop.call_soon_threadsafe(schedule.stop))

    with ThreadPoolExecutor(1, "bakeoff") as threads:
        work = threads.submit(_run_fields, fields, store, watch)
        try:
            return work.result()
        except KeyboardInterrupt:  # leaving waits for the thread: the calls under way are kept
            with suppress(RuntimeError):  # its loop has ended just now
                for stop in stops:
                    stop()
            raise


def _run_fields(fields: Mapping[str, object], store: str | None, watch: Watcher) -> RunSummary:
    spec = parse_spec(fields)
    laboratory = Laboratory(Settings.load(store))
    try:
        prepared = laboratory.prepare(spec)
        for caution in prepared.cautions:
            warnings.warn(f"{caution.code}: {caution}", RuntimeWarning, stacklevel=4)
        try:
            execution = laboratory.execute(prepared, watch)
        finally:
            prepared.close()
        for lane, error in execution.ending.dead.items():
            if not execution.settled:
                raise error
            warnings.warn(f"stopped {lane}: error[{error.code}]: {error}", RuntimeWarning, stacklevel=4)
        return Results(laboratory.runs, laboratory.trials).summary(execution.run.name)
    finally:
        laboratory.close()


def _run_loop(work: Coroutine[None, None, Ending]) -> Ending:
    """Run on uvloop where it is installed: a fifth less CPU for each call."""
    new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    try:
        import uvloop
    except ImportError:
        pass  # not on this platform
    else:
        new_event_loop = uvloop.new_event_loop
    # What is loaded by now lives on; collecting rarely saves a fifth of the time of a fast run.
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(50_000, 10, 10)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(work)
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


async def _finish(recorder: Recorder, writing: asyncio.Task[None]) -> None:
    """Let the recorder write what waits, however often Ctrl-C is pressed meanwhile."""
    await recorder.close()
    while not writing.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({writing})
    await writing
    recorder.release()


def _kept(failure: StoreError, journal: Journal) -> StoreError:
    """The store's failure, with what became of the answers that were on their way to it."""
    count = journal.unconfirmed
    if count:
        failure.hint = f"{failure.hint or 'mend it, then resume'} ({count:,} answers are safe in '{journal.folder}')"
    return failure


def _asked(cell: CellRecord) -> Json:
    """What a cell asks, and whom, beside what its spec says: of a benchmark of the user's own also how."""
    own = [cell.revision] if OWN_MARK in cell.revision else []
    further = [dependence(cell.signature), rule_of(cell).code]
    return [cell.data_digest, *astuple(cell.identity), *own, *filter(None, further)]


def _check_data(run: RunRecord, cells: Sequence[CellRecord], prepared: Sequence[PreparedCell]) -> None:
    """Raise ConfigInvalid when the data or the way to a model changed since the run was started."""
    for stored, now in zip(cells, prepared, strict=True):
        if stored.data_digest != now.record.data_digest:
            raise ConfigInvalid(
                f"the data of '{stored.benchmark}' changed since run '{run.name}' was started",
                "put the old files back, or choose another --name",
            )
        if stored.revision != now.record.revision and OWN_MARK in now.record.revision:
            raise ConfigInvalid(
                f"the file of benchmark '{stored.benchmark}' changed since run '{run.name}' was started",
                "put the old file back, or choose another --name",
            )
        refuse_other_dependence(run.name, stored.signature, now.record.signature)
        refuse_other_scorer(run.name, stored, now.record)
        if stored.identity != now.record.identity:
            raise ConfigInvalid(
                f"model '{stored.model}' is another one than when run '{run.name}' was started",
                "choose another --name",
            )


def differences(old: Json, new: Json, where: str = "") -> list[str]:
    """`field: old → new` for every leaf that differs between two JSON values."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for name in {**old, **new}
            for line in differences(old.get(name), new.get(name), f"{where}.{name}" if where else name)
        ]
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            line for i, (a, b) in enumerate(zip(old, new, strict=True)) for line in differences(a, b, f"{where}.{i}")
        ]
    return [] if old == new else [f"{where}: {_short(old)} → {_short(new)}"]


def _short(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(_short(item) for item in value) or "none"
    if isinstance(value, dict):
        return str(next((v for v in value.values() if v), "none"))
    return "none" if value is None else str(value)
