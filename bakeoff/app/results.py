"""What is in the store, as the models that renderers show: summaries, details, comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice

import orjson

from bakeoff import __version__
from bakeoff.app.verdicts import Verdicts
from bakeoff.core.errors import ConfigInvalid, NotComparable, UnknownName
from bakeoff.core.origin import keys_of, origin
from bakeoff.core.records import CellRecord, Fault, RunRecord, RunStatus
from bakeoff.core.types import Outcome, Trial
from bakeoff.reports.calibration import Confidences
from bakeoff.reports.compare import Comparison, as_decided, compare_met, correct
from bakeoff.reports.metrics import Metrics, of_method
from bakeoff.reports.report import Group, group_of
from bakeoff.reports.summary import CellDetail, CellSummary, CellTally, RunSummary, TrialView
from bakeoff.store.runs import RunRepository
from bakeoff.store.trials import TrialRepository

VIEWS_PER_CELL = 400
PAIRS_KEPT = 1000  # of a comparison, in reports of whole runs
CANDIDATES = 6


@dataclass(frozen=True, slots=True)
class Results:
    """Reads runs out of an open store."""

    runs: RunRepository
    trials: TrialRepository

    def summary(self, name: str) -> RunSummary:
        """Raises RunNotFound."""
        run = self.runs.get(name)
        spared = run.status is RunStatus.DECIDED or (run.status is RunStatus.COMPLETE and run.spec.decision is not None)
        cells = [self._summary(cell, spared) for cell in self.runs.cells(run.id)]
        verdict = Verdicts(self.runs, self.trials).of(name)
        return RunSummary(run.name, run.status, run.created_at, run.seconds, run.version, cells, verdict)

    def faults(self, name: str) -> dict[int, list[Fault]]:
        """For each cell of a run, by its position: its errors by code. Raises RunNotFound."""
        run = self.runs.get(name)
        by_id = self.runs.faults(run.id)
        return {cell.position: by_id[cell.id] for cell in self.runs.cells(run.id) if cell.id in by_id}

    def _summary(self, cell: CellRecord, spared: bool) -> CellSummary:
        """One pass over a cell's trials: what it takes of each is a few bytes."""
        tally, metrics, said = CellTally(timed=origin(cell) is None), Metrics(), Confidences()
        for measure in self.trials.measures(cell.id):
            tally.add(measure)
            if measure.parts is None:
                continue
            parts = orjson.loads(measure.parts)
            metrics.add(measure.sample_id, parts if measure.value is not None else of_method(parts))
            if measure.value is not None and measure.outcome is not Outcome.SCORED:
                said.add(measure.sample_id, measure.outcome is Outcome.CORRECT, parts)
        found = tally.summary(cell, __version__, spared)
        further = metrics.estimates(found.estimate.n, found.estimate.n_missing)
        return replace(found, further=further, confidences=said)

    def details(self, summary: RunSummary) -> list[CellDetail]:
        return [self._detail(cell) for cell in summary.cells]

    def _detail(self, summary: CellSummary) -> CellDetail:
        cell, timing = summary.cell.id, summary.timing
        fastest, slowest = (
            [trial for sample, repeat in extremes for trial in self.trials.of_sample(cell, sample, repeat)]
            for extremes in (timing.fastest, timing.slowest)
        )
        with closing(self.trials.trials(cell)) as trials:
            shown = list(islice(trials, VIEWS_PER_CELL))
        return CellDetail(summary, timing.seconds, *map(self._with_steps, (shown, fastest, slowest)))

    def _with_steps(self, trials: Sequence[Trial]) -> list[TrialView]:
        from bakeoff.app.trial_steps import steps_of_all  # a run that only tells its scores shows no steps

        steps = steps_of_all(self.trials, trials)
        return [replace(view, steps=each) for view, each in zip(self.views(trials), steps, strict=True)]

    def views(self, trials: Sequence[Trial]) -> list[TrialView]:
        """The trials with the prompt of their last call."""
        prompts: dict[bytes, str] = {}
        wanted = [trial.keys[-1] for trial in trials if trial.keys]
        for start in range(0, len(wanted), 200):
            for key, exchange in self.trials.raw(wanted[start : start + 200]).items():
                prompts[key] = prompt_of(exchange)
        return [TrialView(trial, prompts.get(trial.keys[-1], "") if trial.keys else "") for trial in trials]

    def cell(self, reference: str) -> tuple[RunRecord, CellRecord]:
        """`RUN:CELL`, where CELL is a number or words that name one cell. Raises UsageError."""
        name, _, which = reference.partition(":")
        run = self.runs.get(name)
        cells = self.runs.cells(run.id)
        if not which and len(cells) == 1:
            return run, cells[0]
        return run, find_cell(cells, which, run.name)

    def compare(self, reference_a: str, reference_b: str) -> Comparison:
        """Raises RunNotFound, UnknownName, ConfigInvalid, NotComparable."""
        (run_a, a), (run_b, b) = self.cell(reference_a), self.cell(reference_b)
        if a.id == b.id:
            raise NotComparable(
                f"'{reference_a}' and '{reference_b}' are one cell", f"name another: see 'bakeoff show {run_a.name}'"
            )
        found = self.compare_cells(run_a, a, run_b, b)
        ended = Verdicts(self.runs, self.trials).duel(run_a, a.id, b.id) if run_a.id == run_b.id else None
        return found if ended is None else as_decided(found, *ended)

    def compare_cells(self, run_a: RunRecord, a: CellRecord, run_b: RunRecord, b: CellRecord) -> Comparison:
        """All samples on which they differ are told. Raises NotComparable."""
        around = [*self.runs.cells(run_a.id), *self.runs.cells(run_b.id)]
        names = cell_names(around, a, b)
        if names[0] == names[1]:
            names = (f"{run_a.name} {names[0]}".strip(), f"{run_b.name} {names[1]}".strip())
        wrong = run_a.id == run_b.id and run_a.spec.decision is not None and run_a.spec.decision.unanswered == "wrong"
        return self.met(names, (a, b), looked_at(run_a) or looked_at(run_b), unanswered_wrong=wrong)

    def met(
        self,
        names: tuple[str, str],
        cells: tuple[CellRecord, CellRecord],
        looked: str,
        pairs: int | None = None,
        unanswered_wrong: bool = False,
    ) -> Comparison:
        """Two cells under given names; `pairs`: as many samples that differ are told. Raises NotComparable.

        `unanswered_wrong`: they are arms of a test whose rule counts a reply without an answer as wrong.
        """
        a, b = cells
        imported = origin(a) is not None and origin(b) is not None
        asked = self.trials.asked(a.id), self.trials.asked(b.id)
        met = self.trials.met(a.id, b.id, imported)
        return compare_met(names, cells, met, asked, looked, pairs, unanswered_wrong)

    def comparisons(self, name: str, pairs: int | None = PAIRS_KEPT) -> list[Comparison]:
        """In every benchmark of a run, each cell against the first, corrected for their number."""
        run = self.runs.get(name)
        if run.spec.decision is not None:
            return []  # its verdict compares the arms
        found: list[Comparison] = []
        first: dict[Group, CellRecord] = {}
        cells = self.runs.cells(run.id)
        for cell in cells:
            if not self.trials.answered(cell.id):
                continue
            base = first.setdefault(group_of(cell), cell)  # what can be compared
            if base is not cell:
                found.append(self.met(cell_names(cells, base, cell), (base, cell), looked_at(run), pairs))
        return correct(found)


