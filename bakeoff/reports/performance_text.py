"""Performance in words: a line for each figure of a cell, what the machine took, and how it was measured. Pure.

Terminal, Markdown, PDF, LaTeX and HTML show these same rows. Example:

    figure_rows(performance)[0]        # ("first token p50", "12 ms [11, 14]", "44")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from bakeoff.core.types import Estimate
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.reports.performance import Machine, Performance, Quantiles
from bakeoff.reports.summary import CellSummary
from bakeoff.reports.terminal import score_text

if TYPE_CHECKING:
    from rich.console import Console

GIB = 1 << 30
NOTHING = "–"
HEAD = ("figure", "value [95 %]", "n")
OVERVIEW = ("#", "cell", "score [95 %]", "first", "token", "call", "tok/s", "peak")  # times are medians
Row = tuple[str, str, str]


def figure_rows(found: Performance) -> list[Row]:
    """Every figure that is known of a cell: its name, its value with the interval, from how many."""
    rows: list[Row] = []
    for name, quantiles in (
        ("first token", found.first_token),
        ("between tokens, each call", found.between_tokens),
        ("between tokens, single waits", found.gaps),
        ("whole call", found.whole),
    ):
        rows += _quantile_rows(name, quantiles)
    rates = (
        ("output tokens/s", found.output_per_s),
        ("prompt tokens/s", found.prompt_per_s),
        ("requests/s", found.requests_per_s),
    )
    rows += [(name, rate_text(rate), f"{rate.n:,}") for name, rate in rates if rate is not None]
    if found.in_flight is not None:
        rows.append(("calls in flight", f"{found.in_flight:.1f} over {found.busy_s:.1f} s", f"{found.made:,}"))
    hits = (("answered from the store", found.response_hits), ("prompt from the prefix cache", found.prefix_hits))
    rows += [(name, share_text(hit), f"{hit.n:,}") for name, hit in hits if hit is not None]
    if found.prefix_saved_s is not None:
        told = f"{time_text(found.prefix_saved_s)} a call"
        rows.append(("first token sooner by the prefix cache", told, f"{found.prefix_saved_s.n:,}"))
    return rows + (machine_rows(found.machine) if found.machine is not None else [])


def _quantile_rows(name: str, found: Quantiles | None) -> Iterator[Row]:
    if found is not None:
        for share, one in (("p50", found.p50), ("p95", found.p95), ("p99", found.p99)):
            yield f"{name} {share}", time_text(one), f"{one.n:,}"


def machine_rows(machine: Machine) -> list[Row]:
    """Memory, use, power and energy of the lane, each GPU by itself."""
    usages = machine.usages
    rows: list[Row] = []
    if machine.host_peak is not None:
        before = min(usage.host_before for usage in usages if usage.host_before is not None)
        told = f"{size_text(machine.host_peak)}, {size_text(before)} before"
        rows.append(("host memory, peak", told, f"{sum(usage.readings for usage in usages):,}"))
    for index in dict.fromkeys(gpu.index for usage in usages for gpu in usage.devices):
        rows += _gpu_rows([gpu for usage in usages for gpu in usage.devices if gpu.index == index])
    if machine.energy_per_1000 is not None:
        told = f"{machine.energy_per_1000:,.1f} J for 1,000 output tokens"
        rows.append(("energy", told, f"{machine.output_tokens or 0:,}"))
    if machine.cells > 1 and rows:
        rows.append(("of the machine", f"figures of {machine.cells} cells, asked together", ""))
    return rows + [("not read to the end", usage.lost, "") for usage in usages if usage.lost]


def _gpu_rows(gpus: Sequence[DeviceUsage]) -> Iterator[Row]:
    """One GPU over the executions; means of the last one."""
    name = f"GPU {gpus[0].index}"
    held = [gpu for gpu in gpus if gpu.memory_peak is not None]
    if held:
        most = max(held, key=lambda gpu: gpu.memory_peak or 0)
        of = f" of {size_text(most.memory_total)}" if most.memory_total else ""
        peak = size_text(most.memory_peak)
        peak = peak.removesuffix(" GiB") if of.endswith("GiB") else peak  # said once
        before = f", {size_text(most.memory_before)} before" if most.memory_before is not None else ""
        yield f"{name} memory, peak", f"{peak}{of}{before}", ""
    last = gpus[-1]
    if last.utilisation is not None:
        yield f"{name} in use", share_text(last.utilisation), f"{last.utilisation.n:,}"
    if last.power_w is not None:
        yield f"{name} power", f"{number_text(last.power_w, '{:.0f}')} W", f"{last.power_w.n:,}"
    if any(gpu.energy_j is not None for gpu in gpus):
        joules = sum(gpu.energy_j or 0.0 for gpu in gpus)
        yield f"{name} energy", f"{joules:,.0f} J by {last.energy_from or 'power'}", ""


def overview_row(number: str, name: str, cell: CellSummary, found: Performance) -> tuple[str, ...]:
    """One cell beside others: quality and speed in one line."""
    machine = found.machine
    peak = None if machine is None else machine.device_peak or machine.host_peak
    return (
        number,
        name,
        score_text(cell.estimate),
        seconds_of(found.first_token),
        seconds_of(found.between_tokens),
        seconds_of(found.whole),
        NOTHING if found.output_per_s is None else rate_text(replace(found.output_per_s, low=None)),
        NOTHING if peak is None else size_text(peak),
    )


def seconds_of(found: Quantiles | None) -> str:
    return NOTHING if found is None or found.p50.value is None else clock_text(found.p50.value)


def clock_text(value: float, unit_of: float | None = None) -> str:
    """`0.4 ms`, `12 ms`, `1.24 s`: three figures, in the unit that suits `unit_of`."""
    return f"{_clock(value, unit_of)} {'s' if (value if unit_of is None else unit_of) >= 1 else 'ms'}"


def _clock(value: float, unit_of: float | None = None) -> str:
    size = value if unit_of is None else unit_of
    amount = value if size >= 1 else 1000 * value
    return f"{amount:,.0f}" if amount >= 100 else f"{amount:.3g}"


def time_text(found: Estimate) -> str:
    """`12 ms [11, 14]`; without brackets where the values do not reach far enough for an interval."""
    if found.value is None:
        return NOTHING
    told = clock_text(found.value)
    if found.low is None or found.high is None:
        return told
    return f"{told} [{_clock(found.low, found.value)}, {_clock(found.high, found.value)}]"


def rate_text(found: Estimate) -> str:
    """`13,590 [8,601, 18,570]`, `1.36 [0.86, 1.86]`: three figures, or all before the point."""
    return number_text(found, "{:,.0f}" if (found.value or 0.0) >= 100 else "{:.3g}")


def number_text(found: Estimate, form: str) -> str:
    if found.value is None:
        return NOTHING
    told = form.format(found.value)
    if found.low is None or found.high is None:
        return told
    return f"{told} [{form.format(found.low)}, {form.format(found.high)}]"


def share_text(found: Estimate) -> str:
    if found.value is None:
        return NOTHING
    told = f"{100 * found.value:.1f} %"
    if found.low is None or found.high is None:
        return told
    return f"{told} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def size_text(size: int | None) -> str:
    """Bytes as `1.24 GiB` or `312 MiB`."""
    if size is None:
        return NOTHING
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / (1 << 20):.0f} MiB"


def method_lines(found: Mapping[int, Performance]) -> list[str]:
    """How the figures were made: a line each, only for what is there."""
    if not found:
        return []
    lines = [
        "Speed: of the calls that a run made itself; quantiles with distribution-free intervals, calls independent."
    ]
    if any(one.output_per_s is not None for one in found.values()):
        lines.append("Rates: over the time in which a call was under way; intervals from 20 equal parts of it.")
    if any(_devices(one.machine) for one in found.values()):
        lines.append("GPU: NVML, twice a second from the first call to the end; all processes on the GPU are in it.")
    return lines


def _devices(machine: Machine | None) -> Sequence[DeviceUsage]:
    usages: Sequence[Usage] = machine.usages if machine is not None else ()
    return [gpu for usage in usages for gpu in usage.devices]


def print_performance(
    cells: Sequence[tuple[str, str, CellSummary]], found: Mapping[int, Performance], console: Console
) -> None:
    """Quality and speed of all cells in a table, then every figure of each. `cells`: number, name, summary."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from bakeoff.reports.charts import inert

    known = [(number, name, cell) for number, name, cell in cells if cell.cell.id in found]
    if not known:
        console.print("no calls are stored for this run, so there is nothing to time")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, padding=(0, 1, 0, 0))
    for place, column in enumerate(OVERVIEW):
        least = 10 if place == 1 else None
        side: Literal["left", "right"] = "left" if place == 1 else "right"
        table.add_column(column, justify=side, overflow="fold", no_wrap=place != 1, min_width=least)
    for number, name, cell in known:
        row = overview_row(number, name, cell, found[cell.cell.id])
        table.add_row(*(Text(inert(text)) for text in row))
    console.print(table)
    console.print("times are medians\n", style="dim")
    for number, name, cell in known:
        one = found[cell.cell.id]
        console.print(Text(inert(f"{number}  {name}: {one.made:,} of {one.calls:,} calls made in this run"), "bold"))
        detail = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        detail.add_column(min_width=32)
        detail.add_column(overflow="fold")
        detail.add_column(justify="right")
        for figure, value, n in figure_rows(one):
            detail.add_row(f"  {figure}", Text(inert(value)), f"n {n}" if n else "")
        console.print(detail)
