"""Summaries and comparisons for a terminal of 80 columns: tables by rich, imported late.

What a model or an endpoint wrote is shown without its control characters: it could steer the terminal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from bakeoff.core.origin import IMPORTED_FAULT
from bakeoff.core.records import Fault, faults_in_all
from bakeoff.core.types import Estimate
from bakeoff.reports.charts import inert
from bakeoff.reports.compare import Comparison, Pair, format_p
from bakeoff.reports.summary import MISSING, NOT_RUN, CellSummary, RunSummary, other_metrics

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SHORT = {"unparsed": "unparsed", "truncated": "cut", "refused": "refused", "error": "error", NOT_RUN: "not run"}
_SIGN = re.compile(r" %| [=<] ")
PAIRS_SHOWN = 10
NARROW = 80  # columns: a narrower console gets a list instead of a table
_TOGETHER = "\ue000"  # stands for a space at which no line ends: rich breaks at no-break spaces


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


def tokens_known(cell: CellSummary) -> bool:
    """A prompt has a token at least: a cell without any is one whose endpoint did not count them."""
    return bool(cell.prompt_tokens or cell.output_tokens)


def print_tables(summary: RunSummary, console: Console) -> None:
    """A table for each benchmark of a run."""
    for benchmark in dict.fromkeys(cell.cell.benchmark for cell in summary.cells):
        cells = [cell for cell in summary.cells if cell.cell.benchmark == benchmark]
        if console.width < NARROW:
            _print_list(benchmark, cells, console)
        else:
            console.print(_table(benchmark, cells))
        for cell in cells:
            _print_further(cell, console)


def _print_further(cell: CellSummary, console: Console) -> None:
    for name, found in other_metrics(cell).items():
        console.print(f" {cell.cell.position}  {name}: {score_text(found)}", highlight=False, markup=False)


def _print_list(benchmark: str, cells: list[CellSummary], console: Console) -> None:
    """What the table says, below each other: for a console that is too narrow for columns."""
    from rich.text import Text

    console.print(Text(inert(benchmark), style="bold"))
    for cell in cells:
        said = [
            f"{cell.cell.position}  {_model_of(cell, cells)}",
            f"   {cell.cell.method}: {score_text(cell.estimate)}",
            f"   n {cell.estimate.n:,} · missing {missing_text(cell)}",
            f"   p50 {seconds_text(cell.latency.p50)} · cost {cost_text(cell.cost)}",
        ]
        for line in said:
            console.print(Text(inert(line)))


def _model_of(cell: CellSummary, cells: list[CellSummary]) -> str:
    """The model, with the preset where the cells have several."""
    with_preset = len({cell.cell.preset for cell in cells}) > 1
    return f"{cell.cell.variant} {cell.cell.preset}" if with_preset else cell.cell.variant


def fault_lines(faults: Mapping[int, Sequence[Fault]], run: str) -> list[str]:
    """A line for each kind of error in a run: how many, what one of them said, what to do."""
    return [
        f"{fault.count:,} × error[{fault.code}]: {' '.join(fault.message.split())}{_again(fault, run)}"
        for fault in faults_in_all(faults.values())
    ]


def _again(fault: Fault, run: str) -> str:
    """What to type to try again; nothing where another tool ran into the fault."""
    if fault.code == IMPORTED_FAULT:
        return ""
    return f"; try {'it' if fault.count == 1 else 'them'} again with: bakeoff resume {run}"


def print_faults(faults: Mapping[int, Sequence[Fault]], run: str, console: Console) -> None:
    for line in fault_lines(faults, run):
        console.print(inert(line), markup=False, highlight=False, soft_wrap=True)


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
    table.add_column("#", justify="right")
    table.add_column("model", overflow="fold")
    table.add_column("method", overflow="fold", min_width=10)
    table.add_column("score [95 %]", justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("missing", overflow="fold", min_width=9)
    table.add_column("p50", justify="right")
    table.add_column("cost", justify="right")
    for cell in cells:
        table.add_row(
            str(cell.cell.position),
            Text(inert(_model_of(cell, cells))),
            Text(inert(cell.cell.method)),
            score_text(cell.estimate),
            f"{cell.estimate.n:,}",
            missing_text(cell),
            seconds_text(cell.latency.p50),
            cost_text(cell.cost),
        )
    return table


def print_wrapped(text: str, console: Console) -> None:
    """Print in lines of the console's width; a number stays with its percent or equals sign."""
    from rich.text import Text

    body = _SIGN.sub(lambda hit: hit[0].replace(" ", _TOGETHER), inert(text).lstrip())
    indent = " " * (len(text) - len(text.lstrip()))
    lines = Text(body).wrap(console, max(1, console.width - len(indent)))
    told = "\n".join(indent + line.plain.rstrip() for line in lines).replace(_TOGETHER, " ")
    console.print(told, markup=False, highlight=False, soft_wrap=True)


def print_comparison(comparison: Comparison, console: Console, pairs: int = PAIRS_SHOWN) -> None:
    """The sentence, the counts, and the first samples on which the two differ."""
    from rich.text import Text

    print_wrapped(comparison.verdict, console)
    told = [f"{name} {count:,}" for name, count in comparison.counted.items()]
    told.append(f"left out {comparison.difference.n_missing:,}")
    told += [f"mid-{format_p(comparison.p_mid)}"] if comparison.p_mid is not None else []
    counts = f"  {' · '.join(told)}"
    print_wrapped(counts, console)
    if not comparison.pairs or not pairs:
        return
    shown = list(comparison.pairs)[:pairs]
    if console.width < NARROW:
        for pair in shown:
            console.print(Text(inert(_pair_line(pair))))
    else:
        console.print(_pairs_table(comparison, shown))
    if len(comparison.pairs) > pairs:
        console.print(f"  and {len(comparison.pairs) - pairs:,} more; --json lists all", style="dim")


def _pairs_table(comparison: Comparison, pairs: Sequence[Pair]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("sample", "target", comparison.name_a, comparison.name_b, ""):
        table.add_column(Text(inert(name)), overflow="fold", max_width=24)
    for pair in pairs:
        cut = [Text(inert((text or "–")[:60])) for text in (pair.target, pair.extracted_a, pair.extracted_b)]
        table.add_row(Text(inert(pair.sample_id)), *cut, _change(pair))
    return table


def _pair_line(pair: Pair) -> str:
    """`qa-009 regressed: A 'South Africa', B 'Chile', target 'South Africa'`."""
    a, b, target = ((text or "–")[:60] for text in (pair.extracted_a, pair.extracted_b, pair.target))
    return f"{pair.sample_id} {_change(pair)}: A '{a}', B '{b}', target '{target}'"


def _change(pair: Pair) -> str:
    return "improved" if pair.improved else "regressed"
