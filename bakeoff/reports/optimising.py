"""Optimisations side by side: score beside speed, and whether the answers stayed what they were. Pure.

A `Way` is one cell: a method on a benchmark under one optimisation, measured against the same cell under the
yardstick. Speeds are ratios with intervals, answers are paired by sample and repeat. Example:

    times(fast.output_per_s, slow.output_per_s)       # 3.1 [2.7, 3.6]: so many times as fast
    sameness(yardstick, optimised)                    # 40 of 40 texts the same
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist

from bakeoff.core.records import CellRecord
from bakeoff.core.types import Estimate, Outcome
from bakeoff.reports.compare import ALPHA, Comparison
from bakeoff.reports.performance import Performance
from bakeoff.stats.intervals import CONFIDENCE, proportion
from bakeoff.stats.paired import mcnemar_exact

_Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
Place = tuple[str, int]  # sample and repeat


@dataclass(frozen=True, slots=True)
class Told:
    """What one trial came to: a digest of its text, and its outcome."""

    text: bytes
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Sameness:
    """Shares of trials whose text, and whose outcome, are those of the yardstick.

    `noise`: the share of texts in which the yardstick differs from itself when it is asked again (None: it was asked
    once). `p`: that texts differ more often than by that noise, by McNemar's exact test; None without a noise.
    """

    texts: Estimate
    outcomes: Estimate
    noise: Estimate | None = None
    p: float | None = None

    @property
    def beyond_noise(self) -> bool:
        """Whether texts are shown to differ more often than the engine does by itself."""
        return self.p is not None and self.p < ALPHA and (self.texts.value or 0.0) < 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """One cell under one optimisation. `speed` and `first`: how many times as fast, and as soon, as the yardstick.

    `comparison` is of its score with the yardstick's. All four are None for the yardstick itself. `stored`: how many
    of its `trials` were answered by an earlier measurement, and so tell no speed.
    """

    cell: CellRecord
    score: Estimate
    performance: Performance | None
    speed: Estimate | None = None
    first: Estimate | None = None
    same: Sameness | None = None
    comparison: Comparison | None = None
    stored: int = 0
    trials: int = 0

    @property
    def label(self) -> str:
        return self.cell.optimisation

    @property
    def yardstick(self) -> bool:
        return self.same is None

    @property
    def timed(self) -> bool:
        """Whether its output tokens a second are known."""
        rate = self.performance.output_per_s if self.performance is not None else None
        return rate is not None and bool(rate.value)

    @property
    def differs(self) -> bool:
        """Whether its scores are shown to be others than the yardstick's."""
        return self.comparison is not None and self.comparison.shown


@dataclass(frozen=True, slots=True)
class Scope:
    """One model, benchmark and method: the ways to answer it, the yardstick first."""

    model: str
    preset: str
    benchmark: str
    method: str
    ways: Sequence[Way]

    @property
    def title(self) -> str:
        parts = [self.model, self.benchmark, self.method]
        return " · ".join(parts if self.preset == "balanced" else [*parts, self.preset])


@dataclass(frozen=True, slots=True)
class Advice:
    """When to use which: the rule, the situation it is for, what it says, and the numbers in a sentence."""

    rule: str
    scope: str
    situation: str
    choice: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Study:
    """A run of optimisations. `notes` say what the reader has to know of how it was measured."""

    run: str
    scopes: Sequence[Scope]
    advice: Sequence[Advice] = ()
    notes: Sequence[str] = field(default_factory=tuple)


def times(fast: Estimate | None, slow: Estimate | None) -> Estimate | None:
    """How many times `fast` is `slow`: the ratio, by the delta method on logarithms; both taken as independent.

    None where one is not known or is 0; without an interval where one has none.
    """
    if fast is None or slow is None or not fast.value or not slow.value:
        return None
    value, n = fast.value / slow.value, min(fast.n, slow.n)
    errors = [_log_error(one) for one in (fast, slow)]
    known = [error for error in errors if error is not None]
    if len(known) < len(errors):
        return Estimate(value, None, None, n, 0, "log-ratio95")
    half = _Z * math.hypot(*known)
    return Estimate(value, value * math.exp(-half), value * math.exp(half), n, 0, "log-ratio95")


def _log_error(one: Estimate) -> float | None:
    """The standard error of a logarithm, from the interval of its number."""
    if not one.value or one.low is None or one.high is None or one.low <= 0:
        return None
    return (math.log(one.high) - math.log(one.low)) / (2 * _Z)


def sameness(yardstick: Mapping[Place, Told], other: Mapping[Place, Told]) -> Sameness | None:
    """How alike the answers are, on the trials that both have; None where there are none.

    Errors are left out: the machinery says nothing about the engine's answers.
    """
    places = [
        place
        for place in sorted(yardstick.keys() & other.keys())
        if Outcome.ERROR not in (yardstick[place].outcome, other[place].outcome)
    ]
    if not places:
        return None
    texts = sum(yardstick[place].text == other[place].text for place in places)
    outcomes = sum(yardstick[place].outcome is other[place].outcome for place in places)
    noise, p = _noise(yardstick, other, places)
    return Sameness(proportion(texts, len(places), 0), proportion(outcomes, len(places), 0), noise, p)


def _noise(
    yardstick: Mapping[Place, Told], other: Mapping[Place, Told], places: Sequence[Place]
) -> tuple[Estimate | None, float | None]:
    """How often the yardstick's second answer is not its first, and whether the other differs more often than that."""
    twice = [
        (yardstick[sample, 0], yardstick[sample, 1], other[sample, 0])
        for sample, repeat in places
        if repeat == 0 and (sample, 1) in yardstick
    ]
    if not twice:
        return None, None
    own = [first.text != again.text for first, again, _ in twice]
    made = [first.text != found.text for first, _, found in twice]
    only_own = sum(a and not b for a, b in zip(own, made, strict=True))
    only_made = sum(b and not a for a, b in zip(own, made, strict=True))
    p = mcnemar_exact(only_own, only_made) if only_made > only_own else 1.0
    return proportion(sum(own), len(own), 0), p
