"""What a run can show, before it is run: the designs side by side, as a model that renderers show. Pure.

An effect is asked three ways of each design: the items it takes, the power of the items that are planned, and
the smallest effect they show. Whoever makes several comparisons divides alpha by their number, as the first
step of Holm's correction does. Example:

    ask = Ask(effect=0.05)
    plan_of(ask, assumed(0.5), items=1319).remarks      # "Stopping early saves little here, …"
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bakeoff.reports.designs import Ask, DesignPlan, Discordance, design_plan
from bakeoff.stats import power as planner
from bakeoff.stats.power_small import paired_chance
from bakeoff.stats.stopping import Stopping, expected_stop, horizon

TYPICAL = (0.02, 0.05, 0.10, 0.16)  # effects to look at where none is asked for
LITTLE = 0.4  # a share saved by stopping early that is not much


@dataclass(frozen=True, slots=True)
class Chance:
    """What the planned items do for one effect: power in one go, and what a sequential run saves."""

    effect: float
    power: float
    stopping: Stopping | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What answers to `items` cost, all models together; None is unknown. `bound`: at most so much.

    `rests_on` says where the number of output tokens is known from.
    """

    items: int
    calls: int
    prompt_tokens: int
    output_tokens: int
    usd: float | None
    seconds: float | None
    bound: bool
    rests_on: str = "bounded by its limit"

    def of(self, items: float) -> float | None:
        """Dollars for another number of items."""
        return None if self.usd is None else self.usd * items / self.items


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan for one benchmark, or for none in particular."""

    ask: Ask
    discordance: Discordance
    designs: tuple[DesignPlan, ...]
    stopping: Stopping | None
    chances: tuple[Chance, ...]
    remarks: tuple[str, ...]
    items: int | None = None
    benchmark: str | None = None
    cost: Cost | None = None


def plan_of(
    ask: Ask,
    discordance: Discordance,
    items: int | None = None,
    benchmark: str | None = None,
    available: int | None = None,
    cost: Cost | None = None,
) -> Plan:
    """Plan for an effect, a number of items, or both. Raises ValueError when no design can do anything."""
    designs = tuple(design_plan(design, ask, discordance, items) for design in ask.chosen())
    failed = [design.reason for design in designs if design.reason is not None and not design.says_something]
    if len(failed) == len(designs) and failed[0] is not None:
        raise ValueError(failed[0])
    stopping = _stopping(ask, discordance, items) if "sequential" in ask.chosen() else None
    wanted = {"paired", "sequential"} & {*ask.chosen()} if ask.effect is None else {}
    chances = _chances(ask, discordance, items) if wanted and items is not None else ()
    designs = tuple(_with_power(design, stopping, items) for design in designs)
    remarks = [
        *_moved(ask, discordance),
        *_spread(ask, discordance),
        *_remarks(ask, designs, stopping, chances, items, available),
    ]
    return Plan(ask, discordance, designs, stopping, chances, tuple(remarks), items, benchmark, cost)


def _stopping(ask: Ask, discordance: Discordance, items: int | None, effect: float | None = None) -> Stopping | None:
    """How a sequential run over the planned items would go, or over its horizon where none are planned."""
    delta = ask.effect if effect is None else effect
    if delta is None or discordance.graded:
        return None
    try:
        psi = discordance.at(delta)
        n = items or horizon(delta, psi, ask.level)
        return expected_stop(n, delta, psi, ask.batch, ask.level, ask.prior)
    except ValueError:  # out of reach, or too many to simulate: the design says so
        return None


def _with_power(design: DesignPlan, stopping: Stopping | None, items: int | None) -> DesignPlan:
    if design.design != "sequential" or stopping is None or items is None:
        return design
    return DesignPlan("sequential", design.items, design.answers, stopping.power, None, design.reason)


def _chances(ask: Ask, discordance: Discordance, items: int) -> tuple[Chance, ...]:
    found = []
    for effect in TYPICAL:
        try:
            power = paired_chance(items, effect, discordance.at(effect), ask.level)
        except ValueError:
            continue
        stopping = _stopping(ask, discordance, items, effect) if "sequential" in ask.chosen() else None
        found.append(Chance(effect, power, stopping))
    return tuple(found)


def _moved(ask: Ask, discordance: Discordance) -> list[str]:
    """What is planned where the effect does not fit around the accuracy, and that makes a difference."""
    if ask.effect is None or not (discordance.share is None or "unpaired" in ask.chosen()):
        return []
    low, high = discordance.accuracies(ask.effect)
    if abs((low + high) / 2 - discordance.accuracy) < 1e-9:
        return []
    around = f"{points(ask.effect)} around {percent(discordance.accuracy)}"
    return [f"There is no room for {around}, so accuracies of {percent(low)} and {percent(high)} are planned with."]


def _spread(ask: Ask, discordance: Discordance) -> list[str]:
    """What the uncertainty of a measured discordance does to the number of items."""
    known = discordance.estimate
    if ask.effect is None or "paired" not in ask.chosen() or known is None or known.low is None or known.high is None:
        return []
    bounds = [max(ask.effect, bound) for bound in (known.low, known.high)]
    low, high = (math.ceil(planner.paired_n(ask.effect, psi, ask.power, ask.level)) for psi in bounds)
    return [f"Over the interval of the discordance, paired takes {low:,} to {high:,} items."]


def _remarks(
    ask: Ask,
    designs: Sequence[DesignPlan],
    stopping: Stopping | None,
    chances: Sequence[Chance],
    items: int | None,
    available: int | None,
) -> list[str]:
    """What somebody should know before paying for this."""
    found = []
    least = min((design.items for design in designs if design.items is not None), default=None)
    if available is not None and least is not None and least > available:
        found.append(f"No design here has enough items: the benchmark has {available:,}, and {least:,} are needed.")
    paired = next((design for design in designs if design.design == "paired"), None)
    if paired is not None and paired.power is not None and paired.power < ask.power and items is not None:
        found.append(
            f"With {items:,} items a difference of {points(ask.effect)} would be missed in"
            f" {percent(1 - paired.power, 0)} of runs."
        )
    if stopping is not None and stopping.saved < LITTLE:
        found.append(
            f"Stopping early saves little here, {percent(stopping.saved, 0)} of {stopping.horizon:,} items on average:"
            " only a larger difference, or models that agree more often, would end it soon."
        )
    elif stopping is not None and items is None and paired is not None and (paired.items or 0) <= stopping.mean:
        found.append(
            f"Whoever knows the difference to be {points(ask.effect)} needs no more than {paired.items:,} items; a"
            " sequential run takes more here, and finds a larger one sooner."
        )
    little = [chance.effect for chance in chances if chance.stopping and chance.stopping.saved < LITTLE]
    if little:
        found.append(f"Stopping early saves little for differences of {points(max(little))} and less.")
    return found


def points(effect: float | None) -> str:
    """`5 points`, `4.56 points`."""
    if effect is None:
        return "–"
    text = f"{100 * effect:.3g}"
    return f"{text} point{'' if text == '1' else 's'}"


def percent(share: float, digits: int = 1) -> str:
    """`5 %`, `4.6 %`."""
    text = f"{100 * share:.{digits}f}"
    return f"{text.removesuffix('.0')} %"
