"""The designs of a run: how many items an effect takes, the power of those planned, what they can show. Pure.

One entry for each design, made of the formulas of `bakeoff.stats.power`; what cannot be is a reason in the place
of the numbers. Example:

    design_plan("paired", Ask(effect=0.05), assumed(0.5), items=1319)     # 945 items; power 91 % with 1,319
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bakeoff.core.types import Estimate
from bakeoff.stats import power as planner
from bakeoff.stats.power_small import paired_chance
from bakeoff.stats.sequential import PRIOR
from bakeoff.stats.stopping import BATCH, MOST, horizon

Design = Literal[
    "paired", "unpaired", "sequential", "clustered", "repeats", "crossed", "non-inferiority", "equivalence"
]
DESIGNS: tuple[Design, ...] = get_args(Design)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted: differences are shares (0.05 for 5 points), `alpha` that of all comparisons together.

    `item_share` is the part of the variance of a difference that belongs to the item and stays when it is
    answered again; `prompt_sd` how much the difference varies from prompt to prompt.
    """

    effect: float | None = None
    power: float = planner.POWER
    alpha: float = planner.ALPHA
    comparisons: int = 1
    margin: float | None = None
    cluster_size: float | None = None
    icc: float = 0.0
    repeats: int = 1
    item_share: float = 0.5
    prompts: int = 1
    prompt_sd: float = 0.0
    batch: int = BATCH
    prior: float = PRIOR
    designs: tuple[Design, ...] = ()

    @property
    def level(self) -> float:
        return self.alpha / self.comparisons

    def chosen(self) -> tuple[Design, ...]:
        """The designs asked for; else the usual ones and those for which there is what they need."""
        if self.designs:
            return self.designs
        given = {
            "clustered": self.cluster_size is not None,
            "repeats": self.repeats > 1,
            "crossed": self.prompts > 1,
            "non-inferiority": self.margin is not None,
            "equivalence": self.margin is not None,
        }
        return tuple(design for design in DESIGNS if given.get(design, True))


@dataclass(frozen=True, slots=True)
class Discordance:
    """How often just one of two models is right, and where that is known from.

    With `phi` it is assumed, and follows from the accuracies; else `share` holds whatever the effect.
    `estimate` is of stored runs; `graded` says that these hold scores between right and wrong.
    """

    source: Literal["given", "stored", "assumed"]
    told: str
    accuracy: float = 0.5
    share: float | None = None
    phi: float | None = None
    estimate: Estimate | None = None
    graded: bool = False

    def accuracies(self, delta: float) -> tuple[float, float]:
        """Of A and of B, around the usual one and within 0 and 1."""
        low = min(max(0.0, self.accuracy - delta / 2), 1 - delta)
        return low, low + delta

    def at(self, delta: float) -> float:
        """The discordance when the difference is `delta`. Raises ValueError where there is none."""
        if self.share is not None:
            return self.share
        low, high = self.accuracies(delta)
        spread = math.sqrt(low * (1 - low) * high * (1 - high))
        most = (low - low * high) / spread if spread > 0 else 0.0  # as much as these accuracies allow
        return planner.discordance(low, high, min(planner.PHI if self.phi is None else self.phi, most))


@dataclass(frozen=True, slots=True)
class DesignPlan:
    """One design: `items` it takes, `answers` of each model for those; `power` and `shows` of the planned items.

    None where it was not asked for or cannot be; `reason` says why it cannot.
    """

    design: Design
    items: int | None = None
    answers: int | None = None
    power: float | None = None
    shows: float | None = None
    reason: str | None = None

    @property
    def says_something(self) -> bool:
        return any(number is not None for number in (self.items, self.power, self.shows))


def assumed(accuracy: float = 0.5, phi: float = planner.PHI) -> Discordance:
    """A discordance that nobody has measured."""
    told = f"assumed, from accuracies around {100 * accuracy:.3g} % and a correlation of {phi:g}"
    return Discordance("assumed", told, accuracy, phi=phi)


def design_plan(design: Design, ask: Ask, discordance: Discordance, items: int | None = None) -> DesignPlan:
    """The three numbers of a design; `power` and `shows` where `items` are planned."""
    margin = design in ("non-inferiority", "equivalence")
    effect = ask.effect or 0.0
    if design == "sequential":
        return _sequential(ask, discordance, items)
    try:
        ways = _ways(design, ask, discordance)
        needed = math.ceil(ways.needs(effect) - 1e-9) if effect or margin else None
        power = ways.power(items, effect) if items and (effect or margin) else None
    except ValueError as error:
        return DesignPlan(design, reason=str(error))
    answers = None if needed is None else needed * ways.answers
    if items is None:
        return DesignPlan(design, needed, answers)
    try:
        return DesignPlan(design, needed, answers, power, ways.shows(items))
    except ValueError as error:
        return DesignPlan(design, needed, answers, power, reason=str(error))


