"""Summaries and comparisons for a terminal of 80 columns: tables by rich, imported late.

What a model or an endpoint wrote is shown without its control characters: it could steer the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.reports.charts import inert
from bakeoff.reports.compare import Comparison, format_p
from bakeoff.reports.summary import MISSING, NOT_RUN, CellSummary, RunSummary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHORT = {"unparsed": "unparsed", "truncated": "cut", "refused": "refused", "error": "error", NOT_RUN: "not run"}
PAIRS_SHOWN = 10


def score_text(estimate: Estimate) -> str:
    """`82.0 % [73.3, 88.3]` for a share, `0.820 [0.733, 0.883]` for a continuous score."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "nothing graded"
    if estimate.method.startswith("wilson"):
        return f"{100 * estimate.value:.1f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def missing_text(cell: CellSummary) -> str:
    """`3 cut, 1 error`; a dash when nothing is missing."""
    names = [*(outcome.value for outcome in MISSING), NOT_RUN]
    told = [f"{cell.outcomes[name]:,} {_SHORT[name]}" for name in names if cell.outcomes.get(name)]
    return ", ".join(told) or "–"


def seconds_text(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def cost_text(cost: float | None) -> str:
    """Unknown is a state of its own, and not 0."""
    if cost is None:
        return "unknown"
    return "$0" if cost == 0 else f"${cost:.4f}" if cost < 1 else f"${cost:,.2f}"


def print_tables(summary: RunSummary, console: Console) -> None:
    """A table for each benchmark of a run."""
    for benchmark in dict.fromkeys(cell.cell.benchmark for cell in summary.cells):
        console.print(_table(benchmark, [cell for cell in summary.cells if cell.cell.benchmark == benchmark]))


def print_signatures(summary: RunSummary, console: Console) -> None:
    """The recipe of each score, a line each, never wrapped: to be pasted back."""
    for cell in summary.cells:
        console.print(inert(cell.signature), style="dim", soft_wrap=True, markup=False, highlight=False)


def _table(benchmark: str, cells: list[CellSummary]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    title = Text(inert(benchmark), style="bold")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    with_preset = len({cell.cell.preset for cell in cells}) > 1
    table.add_column("#", justify="right")
    table.add_column("model", overflow="fold")
    table.add_column("method", overflow="fold", min_width=10)
    table.add_column("score [95 %]", justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("missing", overflow="fold", min_width=9)
    table.add_column("p50", justify="right")
    table.add_column("cost", justify="right")
    for cell in cells:
        model = f"{cell.cell.model} {cell.cell.preset}" if with_preset else cell.cell.model
        table.add_row(
            str(cell.cell.position),
            Text(inert(model)),
            Text(inert(cell.cell.method)),
            score_text(cell.estimate),
            f"{cell.estimate.n:,}",
            missing_text(cell),
            seconds_text(cell.latency.p50),
            cost_text(cell.cost),
        )
    return table


def print_comparison(comparison: Comparison, console: Console, pairs: int = PAIRS_SHOWN) -> None:
    """The sentence, the counts, and the first samples on which the two differ."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    console.print(inert(comparison.verdict), markup=False, highlight=False)
    console.print(
        f"  both right {comparison.both:,} · improved {comparison.improved:,} · regressed"
        f" {comparison.regressed:,} · neither {comparison.neither:,} ·"
        f" left out {comparison.difference.n_missing:,}"
        + (f" · mid-{format_p(comparison.p_mid)}" if comparison.p_mid is not None else ""),
        markup=False,
        highlight=False,
    )
    if not comparison.pairs or not pairs:
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("sample", "target", comparison.name_a, comparison.name_b, ""):
        table.add_column(Text(inert(name)), overflow="fold", max_width=24)
    for pair in list(comparison.pairs)[:pairs]:
        change = "improved" if pair.improved else "regressed"
        cut = [Text(inert((text or "–")[:60])) for text in (pair.target, pair.extracted_a, pair.extracted_b)]
        table.add_row(Text(inert(pair.sample_id)), *cut, change)
    console.print(table)
    if len(comparison.pairs) > pairs:
        console.print(f"  and {len(comparison.pairs) - pairs:,} more; --json lists all", style="dim")
