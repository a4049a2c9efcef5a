"""Two cells on the same samples: the model of a comparison. Pure.

Only samples that both cells graded are compared. With repeats, repeat i is paired with repeat i and a
sample counts once, by the mean of its repeats: twenty answers to one question are one question.
The sentence says "no difference shown" unless the interval excludes zero and the test agrees.

Cells of a run that somebody may have ended, or may yet end, because of how the scores looked are
compared by a test and an interval that hold at any look: the usual ones would not.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bakeoff.core.arms import counted_wrong
from bakeoff.core.errors import NotComparable
from bakeoff.core.grading import OWN_SCORER, rule_of
from bakeoff.core.origin import asked_of
from bakeoff.core.records import CellRecord, Met
from bakeoff.core.types import Estimate, Outcome, Trial
from bakeoff.reports.points import signed, unsigned
from bakeoff.reports.verdict import DuelResult
from bakeoff.stats.contest import Duel
from bakeoff.stats.multiple import holm
from bakeoff.stats.paired import compare_binary, compare_means
from bakeoff.stats.sequential import PRIOR

ALPHA = 0.05
COUNTED = ("both right", "improved", "regressed", "neither")
LEAST_SHARED = 0.5  # of the smaller cell's samples: fewer are no comparison of these cells


@dataclass(frozen=True, slots=True)
class Pair:
    """One sample on which the two cells differ."""

    sample_id: str
    repeat: int
    target: str
    outcome_a: Outcome
    outcome_b: Outcome
    extracted_a: str | None
    extracted_b: str | None
    value_a: float
    value_b: float

    @property
    def improved(self) -> bool:
        return self.value_b > self.value_a


@dataclass(frozen=True, slots=True)
class Comparison:
    """B against A. `difference` is B minus A; the counts are of pairs."""

    name_a: str
    name_b: str
    a: CellRecord
    b: CellRecord
    difference: Estimate
    test: str
    p: float | None
    p_mid: float | None
    both: int
    improved: int
    regressed: int
    neither: int
    pairs: Sequence[Pair]
    p_adjusted: float | None = None
    family: int = 1
    asked: tuple[int, int] = (0, 0)  # samples that each cell was asked; those of one alone are left out
    shared: int = 0
    looked: str = ""  # why the test is one that holds at any look
    differing: int = 0  # answers that differ; `pairs` may be the first of them
    counted_wrong: tuple[int, int] | None = None  # replies without an answer; None: they are left out, as usual
    decided: bool | None = None  # whether the test at the end of their A/B test showed a difference; None: no such test

    graded: bool = False  # compared by mean scores, and not by right and wrong

    @property
    def counted(self) -> dict[str, int]:
        """The four counts of pairs, in words that fit how they were scored: 0.5 twice is not both right."""
        names = ("equal", "higher", "lower", "both zero") if self.graded else COUNTED
        return dict(zip(names, (self.both, self.improved, self.regressed, self.neither), strict=True))

    @property
    def shown(self) -> bool:
        """Whether a difference was shown: the interval excludes zero, and so does the test, corrected."""
        if self.decided is not None:
            return self.decided
        low, high, p = self.difference.low, self.difference.high, self.p_adjusted
        return p is not None and p < ALPHA and low is not None and high is not None and (low > 0 or high < 0)

    @property
    def verdict(self) -> str:
        """One sentence that claims no more than was shown."""
        estimate = self.difference
        if estimate.value is None or estimate.low is None or estimate.high is None:
            return "Nothing to compare: the two cells have no graded sample in common."
        p = "" if self.p_adjusted is None else f"; {self.test} {format_p(self.p_adjusted)}"
        if self.family > 1 and p:
            p += f", Holm for {self.family}"
        where = f"on {estimate.n:,} pair{'s' if estimate.n != 1 else ''} of '{self.a.benchmark}'"
        if max(self.asked) > self.shared:
            where += f" ({self.shared:,} samples shared, of {self.asked[0]:,} and {self.asked[1]:,})"
        low, high = 100 * estimate.low, 100 * estimate.high
        told = f"{self.looked[:1].upper()}{self.looked[1:]}"
        how = "so the test is one that holds at any look" if self.decided is None else "and the test is that of its end"
        why = f" {told}, {how}." if told else ""
        if self.counted_wrong is not None:
            counts = _of_each(self.counted_wrong, (self.name_a, self.name_b))
            why += f" Replies without an answer count as wrong, by the run's decision rule: {counts}."
        if not self.shown:
            points = f"{signed(100 * estimate.value)} points, 95 % interval {signed(low)} to {signed(high)}"
            return f"No difference shown between '{self.name_b}' and '{self.name_a}' {where} ({points}{p}).{why}"
        if estimate.value > 0:
            better, worse = self.name_b, self.name_a
        else:
            better, worse, low, high = self.name_a, self.name_b, -high, -low
        points = f"{100 * abs(estimate.value):.1f} points, 95 % interval {unsigned(low)} to {unsigned(high)}"
        return f"'{better}' scores higher than '{worse}' {where} ({points}{p}).{why}"


def _of_each(counts: tuple[int, int], names: tuple[str, str]) -> str:
    return ", ".join(f"{count:,} of '{name}'" for count, name in zip(counts, names, strict=True))


def format_p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def as_decided(comparison: Comparison, duel: DuelResult, duels: int) -> Comparison:
    """A comparison of two arms of an A/B test that was asked in full, by the one test at its end.

    `duel` is B against A as well. Where somebody looked on the way its interval holds at any look, and may
    reach 0 where the test shows a difference.
    """
    shown = duel.winner is not None
    if not comparison.looked:
        return replace(comparison, difference=duel.difference, p_adjusted=duel.p, family=duels, decided=shown)
    test, p = "exact test at the end", duel.p
    return replace(comparison, difference=duel.difference, test=test, p=p, p_mid=None, p_adjusted=p, decided=shown)


def correct(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons of one report, each with its p corrected for all of them (law 5)."""
    adjusted = holm([comparison.p for comparison in comparisons])
    family = sum(p is not None for p in adjusted)
    return [replace(one, p_adjusted=p, family=family) for one, p in zip(comparisons, adjusted, strict=True)]


