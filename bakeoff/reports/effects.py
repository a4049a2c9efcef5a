"""What each part of an ablation adds: main effects and interactions, as tables, sentences and JSON. Pure.

Example:

    print_effects(found, console)          # found: Ablation, from app/ablation.py
    effects_json(found)["tables"][0]["effects"][0]["difference"]["value"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate, Json
from bakeoff.reports.as_json import estimate_json
from bakeoff.reports.charts import inert
from bakeoff.reports.compare import format_p
from bakeoff.reports.points import signed
from bakeoff.reports.terminal import NARROW, print_wrapped

if TYPE_CHECKING:
    from rich.console import Console

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect: of one factor's level against its first, or of two that add more (or less) together.

    `p_adjusted` is Holm's, over all effects of the tables of its kind: those of single benchmarks, or the pooled one.
    """

    factors: tuple[str, ...]
    levels: tuple[str, ...]
    difference: Estimate
    p: float | None
    p_adjusted: float | None

    @property
    def name(self) -> str:
        return " × ".join(f"{factor} {level}" for factor, level in zip(self.factors, self.levels, strict=True))

    @property
    def shown(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted <= ALPHA


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of the scores, as shares: of one sample's repeats, and of the samples' means."""

    repeats: int
    within: float
    between: float


@dataclass(frozen=True, slots=True)
class EffectTable:
    """All effects on the samples that every combination answered; `benchmark` is None for the pooled table."""

    benchmark: str | None
    effects: Sequence[EffectRow]
    samples: int
    missing: int
    family: int
    spread: Spread | None = None


@dataclass(frozen=True, slots=True)
class Ablation:
    """The effects of a run's factors. `left_out`: benchmarks that could not be taken apart, and why."""

    run: str
    factors: Mapping[str, Sequence[str]]
    tables: Sequence[EffectTable]
    left_out: Sequence[str] = ()
    remarks: Sequence[str] = ()


def print_effects(found: Ablation, console: Console) -> None:
    """For a terminal of 80 columns: the factors, a table for each benchmark, what was shown, what to beware of."""
    for name, levels in found.factors.items():
        print_wrapped(f"{name}: {', '.join(levels[1:])} against {levels[0]}", console)
    for table in found.tables:
        console.print()
        print_wrapped(_head(table), console)
        _print_rows(table, console)
        print_wrapped(sentence(table), console)
        if table.spread is not None:
            print_wrapped(spread_line(table.spread), console)
    for line in (*found.left_out, *found.remarks):
        print_wrapped(line, console)


def _head(table: EffectTable) -> str:
    where = table.benchmark or "all benchmarks, each sample counted once"
    missing = f", {table.missing:,} left out that some combination has no score for" if table.missing else ""
    return f"{where}: {table.samples:,} samples that every combination answered{missing}"


def _print_rows(table: EffectTable, console: Console) -> None:
    if console.width < NARROW:
        for row in table.effects:
            print_wrapped(f"  {row.name}: {effect_text(row)}, Holm {_p(row.p_adjusted)}", console)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("effect", overflow="fold")
    shown.add_column("points [95 %]", justify="right", no_wrap=True)
    shown.add_column("p", justify="right", no_wrap=True)
    shown.add_column("Holm", justify="right", no_wrap=True)
    for row in table.effects:
        shown.add_row(Text(inert(row.name)), effect_text(row), _p(row.p), _p(row.p_adjusted))
    console.print(shown)


def effect_text(row: EffectRow) -> str:
    """`+12.3 [+4.1, +20.5]`, in points of the score."""
    found = row.difference
    if found.value is None or found.low is None or found.high is None:
        return "–"
    return f"{signed(100 * found.value)} [{signed(100 * found.low)}, {signed(100 * found.high)}]"


def _p(p: float | None) -> str:
    return "–" if p is None else format_p(p).removeprefix("p ").removeprefix("= ")


def sentence(table: EffectTable) -> str:
    """What was shown, and no more."""
    shown = [row for row in table.effects if row.shown]
    tested = f"{table.family} effect{'' if table.family == 1 else 's'} tested, Holm's correction"
    if not shown:
        return f"No effect shown ({tested})."
    told = "; ".join(_told(row) for row in shown)
    return f"Shown ({tested}): {told}."


def _told(row: EffectRow) -> str:
    value = 100 * (row.difference.value or 0)
    if len(row.factors) == 1:
        return f"{row.name} {'adds' if value >= 0 else 'takes'} {abs(value):.1f} points"
    return f"{row.name} {'add' if value >= 0 else 'take'} {abs(value):.1f} points beyond what each does alone"


def spread_line(spread: Spread) -> str:
    """How much answers to one sample vary, beside how much samples do."""
    return (
        f"repeats: {spread.repeats} answers a sample; standard deviation within a sample {100 * spread.within:.1f}"
        f" points, between samples {100 * spread.between:.1f} points"
    )


def effects_json(found: Ablation) -> dict[str, Json]:
    """The contract for scripts; fields are only ever added."""
    return {
        "run": found.run,
        "factors": {name: list(levels) for name, levels in found.factors.items()},
        "tables": [_table_json(table) for table in found.tables],
        "left_out": list(found.left_out),
        "remarks": list(found.remarks),
    }


def _table_json(table: EffectTable) -> Json:
    spread = table.spread
    return {
        "benchmark": table.benchmark,
        "samples": table.samples,
        "missing": table.missing,
        "family": table.family,
        "effects": [
            {
                "factors": list(row.factors),
                "levels": list(row.levels),
                "difference": estimate_json(row.difference),
                "p": row.p,
                "p_adjusted": row.p_adjusted,
                "shown": row.shown,
            }
            for row in table.effects
        ],
        "repeats": None
        if spread is None
        else {"repeats": spread.repeats, "sd_within": spread.within, "sd_between": spread.between},
    }
