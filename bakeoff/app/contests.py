"""The A/B test of a run: its contest and its referee, while it runs; and again from what is stored.

What a look sees is a function of the stored trials and of the common order of the samples, so a
resumed run goes on where it was, and a report finds the decision that the run made. Example:

    referee = referee_of(prepared, cells, laboratory.trials, print)     # None without a decision rule
    replayed(run, cells, laboratory.trials).contest
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bakeoff.app.planning import Prepared
from bakeoff.app.stored_values import StoredValues
from bakeoff.core.arms import Arm, arm_of, arms_of, baseline_of, benchmark_of
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import order_key
from bakeoff.core.records import CellRecord, RunRecord, RunStatus, noted
from bakeoff.core.signature import graded_test
from bakeoff.core.specs import DecisionSpec, ExperimentSpec
from bakeoff.core.types import Outcome
from bakeoff.reports.judging import duels_of
from bakeoff.reports.verdict import DuelResult
from bakeoff.runner.referee import AHEAD, Referee, Turn, common_order, in_turn
from bakeoff.stats.contest import Contest, Rule
from bakeoff.store.trials import TrialRepository

SHOWN_SECONDS = 2.0


def referee_of(
    prepared: Prepared,
    cells: Sequence[CellRecord],
    trials: TrialRepository,
    on_look: Callable[[list[DuelResult]], None],
) -> Referee | None:
    """The referee of a run that is about to be executed, who knows what is stored of it already.

    `on_look` is told how every two arms stand, at the first look, the last, and every few seconds between.
    """
    spec = prepared.spec
    if spec.decision is None:
        return None
    found = {benchmark_of(cell.record.position, spec): cell.benchmark.draw for cell in prepared.cells}
    draws = [draw for _, draw in sorted(found.items())]
    labels = [arm.label for arm in arms_of(noted(cells, spec), spec)]
    contest = Contest(len(labels), rule_of(spec, spec.decision, cells))
    items = sum(map(len, draws))
    referee = _referee(spec, spec.decision, cells, items, contest, _now_and_then(contest, labels, on_look))
    stored = _stored(trials, cells)
    if stored:
        order = ((which, sample.id) for which, sample in common_order(draws))
        _tell(referee, cells, spec, order, stored, with_errors=False)
    return referee


def _now_and_then(
    contest: Contest, labels: Sequence[str], on_look: Callable[[list[DuelResult]], None]
) -> Callable[[], None]:
    """Tells of a look where the last one told was a while ago: many arms' intervals cost more than the look itself."""
    told = -math.inf

    def look() -> None:
        nonlocal told
        now = time.monotonic()
        if contest.decided or now - told >= SHOWN_SECONDS:
            told = now
            on_look(duels_of(contest, labels))

    return look


class Replay(NamedTuple):
    """The contest of a stored run, its arms, and how many replies of each count as wrong for want of an answer.

    `counted_wrong` is None where the rule has them missing, which is the usual.
    """

    contest: Contest
    arms: list[Arm]
    counted_wrong: list[int] | None