def compare(
    names: tuple[str, str],
    cells: tuple[CellRecord, CellRecord],
    trials: tuple[Iterable[Trial], Iterable[Trial]],
    looked: str = "",
) -> Comparison:
    """Pair the trials of two cells and compare them; `looked` says why it has to hold at any look.

    Raises NotComparable.
    """
    by_sample = {(trial.sample_id, trial.repeat): trial for trial in trials[0]}
    matched: list[Met] = []
    seen: dict[str, int] = {}  # in the order of the second cell
    for trial in trials[1]:
        seen.setdefault(trial.sample_id, len(seen))
        if (other := by_sample.get((trial.sample_id, trial.repeat))) is not None:
            matched.append(_met(other, trial))
    matched.sort(key=lambda met: seen[met.sample_id])
    return compare_met(names, cells, matched, (len({sample for sample, _ in by_sample}), len(seen)), looked)


def compare_met(
    names: tuple[str, str],
    cells: tuple[CellRecord, CellRecord],
    met: Iterable[Met],
    asked: tuple[int, int],
    looked: str = "",
    pairs: int | None = None,
    unanswered_wrong: bool = False,
) -> Comparison:
    """Compare two cells by what they made of the samples that both were asked, the repeats of a sample together.

    `asked`: samples that each cell was asked; `pairs`: as many of those that differ are kept, or all.
    `unanswered_wrong`: a reply without an answer counts as wrong, as the decision rule of their run has it.
    Takes 16 bytes a sample. Raises NotComparable.
    """
    _check_kinds(names, cells)
    tally = _Tally(pairs, unanswered_wrong)
    for one in met:
        tally.add(one)
    tally.close()
    _check_shared(names, asked, tally.shared)
    if not tally.alike:
        raise NotComparable(
            f"the data of '{cells[0].benchmark}' differs between '{names[0]}' and '{names[1]}'",
            "compare cells that were asked the same questions",
        )
    return replace(tally.comparison(names, cells, looked), asked=asked, shared=tally.shared)


def _check_kinds(names: tuple[str, str], cells: tuple[CellRecord, CellRecord]) -> None:
    a, b = cells
    if a.benchmark != b.benchmark:
        raise NotComparable(
            f"'{names[0]}' is of '{a.benchmark}' and '{names[1]}' of '{b.benchmark}'",
            "compare two cells of one benchmark",
        )
    first, second = rule_of(a), rule_of(b)
    if first.profile != second.profile:
        raise NotComparable(
            f"'{names[0]}' is graded by profile '{first.profile}' and '{names[1]}' by '{second.profile}'",
            f"grade both by one rule: bakeoff grade RUN --profile {first.profile}",
        )
    if str(first) != str(second):
        told = [rule.further or OWN_SCORER for rule in (first, second)]
        raise NotComparable(
            f"'{names[0]}' is graded by {told[0]} and '{names[1]}' by {told[1]}",
            f"run one again as the other, from the stored replies: bakeoff run {first.flags} …",
        )


