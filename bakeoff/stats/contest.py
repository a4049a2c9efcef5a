"""An A/B test as it goes: arms that answer the same samples in batches, looked at after each.

Right-or-wrong answers are tested by the e-process on pairs that differ, other scores by the
confidence sequence of their mean difference; both hold however often one looks. Which one is said
beforehand (`Rule.graded`), by what the scorer can give and never by what it gave: the e-process weighs
signs, so that one half point would count as a whole one. A value between right and wrong is refused
where none can be. The rules:

- `difference`: an arm is out when another beats it with E >= (K-1)/alpha for K arms, so that the
  best is lost with a chance of at most alpha; decided when one is left. With a margin it is also
  decided when all that are left are equivalent within it.
- `not_worse`: each arm against the baseline, until it is shown not to be worse by the margin, or to be.
- `equivalent`: each arm against the baseline, until the interval lies within the margin, or outside.

Example:

    contest = Contest(2, Rule(alpha=0.05))
    contest.look([(1.0, 0.0), (1.0, 1.0), (None, 1.0)])     # two pairs and a missing answer
    contest.decided, contest.duel(0, 1).p
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from bakeoff.core.types import Estimate
from bakeoff.stats.confidence_sequence import ConfidenceSequence, NonInferiority
from bakeoff.stats.intervals import CONFIDENCE
from bakeoff.stats.paired import PairedBinary, PairedMean, compare_binary, compare_sums
from bakeoff.stats.sequential import ALPHA, PRIOR, EProcess, terminal_decision

Row = tuple[float | None, ...]
RuleName = Literal["difference", "not_worse", "equivalent"]
Standing = Literal["open", "better", "worse", "equivalent", "not_worse", "outside"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be shown, with which chance of a false claim. `margin` is a share, like the scores.

    `graded`: whether a value may lie between right and wrong. None is for runs of before that was written
    down: their first batch with a pair settled it, and a graded pair that came later counted by its sign.
    """

    name: RuleName = "difference"
    alpha: float = ALPHA
    margin: float | None = None
    prior: float = PRIOR
    baseline: int = 0
    early: bool = True
    graded: bool | None = False