def replayed(run: RunRecord, cells: Sequence[CellRecord], trials: TrialRepository) -> Replay:
    """The contest of a stored run after every look that the run made, and its arms.

    The data may be gone by now: the order is that of the sample ids, which are stored in full up to
    the last batch that was looked at. Behind it some may be missing, so that no place is sure.
    """
    spec = run.spec
    assert spec.decision is not None, "a run without a decision rule has no contest"
    groups = [[cell for cell in cells if benchmark_of(cell.position, spec) == i] for i in range(len(spec.benchmarks))]
    sizes = [group[0].planned // spec.repeats for group in groups]
    contest = Contest(len(arms_of(cells, spec)), rule_of(spec, spec.decision, cells))
    referee = _referee(spec, spec.decision, cells, sum(sizes), contest)
    stored = _stored(trials, cells)
    streams = [iter(_ids(stored, group, spec.seed)) for group in groups]
    order = [(which, next(streams[which], None)) for which in in_turn(sizes)]
    if run.status not in (RunStatus.COMPLETE, RunStatus.DECIDED):
        order = order[: spec.decision.batch * max(run.looks or 0, _looks_made(order, spec.decision.batch))]
    _tell(referee, cells, spec, order, stored, with_errors=True)
    wrong = referee.counted_wrong if spec.decision.unanswered == "wrong" else None
    return Replay(contest, arms_of(cells, spec), wrong)


def _looks_made(order: Sequence[tuple[int, str | None]], batch: int) -> int:
    """How many looks a run made at least, which was killed or goes on: else its last sample were not asked yet."""
    last = max((place for place, (_, sample) in enumerate(order) if sample is not None), default=0)
    return max(0, last // batch - AHEAD)


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """An A/B test before it is run. `baseline` is None where no arm is measured against another."""

    arms: tuple[str, ...]
    baseline: str | None
    decision: DecisionSpec
    samples: int

    @property
    def looks(self) -> int:
        """How often it is looked at, at the most."""
        return -(-self.samples // self.decision.batch) if self.decision.early else 1


def planned_test(prepared: Prepared) -> PlannedTest | None:
    """What a run will decide, and how; None without a decision rule. Raises UnknownName for its baseline."""
    spec, decision = prepared.spec, prepared.spec.decision
    if decision is None:
        return None
    arms = arms_of(noted([cell.record for cell in prepared.cells], spec), spec)
    labels = tuple(arm.label for arm in arms)
    measured = decision.rule != "difference" or decision.guards or decision.baseline is not None
    baseline = labels[baseline_of(arms, decision.baseline)] if measured else None
    samples = sum(cell.planned for cell in arms[0].cells) // spec.repeats
    return PlannedTest(labels, baseline, decision, samples)


def check_decision(prepared: Prepared) -> None:
    """Raises UnknownName for a baseline that is none of the arms, ConfigInvalid for questions that count twice."""
    spec = prepared.spec
    if spec.decision is None:
        return
    records = [cell.record for cell in prepared.cells]
    rule_of(spec, spec.decision, noted(records, spec))
    seen: set[tuple[str, str]] = set()
    for record in records[: len(spec.benchmarks) * len(spec.methods) : len(spec.methods)]:
        asked = (record.benchmark, record.data_digest)
        if asked in seen:
            raise ConfigInvalid(
                f"'{record.benchmark}' is listed twice, so each of its questions would count twice in the decision",
                "leave one of them out, and grade the answers under another profile with: bakeoff grade",
            )
        seen.add(asked)


def rule_of(spec: ExperimentSpec, decision: DecisionSpec, cells: Sequence[CellRecord]) -> Rule:
    """Raises UnknownName for a baseline that is none of the arms."""
    baseline = baseline_of(arms_of(cells, spec), decision.baseline)
    kinds = {graded_test(cell.signature) for cell in cells}
    graded = None if None in kinds else True in kinds  # None: a run from before the signature told it
    return Rule(decision.rule, decision.alpha, decision.margin, decision.prior, baseline, decision.early, graded)


def _referee(
    spec: ExperimentSpec,
    decision: DecisionSpec,
    cells: Sequence[CellRecord],
    items: int,
    contest: Contest,
    on_look: Callable[[], None] = lambda: None,
) -> Referee:
    arms = {cell.id: arm_of(cell.position, spec) for cell in cells}
    wrong = decision.unanswered == "wrong"
    return Referee(contest, arms, decision.batch, items, spec.repeats, wrong, on_look)


def _stored(trials: TrialRepository, cells: Sequence[CellRecord]) -> StoredValues:
    ids = [cell.id for cell in cells]
    return StoredValues(trials.values(ids))


def _tell(
    referee: Referee,
    cells: Sequence[CellRecord],
    spec: ExperimentSpec,
    order: Iterable[tuple[int, str | None]],
    stored: StoredValues,
    with_errors: bool,
) -> None:
    """Tell a referee of what is stored, in the common order. An error is owed again by a run, and final to a report."""
    groups = [
        [cell.id for cell in cells if benchmark_of(cell.position, spec) == i] for i in range(len(spec.benchmarks))
    ]
    for place, (which, sample) in enumerate(order):
        for cell in groups[which] if sample is not None else ():
            for repeat in range(spec.repeats):
                found = stored.get((cell, sample or "", repeat))
                if found is not None and (with_errors or found[0] is not Outcome.ERROR):
                    referee.note(Turn(cell, place, repeat), *found)


def _ids(stored: StoredValues, group: Sequence[CellRecord], seed: int) -> list[str]:
    """The stored sample ids of one benchmark's cells in the order of its draw."""
    members, benchmark, known = {cell.id for cell in group}, group[0].benchmark, group[0].repeated
    ids = stored.samples(members)
    repeated = ids if known is None else frozenset(known)

    def place(sample: str) -> tuple[int, int]:
        base, mark, number = sample.rpartition("#")
        if sample in repeated and mark and number.isdecimal() and (known is not None or base in ids):
            # the second sample of one id stands beside the first
            return order_key(seed, benchmark, base), int(number)
        return order_key(seed, benchmark, sample), 1

    return sorted(ids, key=place)
