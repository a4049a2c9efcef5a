"""What a run came to, as values: one summary that every renderer shows. Pure.

A `CellTally` takes trials one at a time and keeps 8 bytes of each, so a long run is summed up in
little memory. Example:

    tally = CellTally()
    for measure in measures: tally.add(measure)
    summary = tally.summary(cell, version)
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bakeoff.core.records import CellRecord, Measure, RunStatus
from bakeoff.core.signature import sign
from bakeoff.core.types import Estimate, Outcome, Trial
from bakeoff.reports.calibration import Confidences
from bakeoff.reports.verdict import Verdict
from bakeoff.stats.calibration import Calibration
from bakeoff.stats.intervals import mean_of_sums, proportion, quantile, repeated

if TYPE_CHECKING:
    from bakeoff.reports.traces import StepView

NOT_RUN = "not_run"
EXTREMES = 5
MISSING = (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds a trial spent in calls; None when the run itself made none to measure."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(slots=True)
class Timing:
    """The seconds of a cell's trials that did not fail, and which were the fastest and the slowest.

    A trial with a reply from the store has no place here: its seconds are those of another run.

    Extremes are (seconds, sample id, repeat), the most extreme first.
    """

    seconds: array[float] = field(default_factory=lambda: array("d"))
    _fast: list[tuple[float, str, int]] = field(default_factory=list)
    _slow: list[tuple[float, str, int]] = field(default_factory=list)
    _far: tuple[float, float] = (math.inf, -math.inf)  # what a further extreme has to beat

    def add(self, measure: Measure) -> None:
        seconds = measure.latency_s
        self.seconds.append(seconds)
        if seconds < self._far[0]:
            self._fast = sorted([*self._fast, (seconds, measure.sample_id, measure.repeat)])[:EXTREMES]
        if seconds > self._far[1]:
            found = [*self._slow, (seconds, measure.sample_id, measure.repeat)]
            self._slow = sorted(found, key=lambda one: (-one[0], *one[1:]))[:EXTREMES]
        full = len(self._fast) == EXTREMES
        self._far = (self._fast[-1][0], self._slow[-1][0]) if full else (math.inf, -math.inf)

    @property
    def fastest(self) -> list[tuple[str, int]]:
        return [(sample, repeat) for _, sample, repeat in self._fast]

    @property
    def slowest(self) -> list[tuple[str, int]]:
        return [(sample, repeat) for _, sample, repeat in self._slow]


@dataclass(frozen=True, slots=True)
class CellSummary:
    """One cell: its estimate, its outcomes, its speed and its cost.

    `cost` is None when a price or a token count is unknown. `tokens_per_s` is output tokens over
    the time the calls took, one after the other: the speed one user sees. Both it and the latency are of
    trials whose calls the run itself made, and None where there is no such trial.
    """

    cell: CellRecord
    estimate: Estimate
    outcomes: dict[str, int]
    latency: Latency
    prompt_tokens: int
    output_tokens: int
    tokens_per_s: float | None
    cost: float | None
    cached: int
    signature: str
    continuous: bool
    further: Mapping[str, Estimate] = field(default_factory=dict)
    timing: Timing = field(default_factory=Timing, compare=False, repr=False)
    confidences: Confidences = field(default_factory=Confidences, compare=False, repr=False)

    @property
    def calibration(self) -> Calibration | None:
        """Brier score, ECE and bins; None where no scorer kept how sure the model was."""
        return self.confidences.calibration()

    @property
    def trials(self) -> int:
        return sum(count for name, count in self.outcomes.items() if name != NOT_RUN)


def other_metrics(cell: CellSummary) -> dict[str, Estimate]:
    """The metrics beside the score: all but those that are the score itself."""
    return {name: found for name, found in cell.further.items() if found.value != cell.estimate.value}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run: how far it came, and its cells in the order of the matrix."""

    name: str
    status: RunStatus
    created_at: float
    seconds: float
    version: str
    cells: Sequence[CellSummary]
    verdict: Verdict | None = None  # of a run with a decision rule


@dataclass(frozen=True, slots=True)
class TrialView:
    """One trial as a reader sees it: the trial, the prompt of its last call, its steps where there are several."""

    trial: Trial
    prompt: str
    steps: Sequence[StepView] = ()


@dataclass(frozen=True, slots=True)
class CellDetail:
    """A cell with its single trials, for reports that show them; `views` may be a part of them."""

    summary: CellSummary
    latencies: Sequence[float]
    views: Sequence[TrialView]
    fastest: Sequence[TrialView]
    slowest: Sequence[TrialView]


