"""What several models scored, cost and took on the same samples: the rows that a scaling study is made of. Pure.

Only samples (and repeats) that all of the models were asked count. A sample counts once: by its mean over the
repeats that all of them have graded, and by its mean cost, time and tokens. What is not known is None and never
0; a latency of 0 is no measurement, and one of a reply from the store
is another run's. Items stand in the order in which they were answered, where that is known,
because neighbours in time share a server's mood. Example:

    items = shared([trials_a, trials_b], [None, Price(0.1, 0.4)])
    table(items, ("score", "usd"), (0, 1)).rows      # [score a, score b, usd a, usd b] of each item that has all
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bakeoff.core.types import Outcome, Price, Trial

Field = Literal["score", "usd", "seconds", "tokens"]
FIELDS: tuple[Field, ...] = ("score", "usd", "seconds", "tokens")
Known = tuple[float | None, ...]  # a number of each model, in their order
_Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Item:
    """One sample: a number of each model for each field; `score` is None for all where one was not graded."""

    sample_id: str
    score: Known
    usd: Known
    seconds: Known
    tokens: Known


@dataclass(frozen=True, slots=True)
class Table:
    """Complete rows of some items: field by field, model by model. `missing` items lacked a number."""

    rows: list[list[float]]
    missing: int


def shared(
    trials: Sequence[Sequence[Trial]],
    prices: Sequence[Price | None],
    answered: Mapping[str, float] | None = None,
) -> list[Item]:
    """The items that all models were asked; `answered` says when, to order them; a price takes the stored cost's place.

    `trials` are those of one benchmark, a sequence for each model. Raises ValueError for lists of unlike length.
    """
    if len(trials) != len(prices):
        raise ValueError(f"{len(trials)} models need as many prices (or None), not {len(prices)}")
    by_key: list[dict[_Key, Trial]] = [{(one.sample_id, one.repeat): one for one in of} for of in trials]
    common = [key for key in by_key[0] if all(key in of for of in by_key[1:])] if by_key else []
    repeats: dict[str, list[int]] = {}
    for sample, repeat in common:
        repeats.setdefault(sample, []).append(repeat)
    when = answered or {}
    ordered = sorted(repeats, key=lambda sample: (when.get(sample, float("inf")), sample))
    return [_item(sample, [[of[sample, r] for of in by_key] for r in repeats[sample]], prices) for sample in ordered]


def _item(sample: str, asked: Sequence[Sequence[Trial]], prices: Sequence[Price | None]) -> Item:
    """`asked`: for each repeat the trial of each model."""
    graded = [row for row in asked if all(trial.outcome.graded for trial in row)]
    places = range(len(prices))
    return Item(
        sample,
        tuple(_mean([row[m].value or 0.0 for row in graded]) for m in places),
        tuple(_mean([_usd(row[m], prices[m]) for row in asked]) for m in places),
        tuple(_mean([_seconds(row[m]) for row in asked]) for m in places),
        tuple(_mean([_tokens(row[m]) for row in asked]) for m in places),
    )


def _usd(trial: Trial, price: Price | None) -> float | None:
    if trial.outcome is Outcome.ERROR:
        return None
    if price is None:
        return trial.cost
    if trial.prompt_tokens is None or trial.output_tokens is None:
        return None
    return price.cost(trial.prompt_tokens, trial.output_tokens)


def _seconds(trial: Trial) -> float | None:
    made = trial.outcome is not Outcome.ERROR and not trial.cached
    return trial.latency_s if made and trial.latency_s > 0 else None


def _tokens(trial: Trial) -> float | None:
    return None if trial.outcome is Outcome.ERROR or trial.output_tokens is None else float(trial.output_tokens)


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return sum(known) / len(known) if known else None


def table(items: Sequence[Item], fields: Sequence[Field], models: Sequence[int]) -> Table:
    """The items of which every one of the models has every one of the fields."""
    rows = []
    for item in items:
        row = [getattr(item, name)[model] for name in fields for model in models]
        if all(number is not None for number in row):
            rows.append(row)
    return Table(rows, len(items) - len(rows))


def lacking(items: Sequence[Item], name: Field, models: Sequence[int]) -> int | None:
    """The first of the models that no item knows the field of; None where each has it somewhere."""
    return next((m for m in models if all(getattr(item, name)[m] is None for item in items)), None)


def binary(rows: Sequence[Sequence[float]]) -> bool:
    """Whether all scores are right or wrong."""
    return all(score in (0.0, 1.0) for row in rows for score in row)
