"""The use case behind `bakeoff plan`: what a run can show and costs, before it is run.

How often two models differ comes from the person asking, else from stored runs of the same benchmark, else
from an assumption; which one is said. Items are those of the benchmark's data where these are here, cost is
the forecast's. Nothing is run, stored or called. Example:

    plans(Ask(effect=0.05), Given(), spec, laboratory)      # one plan for each benchmark
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bakeoff.app.experiments import Laboratory
from bakeoff.app.forecast import forecast
from bakeoff.app.planning import Prepared, spell_out
from bakeoff.app.stored_pairs import Arm, find_discordance
from bakeoff.core.errors import ConfigInvalid, DataMissing, MissingExtra, MissingKey, UsageError
from bakeoff.core.specs import ExperimentSpec, ModelSpec
from bakeoff.core.types import Json, ModelIdentity
from bakeoff.reports.designs import Ask, Discordance, assumed
from bakeoff.reports.plan import Cost, Plan, percent, plan_of, points
from bakeoff.stats.power import PHI


@dataclass(frozen=True, slots=True)
class Given:
    """What the person asking knows: the discordance, or the accuracy and correlation it follows from."""

    discordance: float | None = None
    accuracy: float | None = None
    phi: float | None = None
    items: int | None = None


@dataclass(frozen=True, slots=True)
class _Matrix:
    """What a spec comes to here: items of each benchmark, cost of each, or why that is not known."""

    items: dict[str, int]
    costs: dict[str, Cost]
    unknown: str = ""
    models: frozenset[ModelIdentity] = frozenset()


def plans(
    ask: Ask, given: Given, spec: ExperimentSpec | None, laboratory: Laboratory, priced: bool = True
) -> list[Plan]:
    """A plan for each benchmark of a spec, or one for none in particular. Raises ConfigInvalid, UnknownName.

    `priced` says that the spec's models are the ones to be asked, so that cost can be told.
    """
    if spec is None:
        return [_plan(ask, given, _discordance(given, None, ask.effect), given.items)]
    spec = spell_out(spec, laboratory.settings)
    matrix = _matrix(spec, laboratory)
    arms = [(model.model, method.label) for model in spec.models for method in spec.methods] if priced else []
    found = []
    for asked in spec.benchmarks:
        name = asked.benchmark
        available = matrix.items.get(name)
        items = min(given.items, available) if given.items and available else given.items or available
        stored = _stored(name, arms, laboratory, given, matrix.models if priced else frozenset())
        plan = _plan(ask, given, _discordance(given, stored, ask.effect), items, name, available)
        remarks = [
            *_clipped(name, given.items, available),
            *plan.remarks,
            *_unknown(matrix, name, priced),
            *_unused(stored, ask.effect),
        ]
        cost = matrix.costs.get(name) if priced else None
        found.append(replace(plan, cost=cost, remarks=tuple(remarks)))
    return found


def comparisons(spec: ExperimentSpec) -> int:
    """How many comparisons a run makes: in each benchmark every cell against the first."""
    return max(1, (len(spec.models) * len(spec.presets) * len(spec.methods) - 1) * len(spec.benchmarks))


def _plan(
    ask: Ask,
    given: Given,
    discordance: Discordance,
    items: int | None,
    benchmark: str | None = None,
    available: int | None = None,
) -> Plan:
    margin = ask.margin is not None and ask.chosen() in (("non-inferiority",), ("equivalence",))
    if ask.effect is None and items is None and not margin:
        raise ConfigInvalid(
            "neither an effect nor a number of items is given, so there is nothing to plan",
            "add --effect 5pt, --limit 164 or both",
        )
    try:
        return plan_of(ask, discordance, items, benchmark, available)
    except ValueError as error:
        raise ConfigInvalid(str(error)) from None


def _discordance(given: Given, stored: Discordance | None, effect: float | None) -> Discordance:
    """The best that is known: told by the person, stored, or assumed."""
    if given.discordance is not None:
        if effect is not None and effect > given.discordance:
            raise ConfigInvalid(
                f"a difference of {points(effect)} is out of reach when just one is right on"
                f" {percent(given.discordance)} of the items",
                "give a --discordance of at least the effect",
            )
        accuracy = given.accuracy if given.accuracy is not None else stored.accuracy if stored else 0.5
        return Discordance("given", "as given", accuracy, given.discordance)
    if stored is not None and given.phi is None and given.accuracy is None and not _too_small(stored, effect):
        return stored
    accuracy = given.accuracy if given.accuracy is not None else stored.accuracy if stored else 0.5
    return assumed(accuracy, PHI if given.phi is None else given.phi)


def _too_small(stored: Discordance, effect: float | None) -> bool:
    return stored.share is not None and (stored.share == 0 or stored.share < (effect or 0.0))


def _stored(
    name: str, arms: Sequence[Arm], laboratory: Laboratory, given: Given, models: frozenset[ModelIdentity]
) -> Discordance | None:
    if given.discordance is not None:
        return None
    return find_discordance(name, arms, laboratory.runs, laboratory.trials, models)


def _unused(stored: Discordance | None, effect: float | None) -> list[str]:
    if stored is None or stored.share is None or not _too_small(stored, effect):
        return []
    room = "leaves no room for such a difference, so it is not used"
    return [f"The discordance of {percent(stored.share)} ({stored.told}) {room}."]


def _clipped(name: str, wanted: int | None, available: int | None) -> list[str]:
    if wanted is None or available is None or wanted <= available:
        return []
    return [f"'{name}' has {available:,} items, fewer than the {wanted:,} asked for."]


def _unknown(matrix: _Matrix, name: str, priced: bool) -> list[str]:
    if not matrix.unknown:
        return []
    what = ["the number of items"] * (name not in matrix.items) + ["the cost"] * priced
    return [f"Not known is {' and '.join(what)}: {matrix.unknown}."]


def _matrix(spec: ExperimentSpec, laboratory: Laboratory) -> _Matrix:
    """All items of each benchmark, once each: a plan may need more than were asked for, and counts repeats itself."""
    whole = spec.model_copy(update={"limit": None, "repeats": 1, "decision": None})
    try:
        prepared = laboratory.prepare(whole)
    except (DataMissing, MissingExtra, MissingKey) as error:
        return _Matrix(_counted(whole, laboratory), {}, str(error))
    try:
        items = _items(prepared)
        models = frozenset(cell.record.identity for cell in prepared.cells)
        return _Matrix(items, _costs(prepared, items, laboratory), models=models)
    finally:
        prepared.close()


def _counted(spec: ExperimentSpec, laboratory: Laboratory) -> dict[str, int]:
    """The items alone, where the models cannot be reached from here; nothing where the data are not here."""
    try:
        prepared = laboratory.prepare(spec.model_copy(update={"models": (ModelSpec(model="fake/a"),), "judges": ()}))
    except UsageError:
        return {}
    try:
        return _items(prepared)
    finally:
        prepared.close()


def _items(prepared: Prepared) -> dict[str, int]:
    return {cell.record.benchmark: len(cell.benchmark.draw) for cell in prepared.cells}


def _costs(prepared: Prepared, items: dict[str, int], laboratory: Laboratory) -> dict[str, Cost]:
    cells = forecast(prepared, laboratory.runs)["cells"]
    found: dict[str, list[dict[str, Json]]] = {}
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict):
            found.setdefault(str(cell["benchmark"]), []).append(cell)
    return {name: _cost(items[name], of_it) for name, of_it in found.items()}


def _cost(items: int, cells: Sequence[dict[str, Json]]) -> Cost:
    def total(field: str) -> float | None:
        numbers = [cell[field] for cell in cells]
        known = [float(number) for number in numbers if isinstance(number, int | float)]
        return sum(known) if len(known) == len(numbers) else None

    return Cost(
        items,
        int(total("calls") or 0),
        int(total("prompt_tokens") or 0),
        int(total("output_tokens") or 0),
        total("cost_usd"),
        total("seconds"),
        any(bool(cell["output_is_bound"]) for cell in cells),
        _rests_on([str(cell["output_from"]) for cell in cells]),
    )


def _rests_on(sources: Sequence[str]) -> str:
    """Where the number of output tokens is from: as good as the worst of the cells."""
    if "limit" in sources:
        return "bounded by its limit" if len({*sources}) == 1 else "as in stored runs, for some bounded by its limit"
    other = ", some by other models" if "benchmark" in sources else " by the same models"
    return f"as in stored runs of this benchmark{other}"