def looked_at(run: RunRecord) -> str:
    """Why the scores of a run may have had a say in where it ended; empty when they had none."""
    if run.spec.decision is not None and run.spec.decision.early:
        return f"run '{run.name}' has a decision rule"
    if run.status in (RunStatus.RUNNING, RunStatus.INTERRUPTED):
        return f"run '{run.name}' is not finished"
    return ""


def cell_names(around: Sequence[CellRecord], a: CellRecord, b: CellRecord) -> tuple[str, str]:
    """The shortest names of two cells: only what differs among the cells around them."""
    parts = [p for p in ("variant", "preset", "method") if len({getattr(cell, p) for cell in around}) > 1]
    first, second = (" ".join(str(getattr(cell, part)) for part in parts) for cell in (a, b))
    return first, second


def find_cell(cells: Sequence[CellRecord], which: str, run: str) -> CellRecord:
    """A cell by its number, or by words (model, its settings, benchmark, method, preset) that only it has.

    Raises UnknownName, and ConfigInvalid when several cells have the words.
    """
    if which.isdigit() and int(which) < len(cells):
        return cells[int(which)]
    words = [word for word in which.replace("·", ",").replace(" ", ",").split(",") if word]
    matching = [cell for cell in cells if all(word in _words_of(cell) for word in words)]
    if len(matching) == 1 and words:
        return matching[0]
    if matching:
        told = ", ".join(f"{cell.position} ({cell.label})" for cell in matching[:CANDIDATES])
        more = f" and {len(matching) - CANDIDATES} more" if len(matching) > CANDIDATES else ""
        what = (
            f"'{which}' names {len(matching)} cells of run '{run}'" if words else f"'{run}' names no cell of that run"
        )
        raise ConfigInvalid(f"{what}: {told}{more}", f"name one by its number, like {run}:{matching[0].position}")
    names = [name for i, cell in enumerate(cells) for name in (str(i), cell.method, cell.model)]
    raise UnknownName("cell", which, names, see=f"bakeoff show {run}")


