"""A profile for a terminal of 80 columns, and as figures (SVG, PNG by matplotlib, extra `figures`).

Example: `print_profile(found, least=0.1, max_latency=None, console)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.reports.performance_profile import Curve, Point, Profile, advise, heat, overlap
from bakeoff.reports.performance_text import NOTHING, clock_text, rate_text, size_text

if TYPE_CHECKING:
    from rich.console import Console

    from bakeoff.reports.drawing import Drawn

_SHADES = " ░▒▓█"


def print_profile(found: Profile, least: float, max_latency: float | None, console: Console) -> None:
    """A table for each workload with what to take from it; then the memory of all, if there are several."""
    from rich.text import Text

    from bakeoff.reports.charts import inert
    from bakeoff.reports.terminal import print_wrapped

    for curve in found.curves:
        console.print(Text(inert(f"{found.model} ({found.preset}) · {curve.workload}"), "bold"))
        _print_curve(found, curve, console)
        for line in said(found, curve, least, max_latency):
            print_wrapped(line, console)
        console.print()
    if len(found.curves) > 1 and any(point.memory for curve in found.curves for point in curve.points):
        _print_heat(found, console)
    for note in found.notes:
        print_wrapped(f"note: {note}", console)


def said(found: Profile, curve: Curve, least: float, max_latency: float | None) -> Iterator[str]:
    """The advice, how sure it is, the largest that fits, why the curve ends."""
    advice = advise(curve, least, max_latency)
    yield advice.sentence
    if advice.batch is not None and advice.knee == advice.batch:
        near = overlap(curve, advice.batch)
        if near is None:
            yield f"  (no interval at {advice.batch} or at the next: more --repeats tell how sure that is)"
        elif near:
            yield f"  (the intervals at {advice.batch} and at the next overlap: more --repeats may move it)"
    if curve.largest is not None:
        yield f"largest {found.grows} that fits: {curve.largest}"
    if curve.stopped:
        yield f"ended: {curve.stopped}"
    if found.dummy:
        yield "random weights: speed and memory are those of the shape, and there is no accuracy"


def _print_curve(found: Profile, curve: Curve, console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    counted = all(point.output_per_s is not None for point in curve.points)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    heads = (
        "batch" if found.grows == "batch" else "calls",
        "tok/s [95 %]" if counted else "calls/s [95 %]",
        "first",
        "token",
        "p50",
        "p95",
        "memory",
    )
    for head in heads:  # the rate gives way, to a second line: a number and its unit are never cut
        table.add_column(head, justify="right", no_wrap=head != heads[1], overflow="fold")
    for point in curve.points:
        table.add_row(
            str(point.batch),
            rate_text(point.throughput),
            _seconds(point.first_p50),
            _seconds(point.token_p50),
            _seconds(point.call_p50),
            _seconds(point.call_p95),
            size_text(point.memory),
        )
    console.print(table)


def point_line(point: Point) -> str:
    """One point as soon as it is there: `8: 101 tokens/s [95, 107], call p50 1.2 s`."""
    unit = "calls/s" if point.output_per_s is None else "tokens/s"
    return f"{point.batch}: {rate_text(point.throughput)} {unit}, call p50 {_seconds(point.call_p50)}"


def _print_heat(found: Profile, console: Console) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from bakeoff.reports.charts import inert

    batches, rows = heat(found.curves)
    known = [size for _, sizes in rows for size in sizes if size is not None]
    low, high = min(known), max(known)
    table = Table(title="peak memory", title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("workload", overflow="fold")
    for batch in batches:
        table.add_column(str(batch), justify="right", no_wrap=True)
    for name, sizes in rows:
        table.add_row(Text(inert(name)), *(_shaded(size, low, high) for size in sizes))
    console.print(table)


def _shaded(size: int | None, low: int, high: int) -> str:
    """`▓ 1.24 GiB`: the darker, the nearer to the largest."""
    if size is None:
        return NOTHING
    share = (size - low) / (high - low) if high > low else 0.0
    return f"{_SHADES[min(len(_SHADES) - 1, int(share * len(_SHADES)))]} {size_text(size)}"


def _seconds(found: Estimate | None) -> str:
    return NOTHING if found is None or found.value is None else clock_text(found.value)


def draw_profile(found: Profile, least: float, max_latency: float | None) -> Mapping[str, Drawn]:
    """Figures by name: throughput against latency, and memory by workload and batch. Raises MissingExtra."""
    from bakeoff.reports.drawing import styled

    with styled():
        drawn = {"profile": _curves_figure(found, least, max_latency)}
        if any(point.memory for curve in found.curves for point in curve.points):
            drawn["profile-memory"] = _heat_figure(found)
    return drawn


def _curves_figure(found: Profile, least: float, max_latency: float | None) -> Drawn:
    from bakeoff.reports.drawing import Drawn, canvas, look_of, shortened

    figure, axes = canvas(3.6)
    for turn, curve in enumerate(found.curves):
        points = [point for point in curve.points if point.call_p50.value is not None]
        x = [point.call_p50.value or 0.0 for point in points]
        y = [point.throughput.value or 0.0 for point in points]
        colour, marker = look_of(turn)
        across, upwards = _reach([point.call_p50 for point in points]), _reach([point.throughput for point in points])
        axes.errorbar(
            x, y, xerr=across, yerr=upwards,
            color=colour, marker=marker, ms=5, lw=1.2, elinewidth=0.8, capsize=2, label=shortened(curve.workload),
        )  # fmt: skip
        taken = advise(curve, least, max_latency).batch
        for point, at, height in zip(points, x, y, strict=True):
            bold = "bold" if point.batch == taken else "normal"
            axes.annotate(str(point.batch), (at, height), (4, 4), textcoords="offset points", fontsize=8, weight=bold)
    counted = all(point.output_per_s is not None for curve in found.curves for point in curve.points)
    axes.set(xlabel="median seconds of a call", ylabel="output tokens/s" if counted else "calls/s")
    axes.set_ylim(bottom=0)
    axes.set_title(shortened(f"{found.model} ({found.preset})"))
    axes.grid()
    axes.figure.legend(loc="outside lower center", ncols=2)
    return Drawn(figure, f"Throughput and latency by {found.grows}, with 95 % intervals; bold: the one to take.")


def _heat_figure(found: Profile) -> Drawn:
    from bakeoff.reports.drawing import Drawn, canvas, shortened

    batches, rows = heat(found.curves)
    figure, axes = canvas(1.4 + 0.4 * len(rows))
    gib = [[float("nan") if size is None else size / (1 << 30) for size in sizes] for _, sizes in rows]
    axes.imshow(gib, aspect="auto", cmap="Blues")
    middle = sum(one for row in gib for one in row if one == one) / max(
        1, sum(one == one for row in gib for one in row)
    )
    for place, row in enumerate(gib):
        for column, size in enumerate(row):
            if size == size:  # measured
                axes.text(
                    column, place, f"{size:.2f}", ha="center", va="center", color="white" if size > middle else "black"
                )
    axes.set_xticks(range(len(batches)), [str(batch) for batch in batches])
    axes.set_yticks(range(len(rows)), [shortened(name) for name, _ in rows])
    axes.set_xlabel(found.grows)
    axes.set_title("peak memory, GiB")
    return Drawn(figure, "Peak memory by workload and batch, from loading to the last call.")


def _reach(values: list[Estimate]) -> list[list[float]]:
    below = [0.0 if one.low is None or one.value is None else max(0.0, one.value - one.low) for one in values]
    above = [0.0 if one.high is None or one.value is None else max(0.0, one.high - one.value) for one in values]
    return [below, above]
