"""What an A/B test came to: its arms, its duels, its guards, and one sentence, for every renderer. Pure.

`judging.judge` makes a verdict; the word "winner" is used only where the test supports it and no guard
speaks against it. Example:

    verdict.kind, verdict.winner, verdict.sentence
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from bakeoff.core.types import Estimate
from bakeoff.reports.points import signed
from bakeoff.stats.contest import Rule

Stop = Literal["decided", "end", "budget", "interrupted", "engine", "running"]


class VerdictKind(StrEnum):
    """The one word for how a comparison ended."""

    WINNER = "winner"
    NO_DIFFERENCE = "no_difference"  # not shown, which is not the same as none
    EQUIVALENT = "equivalent"
    NOT_WORSE = "not_worse"
    WORSE = "worse"  # by more than the margin
    DIFFERENT = "different"  # by more than the margin, where equivalence was asked for
    GUARDED = "guarded"  # scores higher, and a guard does not hold
    BUDGET = "stopped_by_budget"
    UNFINISHED = "unfinished"
    NOTHING = "nothing_to_compare"


@dataclass(frozen=True, slots=True)
class GuardResult:
    """A metric that must not get worse: challenger against baseline, as a ratio or an added share.

    `unjudged`: why this run cannot tell, where it is not for a lack of numbers: it neither holds nor is broken.
    """

    metric: str
    arm: str
    at_most: float
    found: Estimate
    share: bool
    unjudged: str = ""

    @property
    def holds(self) -> bool | None:
        """None where the interval tells neither."""
        if self.unjudged or self.found.low is None or self.found.high is None:
            return None
        if self.found.high <= self.at_most:
            return True
        return False if self.found.low > self.at_most else None

    @property
    def said(self) -> str:
        if self.unjudged:
            return f"guard {self.metric} of '{self.arm}' is not judged: {self.unjudged}"
        low, high, value = self.found.low, self.found.high, self.found.value
        if low is None or high is None or value is None:
            why = " as times the baseline's, which may be 0" if self.found.n and not self.share else ""
            return f"guard {self.metric} of '{self.arm}' could not be measured{why}"
        word = {True: "holds", False: "is broken", None: "is not shown to hold"}[self.holds]
        if self.share:
            limit = f"{100 * self.at_most:+g} points"
            told = f"{signed(100 * value)} [{signed(100 * low)}, {signed(100 * high)}]"
        else:
            limit, told = f"{self.at_most:g} x", f"{value:.2f} x [{low:.2f}, {high:.2f}]"
        return f"guard {self.metric} (at most {limit}) {word} for '{self.arm}': {told}"


@dataclass(frozen=True, slots=True)
class DuelResult:
    """Two arms on the samples that both have a value for; the difference is B minus A.

    `only_a`, `only_b`: pairs that one of them got right (None for scores that are not right or wrong).
    `p` holds at any look, or is that of the one test at the planned end (`final`). `claimed`: shown among
    all pairs at once, and not only against the best. `p_not_worse`: of the one-sided gate "B is not worse than A
    by the margin", valid at any look; None under other rules, and where nobody looked.
    """

    a: str
    b: str
    difference: Estimate
    only_a: int | None
    only_b: int | None
    e: float | None
    p: float | None
    alpha: float
    final: bool
    winner: str | None
    claimed: bool = False
    p_not_worse: float | None = None

    @property
    def turned(self) -> DuelResult:
        """The same, seen from the other side: A against B."""
        seen = self.difference
        value, low, high = (None if x is None else 0.0 - x for x in (seen.value, seen.high, seen.low))
        turned = replace(seen, value=value, low=low, high=high)
        return replace(self, a=self.b, b=self.a, difference=turned, only_a=self.only_b, only_b=self.only_a)


@dataclass(frozen=True, slots=True)
class ArmResult:
    """How far an arm came: who beat it, and after how many samples; None while it is in.

    `counted_wrong`: its replies that count as wrong for want of an answer; None where the rule has them missing.
    """

    label: str
    beaten_by: str | None = None
    after: int | None = None
    standing: str = "open"
    counted_wrong: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of an A/B test, for every renderer."""

    kind: VerdictKind
    sentence: str
    winner: str | None
    stop: Stop
    rule: Rule
    asked: int
    planned: int
    arms: Sequence[ArmResult]
    duels: Sequence[DuelResult]
    guards: Sequence[GuardResult] = ()
    notes: Sequence[str] = ()

    @property
    def unanswered(self) -> Literal["missing", "wrong"]:
        """How a reply counts that is cut, refused or without an answer. An error is always missing."""
        return "missing" if all(arm.counted_wrong is None for arm in self.arms) else "wrong"

    @property
    def counted_wrong(self) -> int:
        """How many replies of all arms count as wrong for want of an answer."""
        return sum(arm.counted_wrong or 0 for arm in self.arms)

    @property
    def early(self) -> bool:
        """Whether the decision spared samples; the estimate of the difference is then too large on average."""
        return self.stop == "decided" and self.asked < self.planned
