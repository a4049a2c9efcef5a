"""The verdict of a stored run that has a decision rule, with its guards; and all such verdicts over time.

Example:

    verdict = Verdicts(laboratory.runs, laboratory.trials).of("prompt-test")     # None without a rule
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import TypeAlias

from bakeoff.app.contests import replayed
from bakeoff.core.arms import Arm
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.records import Measure, RunRecord, noted
from bakeoff.core.specs import SHARES, DecisionSpec, ExperimentSpec, GuardMetric
from bakeoff.core.types import Estimate, Outcome
from bakeoff.reports.judging import judge
from bakeoff.reports.verdict import DuelResult, GuardResult, Verdict
from bakeoff.stats.paired import compare_binary, compare_means
from bakeoff.store.runs import RunRepository
from bakeoff.store.trials import TrialRepository

Places = dict[tuple[int, str], int]  # (index of the benchmark, sample id) → place of a value
Values: TypeAlias = "array[float]"  # one for each place
_STORED, _NOT_ASKED, _UNKNOWN = -3.0, -2.0, -1.0  # no metric is below 0; stored: a latency of another run's call
_TIMES = frozenset({"latency", "latency_p95"})
_ALL_STORED = "all replies came from the store"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Reads the A/B tests out of an open store."""

    runs: RunRepository
    trials: TrialRepository

    def of(self, name: str) -> Verdict | None:
        """Raises RunNotFound."""
        run = self.runs.get(name)
        return None if run.spec.decision is None else self._of(run, run.spec.decision)

    def history(self, name: str | None = None) -> Iterator[tuple[RunRecord, Verdict]]:
        """Every run with a decision rule and its verdict, the oldest first; with a name those that asked the same.

        Raises RunNotFound, and ConfigInvalid for a run without a decision rule.
        """
        like = None if name is None else _question(self._ruled(name).spec)
        for run in sorted(self.runs.all(), key=lambda run: run.created_at):
            if run.spec.decision is not None and like in (None, _question(run.spec)):
                yield run, self._of(run, run.spec.decision)

    def duel(self, run: RunRecord, a: int, b: int) -> tuple[DuelResult, int] | None:
        """What the one test at the end of a run says of cell B against cell A, and how many pairs it was made of.

        None where no such test was made: of another rule, before the end, of arms with several benchmarks.
        """
        if run.spec.decision is None:
            return None
        arms = replayed(run, noted(self.runs.cells(run.id), run.spec), self.trials).arms
        labels = {arm.cells[0].id: arm.label for arm in arms if len(arm.cells) == 1}
        if a not in labels or b not in labels:
            return None
        duels = self._of(run, run.spec.decision).duels
        for one in (*duels, *(duel.turned for duel in duels)):
            if (one.a, one.b) == (labels[a], labels[b]) and one.final and one.p is not None:
                return one, len(duels)
        return None

    def _ruled(self, name: str) -> RunRecord:
        run = self.runs.get(name)
        if run.spec.decision is None:
            raise ConfigInvalid(
                f"run '{name}' has no decision rule", f"see its comparisons with: bakeoff report {name}"
            )
        return run

    def _of(self, run: RunRecord, decision: DecisionSpec) -> Verdict:
        cells = noted(self.runs.cells(run.id), run.spec)
        contest, arms, wrong = replayed(run, cells, self.trials)
        planned = sum(cell.planned for cell in arms[0].cells) // run.spec.repeats
        guards = self._guards(decision, arms, contest.rule.baseline)
        return judge(contest, [arm.label for arm in arms], run.status, planned, guards, counted_wrong=wrong)

    def _guards(self, decision: DecisionSpec, arms: Sequence[Arm], baseline: int) -> list[GuardResult]:
        if not decision.guards:
            return []
        places: Places = {}
        metrics = [guard.metric for guard in decision.guards]
        measured = [self._measured(arm, metrics, places) for arm in arms]
        return [
            GuardResult(
                guard.metric,
                arm.label,
                guard.at_most,
                guarded(guard.metric, *both),
                guard.metric in SHARES,
                unjudged(arms[baseline].label, arm.label, *both),
            )
            for index, arm in enumerate(arms)
            if index != baseline
            for guard in decision.guards
            for both in [(measured[baseline][guard.metric], measured[index][guard.metric])]
        ]

    def _measured(self, arm: Arm, metrics: Sequence[GuardMetric], places: Places) -> dict[GuardMetric, Values]:
        """Of each metric the samples' values, in one pass over the arm's trials."""
        found: dict[GuardMetric, Values] = {metric: array("d") for metric in metrics}
        for which, cell in enumerate(arm.cells):
            for sample, group in groupby(self.trials.measures(cell.id), key=attrgetter("sample_id")):
                place, repeats = places.setdefault((which, sample), len(places)), list(group)
                for metric, values in found.items():
                    values.extend([_NOT_ASKED] * (place + 1 - len(values)))
                    values[place] = _value(metric, repeats)
        return found


