"""How one model stands in a scope: its score, its speed, its cost, and its score for each unit of those. Pure.

Intervals are by drawing items within benchmarks (`scaling.strata`); times are drawn in blocks of neighbours.
Example:

    standings(contestants, [measured_gsm8k], draws)[0].quantity("per_usd")     # solved items for a dollar
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.core.types import Estimate
from bakeoff.reports.scaling.items import Field, Table, binary, lacking, table
from bakeoff.reports.scaling.model import Contestant, Measured, Quantity, Standing, Unit, quantity
from bakeoff.reports.scaling.strata import Draws, pooled_score
from bakeoff.stats.intervals import mean, proportion
from bakeoff.stats.scaling import chance_corrected, quantile_ratio, scaled

_WORDS = {"score": "score", "usd": "cost", "seconds": "time", "tokens": "number of output tokens"}


def standings(contestants: Sequence[Contestant], measured: Sequence[Measured], draws: Draws) -> tuple[Standing, ...]:
    """Of one benchmark, or of several together; `draws` of all of the models."""
    return tuple(Standing(one.name, _of(place, one, measured, draws)) for place, one in enumerate(contestants))


def quality(measured: Measured, model: int) -> Estimate:
    """A model's score on the items that all of the models were asked."""
    found = table(measured.items, ("score",), (model,))
    scores = [row[0] for row in found.rows]
    if binary(found.rows):
        return proportion(round(sum(scores)), len(scores), found.missing)
    return mean(scores, found.missing)


def _of(model: int, contestant: Contestant, measured: Sequence[Measured], draws: Draws) -> tuple[Quantity, ...]:
    scores = [quality(one, model) for one in measured]
    score = scores[0] if len(scores) == 1 else pooled_score(scores)
    shares = all(one.method.startswith("wilson") for one in scores)
    unit: Unit = "share" if shares else "score"
    label = "score" if len(scores) == 1 else "score, mean over benchmarks"
    found = [quantity("quality", label, unit, score)]
    if len(measured) == 1 and measured[0].choices is not None and shares:
        found.append(
            quantity("above_chance", "score above chance", "share", chance_corrected(score, measured[0].choices))
        )
    return (*found, *_speed(model, measured, draws), *_cost(model, measured, draws), *_memory(contestant, score))


def _speed(model: int, measured: Sequence[Measured], draws: Draws) -> list[Quantity]:
    gap = missing(measured, "seconds", (model,))
    found = []
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        if len(measured) == 1:
            estimate = None if gap else _quantile(table(measured[0].items, ("seconds",), (model,)), share)
            found.append(quantity(f"{name}_s", f"seconds an item, {name}", "seconds", estimate, gap))
    times = None if gap else draws.of(("seconds",), (model,), in_blocks=True)
    each = None if times is None else times.of_means(lambda means: means[..., 0])
    found.append(quantity("per_item_s", "seconds an item, mean", "seconds", each, gap))
    rate = _ratio(draws, model, ("tokens", "seconds"), in_blocks=True)
    found.append(
        quantity(
            "tokens_per_s",
            "output tokens a second",
            "rate",
            rate,
            missing(measured, "tokens", (model,)) or gap,
            note="as one user sees it: calls one after the other",
        )
    )
    return [
        *found,
        quantity("per_second", "solved a second of answering", "rate", _ratio(draws, model, ("score", "seconds")), gap),
    ]


def _cost(model: int, measured: Sequence[Measured], draws: Draws) -> list[Quantity]:
    gap = missing(measured, "usd", (model,))
    each = None
    if not gap and (found := draws.of(("usd",), (model,))) is not None:
        each = found.of_means(lambda means: means[..., 0])
        gap = "" if each.value else "nothing was charged for it"
    dollars = None if gap else _ratio(draws, model, ("score", "usd"))
    price = None if gap else _ratio(draws, model, ("usd", "score"))
    used = _ratio(draws, model, ("score", "tokens"))
    tokens = missing(measured, "tokens", (model,))
    return [
        quantity("usd_per_item", "dollars an item", "usd", each, gap),
        quantity("usd_per_solved", "dollars a solved item", "usd", price, gap),
        quantity("per_usd", "solved for a dollar", "rate", dollars, gap),
        quantity("per_1k_tokens", "solved for 1,000 output tokens", "rate", used and scaled(used, 1000.0), tokens),
    ]


def _memory(contestant: Contestant, score: Estimate) -> list[Quantity]:
    gb = contestant.weights_gb
    if gb is None:
        what = "size" if contestant.size_b is None else "number of bytes for a weight"
        option = f"--size {contestant.name}=8" if contestant.size_b is None else f"--weight-bytes {contestant.name}=2"
        gap = f"memory was not measured, and the {what} is not known: {option}"
        return [quantity(*head, None, gap, estimated=True) for head in _GB]
    if contestant.counted_gb is not None:
        note = f"counted from the shape of the model, {contestant.weight_bytes:g} bytes a weight, without cache"
    else:
        note = f"estimated: {contestant.size_b:g} B weights × {contestant.weight_bytes:g} bytes, without cache"
    whole = Estimate(gb, None, None, 0, 0, "weights-x-bytes")
    found = [quantity(*_GB[0], whole, "no interval: it is computed and not measured", note=note, estimated=True)]
    per = None if score.value is None else scaled(score, 1 / gb)
    return [*found, quantity(*_GB[1], per, note=note, estimated=True)]


_GB: tuple[tuple[str, str, Unit], tuple[str, str, Unit]] = (
    ("weights_gb", "GB of weights (estimated)", "gb"),
    ("per_gb", "score for a GB (estimated)", "rate"),
)


def missing(measured: Sequence[Measured], name: Field, models: Sequence[int]) -> str:
    """Why a field cannot be used for these models; empty where it can."""
    for one in measured:
        if not one.items:
            return f"no item of '{one.benchmark}' is shared"
        if name != "score" and lacking(one.items, name, models) is not None:
            return f"no {_WORDS[name]} is known in '{one.benchmark}'"
    return ""


def _ratio(draws: Draws, model: int, fields: tuple[Field, Field], in_blocks: bool = False) -> Estimate | None:
    """The first field's mean over the second's."""
    found = draws.of(fields, (model,), in_blocks)
    return None if found is None else found.ratio([1, 0], [0, 1])


def _quantile(times: Table, share: float) -> Estimate:
    """A quantile of times with its interval by blocks: the ratio to a model that always takes a second."""
    return quantile_ratio([1.0] * len(times.rows), [row[0] for row in times.rows], share)