def _sequential(ask: Ask, discordance: Discordance, items: int | None) -> DesignPlan:
    if discordance.graded:
        why = "a run is stopped early by right and wrong, and these are scores in between"
        return DesignPlan("sequential", reason=why)
    if ask.effect is None:
        return DesignPlan("sequential")
    try:
        most = horizon(ask.effect, discordance.at(ask.effect), ask.level)
    except ValueError as error:
        return DesignPlan("sequential", reason=str(error))
    many = most > MOST and items is None
    reason = f"runs of more than {MOST:,} items are not simulated, so it is not known when it stops" if many else None
    return DesignPlan("sequential", most, most, reason=reason)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The three questions to a design; `answers` of a model to each item."""

    needs: Callable[[float], float]
    power: Callable[[float, float], float]
    shows: Callable[[float], float]
    answers: int = 1


def _ways(design: Design, ask: Ask, discordance: Discordance) -> _Ways:
    effect, level = ask.effect or 0.0, ask.level
    psi = discordance.at(effect)
    if design == "unpaired":
        return _unpaired(ask, discordance)
    if design in ("repeats", "crossed"):
        return _several(design, ask, psi - effect * effect)
    if design in ("non-inferiority", "equivalence"):
        return _within(design, ask, discordance.at(0.0))
    widened = 1.0
    if design == "clustered":
        if ask.cluster_size is None:
            raise ValueError("design 'clustered' needs the size of a cluster: add --cluster-size and --icc")
        widened = planner.design_effect(ask.cluster_size, ask.icc)
    return _Ways(
        lambda delta: widened * planner.paired_n(delta, psi, ask.power, level),
        lambda n, delta: paired_chance(n / widened, delta, psi, level),
        lambda n: planner.mde(n / widened, psi, ask.power, level),
    )


def _unpaired(ask: Ask, discordance: Discordance) -> _Ways:
    return _Ways(
        lambda delta: planner.unpaired_n(*discordance.accuracies(delta), ask.power, ask.level),
        lambda n, delta: planner.unpaired_power(n, *discordance.accuracies(delta), ask.level),
        lambda n: planner.unpaired_mde(n, discordance.accuracies(ask.effect or 0.0)[0], ask.power, ask.level),
    )


def _several(design: Design, ask: Ask, variance: float) -> _Ways:
    """Several answers to an item: repeats of one prompt, or one to each of several prompts."""
    crossed = design == "crossed"
    answers, prompt_sd = (ask.prompts, ask.prompt_sd) if crossed else (ask.repeats, 0.0)
    if answers < 2:
        flag = "--prompts 5" if crossed else "--repeats 3"
        raise ValueError(f"design '{design}' needs several answers to an item: add {flag}")
    shared = planner.shared_variance(variance, ask.item_share, answers)
    return _Ways(
        lambda delta: planner.crossed_n(delta, shared, prompt_sd, answers, ask.power, ask.level),
        lambda n, delta: planner.crossed_power(n, delta, shared, prompt_sd, answers, ask.level),
        lambda n: planner.crossed_mde(n, shared, prompt_sd, answers, ask.power, ask.level),
        answers,
    )


def _within(design: Design, ask: Ask, psi: float) -> _Ways:
    """Within a margin, when there is no difference in truth."""
    if ask.margin is None:
        raise ValueError(f"design '{design}' needs the difference that does not matter: add --margin 3pt")
    margin, level = ask.margin, ask.level
    if design == "non-inferiority":
        return _Ways(
            lambda _: planner.noninferiority_n(margin, psi, 0.0, ask.power, level),
            lambda n, _: planner.noninferiority_power(n, margin, psi, 0.0, level),
            lambda n: planner.noninferiority_margin(n, psi, 0.0, ask.power, level),
        )
    return _Ways(
        lambda _: planner.equivalence_n(margin, psi, 0.0, ask.power, level),
        lambda n, _: planner.equivalence_power(n, margin, psi, 0.0, level),
        lambda n: planner.equivalence_margin(n, psi, ask.power, level),
    )