def _question(spec: ExperimentSpec) -> str:
    """What is compared on what, however it is drawn and decided: equal for tests of one question."""
    asked = spec.measured()
    return digest({name: asked[name] for name in ("models", "presets", "benchmarks", "methods", "sampling")})


def guarded(metric: GuardMetric, base: Values, arm: Values) -> Estimate:
    """What a guard looks at, on the samples that both were asked: times the baseline's, or added share.

    A sample of which one of them does not know the metric (a price, a token count) is missing.
    """
    from bakeoff.stats.resample import resample, resample_quantile_ratio

    pairs = [(a, b) for a, b in zip(base, arm, strict=False) if _NOT_ASKED not in (a, b)]
    known = [(a, b) for a, b in pairs if a >= 0 and b >= 0]
    if not known:
        return Estimate(None, None, None, 0, len(pairs), "bootstrap95")
    missing = len(pairs) - len(known)
    if metric == "latency_p95":
        return resample_quantile_ratio(known, 0.95, n_missing=missing)
    if metric in SHARES:
        return _share_difference(known, missing)
    if not any(value for pair in known for value in pair):
        return Estimate(1.0, 1.0, 1.0, len(known), missing, "exact")  # both are free: neither is dearer
    return resample(known, n_missing=missing).ratio([0, 1], [1, 0])


def unjudged(base: str, arm: str, base_values: Values, arm_values: Values) -> str:
    """Why latencies of the two can't be compared, as the run made no call for them itself; empty where they can."""
    pairs = [(a, b) for a, b in zip(base_values, arm_values, strict=False) if _NOT_ASKED not in (a, b)]
    if any(a >= 0 and b >= 0 for a, b in pairs) or not any(_STORED in pair for pair in pairs):
        return ""
    made = [any(pair[side] >= 0 for pair in pairs) for side in (0, 1)]
    if not any(made):
        return _ALL_STORED
    if all(made):
        return "no sample has replies of both that did not come from the store"
    return f"all replies of '{arm if made[0] else base}' came from the store"


def _share_difference(known: Sequence[tuple[float, float]], missing: int) -> Estimate:
    """The added share, by an interval that does not shrink to nothing where nobody had any."""
    if all(value in (0.0, 1.0) for pair in known for value in pair):
        both, only_a, only_b = (known.count(pair) for pair in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))
        return compare_binary(both, only_a, only_b, len(known) - both - only_a - only_b, missing).difference
    return compare_means([a for a, _ in known], [b for _, b in known], missing).difference


def _value(metric: GuardMetric, repeats: Sequence[Measure]) -> float:
    """The mean of a sample's repeats; where none of them has the metric, whether another run made all its calls."""
    found = [value for measure in repeats if (value := _of_one(metric, measure)) is not None]
    if found:
        return sum(found) / len(found)
    answered = [measure for measure in repeats if measure.outcome is not Outcome.ERROR]
    return _STORED if metric in _TIMES and any(measure.cached for measure in answered) else _UNKNOWN


def _of_one(metric: GuardMetric, measure: Measure) -> float | None:
    if metric == "missing":
        return float(not measure.outcome.graded)
    if metric == "errors":
        return float(measure.outcome is Outcome.ERROR)
    if measure.outcome is Outcome.ERROR:
        return None
    if metric == "output_tokens":
        return measure.output_tokens
    return measure.cost if metric == "cost" else measure.own_latency_s