@dataclass(slots=True)
class Items:
    """Sums over samples: a sample that was answered several times counts once, by its mean score."""

    seen: int = 0
    graded: int = 0
    total: float = 0.0
    squares: float = 0.0
    _sample_id: str | None = None
    _sum: float = 0.0
    _count: int = 0

    def add(self, measure: Measure) -> None:
        if measure.sample_id != self._sample_id or not measure.sample_id:
            self.closed()
            self._sample_id = measure.sample_id
            self.seen += 1
        if measure.value is not None:
            self._sum += measure.value
            self._count += 1

    def closed(self) -> Items:
        """These sums, with the sample that was added last."""
        if self._count:
            mean = self._sum / self._count
            self.graded += 1
            self.total += mean
            self.squares += mean * mean
            self._sum, self._count = 0.0, 0
        return self


@dataclass(slots=True)
class CellTally:
    """Sums up the trials of one cell, the repeats of a sample one after the other."""

    outcomes: dict[str, int] = field(default_factory=lambda: {o.value: 0 for o in Outcome})
    timed: bool = True  # a log of another tool may have no times: there a 0 says nothing
    timing: Timing = field(default_factory=Timing)
    settled: int = 0  # trials that did not end in an error
    total: float = 0.0
    squares: float = 0.0
    prompt_tokens: int = 0
    output_tokens: int = 0
    call_seconds: float = 0.0
    timed_tokens: int = 0  # output tokens that go with those seconds
    cost: float = 0.0
    unpriced: int = 0
    cached: int = 0
    items: Items = field(default_factory=Items)

    def add(self, measure: Measure) -> None:
        self.outcomes[measure.outcome.value] += 1
        self.items.add(measure)
        if measure.value is not None:
            self.total += measure.value
            self.squares += measure.value**2
        if measure.outcome is not Outcome.ERROR:
            self.settled += 1
            self._add_speed(measure)
            self.unpriced += measure.cost is None
        self.prompt_tokens += measure.prompt_tokens or 0
        self.output_tokens += measure.output_tokens or 0
        self.timed_tokens += 0 if measure.cached else measure.output_tokens or 0
        self.cost += measure.cost or 0.0
        self.cached += measure.cached

    def _add_speed(self, measure: Measure) -> None:
        """Of what the run itself asked for: the speed of a stored reply is that of the run that made it."""
        seconds = measure.own_latency_s
        if seconds is None:
            return
        if self.timed or seconds:
            self.timing.add(measure)
        self.call_seconds += seconds

    def summary(self, cell: CellRecord, version: str, spared: bool = False) -> CellSummary:
        """`spared`: what was not run was left out by a decision, and is not missing: the rest is a random part."""
        answered = sum(self.outcomes.values())
        outcomes = {**self.outcomes, NOT_RUN: max(0, cell.planned - answered)}
        estimate = self._estimate({**outcomes, NOT_RUN: 0} if spared else outcomes)
        ordered = sorted(self.timing.seconds)
        return CellSummary(
            cell=cell,
            estimate=estimate,
            outcomes=outcomes,
            latency=Latency(quantile(ordered, 0.5), quantile(ordered, 0.95), quantile(ordered, 0.99)),
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            tokens_per_s=self.timed_tokens / self.call_seconds if self.call_seconds > 0 else None,
            cost=None if self.unpriced or not self.settled else self.cost,
            cached=self.cached,
            timing=self.timing,
            signature=sign(cell.signature, estimate, version),
            continuous=outcomes[Outcome.SCORED] > 0,
        )

    def _estimate(self, outcomes: dict[str, int]) -> Estimate:
        items = self.items.closed()
        trials = sum(outcomes.values()) - outcomes[NOT_RUN]
        if items.seen in (0, trials):
            return estimate_of(outcomes, self.total, self.squares)
        owed = round(outcomes[NOT_RUN] / (trials / items.seen))  # whole samples, as far as one can tell
        missing = items.seen - items.graded + owed
        if outcomes[Outcome.SCORED]:
            return mean_of_sums(items.graded, items.total, items.squares, missing)
        return repeated(items.graded, items.total, items.squares, _graded(outcomes), missing)


def estimate_of(outcomes: dict[str, int], total: float, squares: float) -> Estimate:
    """The estimate behind counts of outcomes: Wilson for right and wrong, t for scores.

    One score makes the whole cell a mean of scores: where a scorer gives 0, 0.5 or 1, the 0 and the 1 are
    stored as wrong and right, and count among the scores.
    """
    missing = sum(outcomes.get(outcome, 0) for outcome in MISSING) + outcomes.get(NOT_RUN, 0)
    if outcomes.get(Outcome.SCORED, 0):
        return mean_of_sums(_graded(outcomes), total, squares, missing)
    return proportion(outcomes.get(Outcome.CORRECT, 0), _graded(outcomes), missing)


def _graded(outcomes: dict[str, int]) -> int:
    return sum(count for name, count in outcomes.items() if name != NOT_RUN and Outcome(name).graded)