def _words_of(cell: CellRecord) -> list[str]:
    return [cell.model, cell.preset, cell.benchmark, cell.method, *cell.note.split()]


def prompt_of(exchange: bytes) -> str:
    """The prompt in an exchange, as text."""
    request = orjson.loads(exchange).get("request") or {}
    if isinstance(request.get("prompt"), str):
        return str(request["prompt"])
    scored = request.get("prompt") or ["".join(pair) for pair in request.get("scored") or ()]
    if scored:  # texts whose log-probabilities were asked for
        return "\n".join(map(str, scored))
    messages = request.get("messages") or []
    system = [{"role": "system", "content": request["system"]}] if request.get("system") else []
    turns = [f"[{turn.get('role')}]\n{turn.get('content')}" for turn in [*system, *messages]]
    return str(messages[0].get("content")) if len(turns) == 1 else "\n\n".join(turns)


def export_lines(results: Results, name: str) -> Iterator[bytes]:
    """A JSON line for every trial of a run, streamed. Raises RunNotFound."""
    run = results.runs.get(name)
    for cell in results.runs.cells(run.id):
        batch: list[Trial] = []
        for trial in results.trials.trials(cell.id):
            batch.append(trial)
            if len(batch) == 200:
                yield from _lines(results, run, cell, batch)
                batch = []
        yield from _lines(results, run, cell, batch)


def _lines(results: Results, run: RunRecord, cell: CellRecord, trials: Sequence[Trial]) -> Iterator[bytes]:
    for view in results.views(trials):
        trial = view.trial
        fields = {
            "run": run.name,
            "model": cell.model,
            "preset": cell.preset,
            "benchmark": cell.benchmark,
            "method": cell.method,
            "sample_id": trial.sample_id,
            "repeat": trial.repeat,
            "prompt": view.prompt,
            "target": trial.target,
            "answer": trial.answer,
            "extracted": trial.extracted,
            "rule": trial.rule,
            "outcome": trial.outcome.value,
            "score": trial.value,
            "reason": trial.reason,
            "prompt_tokens": trial.prompt_tokens,
            "output_tokens": trial.output_tokens,
            "cost": trial.cost,
            "latency_s": trial.latency_s or None,  # 0 is no measurement
            "cached": trial.cached,
            "error_code": trial.error_code,
            "error": trial.error,
            "content_keys": keys_of(trial),
            "content_key": next(reversed(keys_of(trial)), None),
            "cell": cell.position,
            "variant": cell.variant,
            "profile": cell.profile,
            "data_digest": cell.data_digest,
            "planned": cell.planned,
            "parts": trial.parts,
        }
        yield orjson.dumps(fields)