class Duel:
    """Two arms on the samples that both have a value for: B minus A, after any number of looks."""

    def __init__(self, alpha: float, prior: float, margin: float | None, graded: bool | None = False) -> None:
        self.alpha = alpha
        self.process = EProcess(alpha, prior)
        self.sequence = ConfidenceSequence(alpha)
        self.gate = None if margin is None else NonInferiority(margin, alpha)
        self.margin = margin
        self.graded = bool(graded)
        self._by_first = graded is None
        self.n = 0
        self.missing = 0
        self._total = 0.0
        self._squares = 0.0
        self._both = 0
        self._log_largest = 0.0  # of the wealth against no difference
        self._first: Literal["a", "b"] | None = None  # who was ahead when it reached 1/alpha

    def add(self, pairs: Sequence[tuple[float | None, float | None]], missing: int = 0) -> None:
        """Take one batch and look once; `missing` counts further pairs without a value.

        Raises ValueError for a value between right and wrong where none can be; nothing is taken then.
        """
        known = [(a, b) for a, b in pairs if a is not None and b is not None]
        if not self.graded:
            self._check(known)
        self.missing += len(pairs) - len(known) + missing
        differences = [b - a for a, b in known]
        self.n += len(known)
        self._total += math.fsum(differences)
        self._squares += math.fsum(d * d for d in differences)
        if not self.graded:
            won = sum(d > 0 for d in differences)
            lost = sum(d < 0 for d in differences)
            self.process.add(lost, won, len(known) - won - lost)
            self._both += sum(a == b == 1.0 for a, b in known)
        self.sequence.add_differences(differences)
        if self.gate is not None:
            self.gate.add_differences(differences)
        self._log_largest = max(self._log_largest, self.sequence.log_wealth(0.0))
        if self._first is None and self._log_largest >= -math.log(self.alpha):
            self._first = "b" if self._total > 0 else "a"

    def _check(self, known: Sequence[tuple[float, float]]) -> None:
        between = next((value for pair in known for value in pair if value not in (0.0, 1.0)), None)
        if self._by_first:
            self.graded = not self.n and between is not None
        elif between is not None:
            raise ValueError(f"{between!r} is neither right (1) nor wrong (0), and this test is of right or wrong")

    @property
    def difference(self) -> float | None:
        return self._total / self.n if self.n else None

    @property
    def estimate(self) -> Estimate:
        """The difference with its anytime-valid interval."""
        return self.sequence.estimate(self.missing)

    def fixed(self, confidence: float = CONFIDENCE) -> PairedBinary | PairedMean:
        """The test and the interval that hold only if nobody looked before: for a run that asks everything."""
        if self.graded:
            return compare_sums(self.n, self._total, self._squares, self.missing, confidence)
        m, s = self.process.m, self.process.s
        return compare_binary(self._both, m - s, s, self.n - m - self._both, self.missing, confidence)

    @property
    def interval(self) -> tuple[float, float]:
        """The anytime-valid interval of the difference."""
        return self.sequence.interval()

    @property
    def winner(self) -> Literal["a", "b"] | None:
        """Who was shown to be better at some look: what was shown stays shown."""
        if self.graded:
            return self._first
        return self.process.decided

    @property
    def p(self) -> float:
        """The p value that holds at any moment, of the hypothesis that there is no difference."""
        return math.exp(-self.log_largest)

    @property
    def log_largest(self) -> float:
        """Natural log of the largest evidence against "no difference" at any look."""
        return self._log_largest if self.graded else self.process.log_largest

    @property
    def equivalent(self) -> bool:
        """Whether the interval lies within the margin: both ends of the margin are then excluded."""
        if self.margin is None or not self.n or abs(self._total) >= self.margin * self.n:
            return False
        return self._excludes(-self.margin) and self._excludes(self.margin)

    @property
    def below(self) -> bool:
        """Whether B was shown to be worse by more than the margin."""
        return self.margin is not None and self._total < -self.margin * self.n and self._excludes(-self.margin)

    def _excludes(self, difference: float) -> bool:
        """Whether the interval leaves a difference out: one look at the evidence, and no search for its ends."""
        return self.sequence.log_wealth(difference) >= -math.log(self.alpha)

    @property
    def outside(self) -> bool:
        """Whether the difference was shown to be larger than the margin, to either side."""
        above = self.margin is not None and self._total > self.margin * self.n and self._excludes(self.margin)
        return above or self.below


