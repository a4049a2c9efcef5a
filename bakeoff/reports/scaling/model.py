"""A small model against a large one: the model of a scaling study, which all of its renderers show. Pure.

A study has a scope for each benchmark, and one for all of them together. A scope has each model's standing
(score, speed, cost, and score for each unit of those) and each model against the first one. Whatever cannot be
computed is a `Quantity` without a value that says why. Example:

    quantity = study.scopes[0].pairs[0].quantity("icer")
    quantity.estimate.value, quantity.gap      # 4.84, "" or None, "no difference in quality shown, …"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bakeoff.core.types import Estimate
from bakeoff.reports.compare import ALPHA, Comparison
from bakeoff.reports.scaling.items import Item

POOLED = "pooled"
Unit = Literal["share", "score", "points", "times", "usd", "seconds", "rate", "gb", "logit"]
Axis = Literal["usd", "seconds"]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One model: its size in billions of parameters, and the bytes that one of its weights takes.

    `size_from` and `bytes_from` say where these come from (`catalogue`, `given`, `assumed`, `shape`); None: not known.
    `counted_gb`: what its tensors come to, counted from the shape of the model, where that is known.
    `priced` is how its cost is known: `stored` with the trials, or `given` as a price for each token.
    """

    name: str
    size_b: float | None = None
    size_from: str = ""
    weight_bytes: float | None = None
    bytes_from: str = ""
    family: str = ""
    priced: str = "stored"
    counted_gb: float | None = None

    @property
    def weights_gb(self) -> float | None:
        """GB that the weights take, without cache and activations: an estimate, for memory was not measured."""
        if self.counted_gb is not None:
            return self.counted_gb
        return None if self.size_b is None or self.weight_bytes is None else self.size_b * self.weight_bytes


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a study. `gap` says why it has no value, or no interval; `note` how to read it.

    `estimated`: it was not measured but computed from what is assumed. `secondary`: print it last.
    """

    id: str
    label: str
    unit: Unit
    estimate: Estimate
    gap: str = ""
    note: str = ""
    estimated: bool = False
    secondary: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """One model in one scope."""

    model: str
    quantities: tuple[Quantity, ...]

    def quantity(self, name: str) -> Quantity:
        """KeyError where the scope has none of that id."""
        return _named(self.quantities, name)


@dataclass(frozen=True, slots=True)
class Pair:
    """B against A in one scope. `variance` is the mean square of an item's difference, for planning.

    `counts` are both right, only A, only B, neither; None in the pooled scope. `looked` says why the scores may
    have had a say in where a run ended: then only the difference, its p and `e` hold, and no other interval.
    """

    a: str
    b: str
    difference: Estimate
    test: str
    p: float | None
    quantities: tuple[Quantity, ...] = ()
    p_adjusted: float | None = None
    family: int = 1
    p_mid: float | None = None
    e: float | None = None
    counts: tuple[int, int, int, int] | None = None
    variance: float | None = None
    looked: str = ""

    def quantity(self, name: str) -> Quantity:
        """KeyError where the scope has none of that id."""
        return _named(self.quantities, name)

    @property
    def better(self) -> int:
        """1 when B is shown to score higher, -1 when A is, 0 when neither is: interval and corrected test agree."""
        if self.p_adjusted is None or self.p_adjusted >= ALPHA:
            return 0
        return sign(self.difference)


@dataclass(frozen=True, slots=True)
class Front:
    """Which models no other is shown to beat, score against what is spent; `gap` says why that is not known."""

    axis: Axis
    names: tuple[str, ...] = ()
    dominated: tuple[tuple[str, str], ...] = ()  # loser, winner
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """One benchmark, or all of them together (`pooled`)."""

    name: str
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    fronts: tuple[Front, ...]
    fit: Quantity | None = None  # from four sizes on
    cells: tuple[str, ...] = ()  # RUN:CELL of each model
    setting: str = ""  # method, preset, profile
    asked: tuple[int, ...] = ()
    shared: int = 0
    graded: bool = False  # scores between right and wrong, or repeats

    @property
    def pooled(self) -> bool:
        return self.name == POOLED and not self.cells


@dataclass(frozen=True, slots=True)
class Ask:
    """What the reader would pay for one more solved item in US dollars, and the difference that does not matter."""

    worth: float | None = None
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a rule says of one scope, the numbers it rests on, and what would change it.

    `kind`: `take` and `lean` name a model; `depends`, `either` and `cannot_tell` name none. `lean` is for where a
    difference may have been missed.
    """

    rule: str
    kind: Literal["take", "lean", "either", "depends", "cannot_tell"]
    scope: str
    models: tuple[str, str]
    take: str | None
    sentence: str
    rests_on: tuple[Quantity, ...]
    change: str


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that a scaling study says."""

    contestants: tuple[Contestant, ...]
    scopes: tuple[Scope, ...]
    pooled: Scope | None
    ask: Ask
    recommendations: tuple[Recommendation, ...] = ()
    notes: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    @property
    def whole(self) -> Scope:
        """The scope that speaks for the study: the pooled one, or the only one."""
        return self.pooled or self.scopes[0]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of one benchmark: its items, and the first model's comparison with each other one.

    `choices`: how many there are to choose from, where the questions are multiple-choice.
    """

    benchmark: str
    items: Sequence[Item]
    comparisons: Sequence[Comparison]
    pair_items: Sequence[Sequence[Item]]  # for each comparison, of these two models alone
    cells: tuple[str, ...] = ()
    setting: str = ""
    asked: tuple[int, ...] = ()
    choices: int | None = None
    looked: str = ""
    notes: tuple[str, ...] = field(default=())


def sign(found: Estimate) -> int:
    """1 or -1 where the interval lies on that side of 0, else 0."""
    if found.low is None or found.high is None:
        return 0
    return int(found.low > 0) - int(found.high < 0)


def quantity(
    id_: str,
    label: str,
    unit: Unit,
    estimate: Estimate | None,
    gap: str = "",
    *,
    note: str = "",
    estimated: bool = False,
    secondary: bool = False,
) -> Quantity:
    """A quantity that says why it has no value or interval, also where that shows only in the estimate."""
    found = estimate or Estimate(None, None, None, 0, 0, "none")
    if found.value is None:
        gap = gap or ("nothing was graded for all" if not found.n else "what it is divided by is 0, or one is perfect")
    elif found.low is None or found.high is None:
        gap = gap or "no interval: too few items, or values of any size fit them"
    return Quantity(id_, label, unit, found, gap, note, estimated, secondary)


def _named(quantities: Sequence[Quantity], name: str) -> Quantity:
    found = next((one for one in quantities if one.id == name), None)
    if found is None:
        raise KeyError(name)
    return found
