"""`bakeoff grade`: the stored answers of a run under another profile, without a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click
import orjson

from bakeoff.app.regrading import Moved, Regraded, regrade
from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.core.grading import rule_of
from bakeoff.core.types import Estimate, Trial
from bakeoff.reports.charts import inert
from bakeoff.reports.terminal import NARROW, score_text

if TYPE_CHECKING:
    from rich.console import Console

LONGEST = 60
INDENT = 3


@click.command()
@click.argument("name")
@click.option("--profile", required=True, metavar="NAME", help="The grading rule to use.")
@click.option("--cell", "cells", type=int, multiple=True, help="Only this cell, by its number; repeatable.")
@click.option(
    "--samples", "shown", type=int, default=10, show_default=True, help="Moved samples to list for each cell."
)
@store_option
@json_option
def grade(name: str, profile: str, cells: tuple[int, ...], shown: int, store: str | None, as_json: bool) -> None:
    """Grade the answers of run NAME by another profile, and show what moved and why.

    Calls nothing and stores nothing. With --json: a line for each cell, with every moved sample.

    \b
      bakeoff grade my-run --profile lm-eval
    """
    laboratory = open_store(store)
    try:
        for found in regrade(laboratory, name, profile, None if as_json else shown, cells):
            if as_json:
                click.echo(orjson.dumps(_json(found)).decode())
            else:
                _print(found, screen.out())
    finally:
        laboratory.close()


def _print(found: Regraded, console: Console) -> None:
    """What moved; a line that is too long for the console goes on below, as far in as it began."""
    from rich.padding import Padding
    from rich.text import Text

    for indent, line in _lines(found, console.width):
        console.print(Padding(Text(inert(line)), (0, 0, 0, indent)))


def _lines(found: Regraded, width: int) -> Iterator[tuple[int, str]]:
    """(how far in, what is said)."""
    yield 0, f"{found.cell.position}  {found.cell.label}: {found.trials:,} trials, profile '{found.profile}'"
    before = str(rule_of(found.cell))
    names = max(12, len(before), len(found.profile))
    for name, estimate in ((before, found.before), (found.profile, found.after)):
        yield INDENT, f"{name:<{names if width >= NARROW else 0}} {score_text(estimate)}  n={estimate.n:,}"
    moves = {change: count for change, count in found.changes.items() if change[0] != change[1]}
    for (before, after), count in sorted(moves.items(), key=lambda item: -item[1]):
        yield INDENT, f"{count:>6,} {before} → {after}"
    if not found.moved:
        yield INDENT, "nothing moved"
    for moved in found.moved:
        yield INDENT, f"{moved.after.sample_id}: {_told(moved.before)} → {_told(moved.after)}"


def _told(trial: Trial) -> str:
    said = trial.error if trial.error is not None else trial.extracted
    text = "–" if said is None else inert(" ".join(said.split()))
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"{trial.outcome.value} '{cut}'"


def _json(found: Regraded) -> dict[str, object]:
    return {
        "cell": found.cell.position,
        "label": found.cell.label,
        "trials": found.trials,
        "profile_before": found.cell.profile,
        "profile": found.profile,
        "before": _estimate(found.before),
        "after": _estimate(found.after),
        "changes": [
            {"before": before, "after": after, "trials": count} for (before, after), count in found.changes.items()
        ],
        "moved": [_moved(moved) for moved in found.moved],
    }


def _estimate(estimate: Estimate) -> dict[str, object]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "n": estimate.n}


def _moved(moved: Moved) -> dict[str, object]:
    before, after = moved.before, moved.after
    return {
        "sample_id": after.sample_id,
        "repeat": after.repeat,
        "target": after.target,
        "outcome_before": before.outcome.value,
        "outcome": after.outcome.value,
        "extracted_before": before.extracted,
        "extracted": after.extracted,
        "rule_before": before.rule,
        "rule": after.rule,
        "reason": after.reason or after.error or "",
    }