def _check_shared(names: tuple[str, str], asked: tuple[int, int], shared: int) -> None:
    if not shared:
        raise NotComparable(f"'{names[0]}' and '{names[1]}' share no samples", "compare cells of one run")
    if shared < LEAST_SHARED * min(asked):
        raise NotComparable(
            f"'{names[0]}' and '{names[1]}' share {shared:,} samples, of {asked[0]:,} and {asked[1]:,}:"
            " too few to speak for either",
            "ask both the same samples: the same --seed and --limit, or --samples NAME",
        )


def _asked_otherwise(a: Trial, b: Trial) -> bool:
    """Whether two logs of other tools say that this sample was another question."""
    first, second = asked_of(a), asked_of(b)
    return bool(first and second and first != second)


def _met(a: Trial, b: Trial) -> Met:
    alike = a.target == b.target and not _asked_otherwise(a, b)
    texts = (a.target, a.extracted, b.extracted)
    return Met(a.sample_id, a.repeat, a.outcome, b.outcome, a.value, b.value, *texts, alike)


class _Tally:
    """Takes what two cells made of each sample and repeat, one at a time, and keeps two numbers a sample."""

    def __init__(self, pairs: int | None, unanswered_wrong: bool = False) -> None:
        self._most = pairs
        self._unanswered_wrong = unanswered_wrong
        self._wrong = [0, 0]  # replies without an answer that count as wrong
        self.pairs: list[Pair] = []
        self.differing = 0
        self.shared = 0
        self.alike = True
        self._scored = False
        self._graded = 0
        self._a, self._b = array("d"), array("d")  # the two cells' mean scores of each sample
        self._sample: str | None = None
        self._open = (0.0, 0.0, 0)

    def add(self, met: Met) -> None:
        if met.sample_id != self._sample:
            self.close()
            self._sample = met.sample_id
            self.shared += 1
        self.alike = self.alike and met.alike
        wrong = self._unanswered_wrong
        kinds = [(outcome.graded, counted_wrong(outcome, wrong)) for outcome in (met.outcome_a, met.outcome_b)]
        for place, (_, counts) in enumerate(kinds):
            self._wrong[place] += counts
        if not all(graded or counts for graded, counts in kinds):
            return
        a, b, count = self._open
        self._open = a + (met.value_a or 0.0), b + (met.value_b or 0.0), count + 1
        self._graded += 1
        self._scored = self._scored or Outcome.SCORED in (met.outcome_a, met.outcome_b)
        if (met.value_a or 0.0) != (met.value_b or 0.0):
            self.differing += 1
            if self._most is None or len(self.pairs) < self._most:
                self.pairs.append(_pair(met))

    def close(self) -> None:
        """Note the sample that was added last."""
        a, b, count = self._open
        if count:
            self._a.append(a / count)
            self._b.append(b / count)
            self._open = (0.0, 0.0, 0)

    def comparison(self, names: tuple[str, str], cells: tuple[CellRecord, CellRecord], looked: str) -> Comparison:
        counts = self._counts()
        missing = self.shared - len(self._a)
        p_mid: float | None = None
        graded = self._scored or len(self._a) < self._graded  # the mean of repeats lies between right and wrong
        if looked:
            # None: values of right or wrong, unless an old store holds others
            duel = Duel(ALPHA, PRIOR, None, True if graded else None)
            duel.add(list(zip(self._a, self._b, strict=True)), missing)
            difference, test, p = duel.estimate, "anytime test", duel.p if duel.n else None
        elif graded:
            means = compare_means(self._a, self._b, missing)
            difference, test, p = means.difference, "paired t", means.p
        else:
            both, improved, regressed, neither = counts
            binary = compare_binary(both, regressed, improved, neither, missing)
            difference, test, p, p_mid = binary.difference, "exact McNemar", binary.p_exact, binary.p_mid
        wrong = (self._wrong[0], self._wrong[1]) if self._unanswered_wrong else None
        found = Comparison(*names, *cells, difference, test, p, p_mid, *counts, self.pairs, p, looked=looked)
        return replace(found, differing=self.differing, graded=graded, counted_wrong=wrong)

    def _counts(self) -> tuple[int, int, int, int]:
        """Samples that both have right (or above 0 alike), that B has better, that A has better, the rest."""
        both = improved = regressed = 0
        for a, b in zip(self._a, self._b, strict=True):
            both += a == b and a > 0
            improved += b > a
            regressed += a > b
        return both, improved, regressed, len(self._a) - both - improved - regressed


def _pair(met: Met) -> Pair:
    outcomes, extracted = (met.outcome_a, met.outcome_b), (met.extracted_a, met.extracted_b)
    values = met.value_a or 0.0, met.value_b or 0.0
    return Pair(met.sample_id, met.repeat, met.target or "", *outcomes, *extracted, *values)