class Contest:
    """K arms under one rule; fed batch by batch."""

    def __init__(self, arms: int, rule: Rule) -> None:
        if arms < 2:
            raise ValueError(f"a contest needs at least 2 arms, not {arms}")
        if not 0 <= rule.baseline < arms:
            raise ValueError(f"baseline {rule.baseline} is none of {arms} arms")
        if rule.name != "difference" and rule.margin is None:
            raise ValueError(f"rule '{rule.name}' needs a margin")
        self.arms, self.rule = arms, rule
        self.items = 0  # that were looked at
        self.out: dict[int, tuple[int, int]] = {}  # arm → (who beat it, after how many items)
        alpha = rule.alpha / (arms - 1)
        self._duels = {pair: Duel(alpha, rule.prior, rule.margin, rule.graded) for pair in self._pairs()}
        self._settled: dict[int, Standing] = {}

    def _pairs(self) -> Iterator[tuple[int, int]]:
        if self.rule.name == "difference":
            yield from combinations(range(self.arms), 2)
        else:
            yield from ((self.rule.baseline, arm) for arm in range(self.arms) if arm != self.rule.baseline)

    def duel(self, a: int, b: int) -> Duel:
        """The duel of two arms; its differences are B minus A. KeyError when the rule has none of that order."""
        return self._duels[a, b]

    @property
    def duels(self) -> dict[tuple[int, int], Duel]:
        return dict(self._duels)

    def claimed(self, a: int, b: int) -> bool:
        """Whether one of two arms was shown to be better among all pairs at once, with alpha for all of them."""
        return self.duel(a, b).log_largest >= math.log(len(self._duels) / self.rule.alpha)

    def standing(self, arm: int) -> Standing:
        """What was shown of an arm against the baseline, under the rules that have one."""
        return self._settled.get(arm, "open")

    def standing_at_end(self, arm: int) -> Standing:
        """The same when all is asked: a rule without looks is then met or not, by an interval that nobody looked at."""
        duel = self._duels.get((self.rule.baseline, arm))
        if self.rule.early or duel is None or self.rule.margin is None or not duel.n:
            return self.standing(arm)
        found = duel.fixed(1 - duel.alpha).difference
        low, high, margin = found.low or 0.0, found.high or 0.0, self.rule.margin
        if self.rule.name == "equivalent":
            outside = low > margin or high < -margin
            return "outside" if outside else "equivalent" if -margin < low and high < margin else "open"
        return "not_worse" if low > -margin else "worse" if high < -margin else "open"

    @property
    def alive(self) -> frozenset[int]:
        """The arms that are still asked."""
        if not self.rule.early:
            return frozenset(range(self.arms))
        if self.rule.name == "difference":
            return frozenset(arm for arm in range(self.arms) if arm not in self.out)
        challengers = {arm for arm in range(self.arms) if arm != self.rule.baseline and arm not in self._settled}
        return frozenset(challengers | {self.rule.baseline})

    @property
    def decided(self) -> bool:
        """Whether there is nothing left to ask for."""
        if not self.rule.early:
            return False
        return len(self.alive) == 1 or self.all_equivalent

    @property
    def all_equivalent(self) -> bool:
        """Whether all arms that are left were shown to be equivalent within the margin."""
        if self.rule.name != "difference" or self.rule.margin is None:
            return False
        return all(self._duels[pair].equivalent for pair in combinations(sorted(self.alive), 2))

    def look(self, rows: Sequence[Row]) -> None:
        """Take the values of one batch, a row for each sample, and look once.

        Raises ValueError for a row of another length, and for a value between right and wrong where none can be.
        """
        for row in rows:
            if len(row) != self.arms:
                raise ValueError(f"a row has {len(row)} values, and there are {self.arms} arms")
        if self.decided:
            return
        alive = self.alive
        self.items += len(rows)
        for (a, b), duel in self._duels.items():
            if a in alive and b in alive:
                duel.add([(row[a], row[b]) for row in rows])
        if not self.rule.early:
            return  # the looks decide nothing: one test is made at the end
        if self.rule.name == "difference":
            self._eliminate(alive)
        else:
            self._settle(alive)

    def _eliminate(self, alive: frozenset[int]) -> None:
        losers: dict[int, int] = {}
        for (a, b), duel in self._duels.items():
            if a in alive and b in alive and duel.winner is not None:
                winner, loser = (b, a) if duel.winner == "b" else (a, b)
                losers.setdefault(loser, winner)
        if losers.keys() != alive:  # else each is beaten by another, in a circle: none can be told to be the best
            self.out |= {loser: (winner, self.items) for loser, winner in losers.items()}

    def left_at_end(self) -> frozenset[int]:
        """The arms that are left when the planned items are done and the rest of alpha is spent in one test.

        Only for the rule `difference`, and for a contest that ended because its items did.
        """
        losers = set()
        for a, b in combinations(sorted(self.alive), 2):
            process = self._duels[a, b].process
            if self._duels[a, b].graded or process.decided is not None:
                continue
            better = terminal_decision(process.m, process.s, process.alpha, process.a)
            losers |= {a} if better == "b" else {b} if better == "a" else set()
        return self.alive if losers == self.alive else self.alive - losers

    def _settle(self, alive: frozenset[int]) -> None:
        for (base, arm), duel in self._duels.items():
            if arm in alive and base in alive and (found := self._shown(duel)) is not None:
                self._settled[arm] = found
                self.out[arm] = (base, self.items)

    def _shown(self, duel: Duel) -> Standing | None:
        if self.rule.name == "equivalent":
            return "equivalent" if duel.equivalent else "outside" if duel.outside else None
        if duel.gate is not None and duel.gate.passed:
            return "not_worse"
        return "worse" if duel.below else None
