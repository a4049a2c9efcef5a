"""The figures of a report for papers and slides; a kind that it has no numbers for is left out.

Estimates with intervals, paired differences as a forest, score against latency and against cost with the
Pareto front, median latency as bars, metrics of tool use and faithfulness, reliability diagrams, power
curves. They need matplotlib (extra `figures`). Example:

    for name, drawn in figures(report).items(): Path(f"{name}.svg").write_bytes(svg(drawn))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Estimate
from bakeoff.reports.charts import seconds
from bakeoff.reports.compare import ALPHA, Comparison
from bakeoff.reports.drawing import ASIDE, Drawn, canvas, look_of, shortened, spread_out, styled
from bakeoff.reports.reliability import diagrams
from bakeoff.reports.report import Entry, Report
from bakeoff.reports.summary import other_metrics
from bakeoff.stats.power import POWER, mde
from bakeoff.stats.power_small import paired_chance

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Plot = tuple[str, str, "Figure"]  # name, caption, figure
TOOL_USE = ("calls_passed", "function", "arguments")
FAITHFUL = "faithful"
_ROW = 0.32  # inches that a line of a chart takes
_LEGEND = 0.17  # of its legend
_GREY = "#555555"


def figures(report: Report) -> dict[str, Drawn]:
    """Every figure that a report has the numbers for, by its name. Raises MissingExtra."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        raise MissingExtra("matplotlib, which draws the figures,", "figures") from None
    with styled():
        return {name: Drawn(figure, caption) for name, caption, figure in _plots(report)}


def _plots(report: Report) -> Iterator[Plot]:
    """All figures of a report: name, caption, figure."""
    for place, benchmark in enumerate(report.benchmarks):
        entries = [entry for entry in report.entries if entry.cell.benchmark == benchmark]
        yield from _estimates(entries, place)
        yield from _latency(report, entries, place)
        yield from _pareto(entries, place)
        yield from _speed(report, entries, place)
        yield from _metrics(entries, place)
        yield from diagrams(entries, place)
        compared = [one for one in report.comparisons if one.a.benchmark == benchmark]
        yield from _forest(
            [(one.name_b, one.name_a, one.difference, one.shown) for one in compared], benchmark, f"{place}"
        )
        yield from _power(compared, place)
    for place, run in enumerate(report.runs):
        duels = () if run.verdict is None else run.verdict.duels
        told = [(one.b, one.a, one.difference, one.winner is not None) for one in duels]
        yield from _forest(told, f"A/B test {run.name}", f"duels-{place}")


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    estimate: Estimate
    shown: bool = True  # a hollow marker is for what was not shown


def _estimates(entries: Sequence[Entry], place: int) -> Iterator[Plot]:
    lines = [_Line(f"{entry.name}  #{entry.number}", entry.summary.estimate) for entry in entries]
    if not any(line.estimate.value is not None for line in lines):
        return
    figure, axes = canvas(0.9 + _ROW * len(lines))
    _whiskers(axes, lines)
    axes.set_title(shortened(entries[0].cell.benchmark))
    axes.set_xlabel(_score_name(entries))
    yield f"figure-estimates-{place}", "Scores with their 95 % intervals, over graded samples.", figure


def _whiskers(axes: Axes, lines: Sequence[_Line], factor: float = 1.0) -> None:
    """A dot and its interval per line, the first on top; a line without a value says so."""
    for row, line in enumerate(lines):
        found = line.estimate
        if found.value is None:
            axes.annotate("nothing graded", (0.01, row), xycoords=("axes fraction", "data"), va="center", color=_GREY)
            continue
        colour = look_of(0)[0]
        if found.low is not None and found.high is not None:
            axes.plot(
                [factor * found.low, factor * found.high], [row, row], color=colour, lw=1.6, solid_capstyle="butt"
            )
            axes.plot([factor * found.low, factor * found.high], [row, row], "|", color=colour, ms=7, mew=1.6)
        fill = colour if line.shown else "white"
        axes.plot([factor * found.value], [row], "o", ms=6, mfc=fill, mec=colour, mew=1.6, zorder=3)
    axes.set_yticks(range(len(lines)), [shortened(line.label) for line in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")


def _forest(pairs: Sequence[tuple[str, str, Estimate, bool]], title: str, place: str) -> Iterator[Plot]:
    """Paired differences: of each the first against the second, and whether one was shown."""
    pairs = [pair for pair in pairs if pair[2].value is not None]
    if not pairs:
        return
    bases = {second for _, second, _, _ in pairs}
    lines = [
        _Line(first if len(bases) == 1 else f"{first} against {second}", found, shown)
        for first, second, found, shown in pairs
    ]
    figure, axes = canvas(0.9 + _ROW * len(lines))
    _whiskers(axes, lines, 100)
    axes.axvline(0, color="black", lw=0.9)
    against = f" against {shortened(bases.pop())}" if len(bases) == 1 else ""
    axes.set_title(f"{shortened(title)}: paired differences{against}")
    axes.set_xlabel("points; right of zero the named one scores higher")
    caption = "Paired differences with their intervals; a hollow dot: no difference was shown."
    yield f"figure-forest-{place}", caption, figure


def _latency(report: Report, entries: Sequence[Entry], place: int) -> Iterator[Plot]:
    """Score against median latency, with the intervals of both."""
    known = [(entry, report.medians[entry.cell.id]) for entry in entries if entry.cell.id in report.medians]
    points = [(entry, found) for entry, found in known if found.value and entry.summary.estimate.value is not None]
    if not points:
        return
    figure, axes = canvas(3.0 + _LEGEND * (len(points) + 1) / 2)
    _scatter(axes, points)
    axes.set_xlabel("median latency, s")
    axes.set_title(shortened(entries[0].cell.benchmark))
    caption = (
        "Score against median latency, each with its 95 % interval; the dashed line joins what nothing beats in both."
    )
    yield f"figure-latency-{place}", caption, figure


def _pareto(entries: Sequence[Entry], place: int) -> Iterator[Plot]:
    """Score against cost, where at least two cells cost something."""
    points = []
    for entry in entries:
        cost, answered = (
            entry.summary.cost,
            sum(entry.summary.outcomes[o] for o in entry.summary.outcomes if o != "not_run"),
        )
        if cost and answered and entry.summary.estimate.value is not None:
            points.append((entry, Estimate(1000 * cost / answered, None, None, answered, 0, "mean")))
    if len(points) < 2:
        return
    figure, axes = canvas(3.0 + _LEGEND * (len(points) + 1) / 2)
    _scatter(axes, points)
    axes.set_xlabel("US dollars for 1,000 answers")
    axes.set_title(shortened(entries[0].cell.benchmark))
    yield f"figure-pareto-{place}", "Score against cost; the dashed line joins what nothing beats in both.", figure


def _scatter(axes: Axes, points: Sequence[tuple[Entry, Estimate]]) -> None:
    """A marker with its number per cell, intervals both ways, the front, and the legend below."""
    axes.grid()
    handles = []
    for place, (entry, found) in enumerate(points):
        colour, marker = look_of(place)
        x, score = found.value or 0.0, entry.summary.estimate
        y = score.value or 0.0
        axes.errorbar([x], [y], xerr=_reach(found), yerr=_reach(score), color=colour, lw=0, elinewidth=1, alpha=0.6)
        label = f"#{entry.number} {shortened(entry.name)}"
        handles += axes.plot([x], [y], marker, color=colour, mec="black", mew=0.5, ms=7, label=label, zorder=3)
    front = pareto([(found.value or 0.0, entry.summary.estimate.value or 0.0) for entry, found in points])
    axes.plot(*zip(*front, strict=True), ls="--", lw=0.9, color=_GREY, zorder=1)
    axes.set_ylabel(_score_name([entry for entry, _ in points]))
    axes.set_xlim(left=0)
    _numbers(axes, points)
    columns = 2 if len(points) > 1 else 1
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=columns, handletextpad=0.3)


def _numbers(axes: Axes, points: Sequence[tuple[Entry, Estimate]]) -> None:
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    places = [
        ((found.value or 0.0) / (right - left), ((entry.summary.estimate.value or 0.0) - low) / (high - low))
        for entry, found in points
    ]
    for (entry, _), (x, y), lifted in zip(points, places, spread_out(places), strict=True):
        axes.annotate(
            f"#{entry.number}", (x, y), (x + ASIDE, lifted), "axes fraction", "axes fraction", fontsize=7.5,
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": _GREY} if lifted - y > 0.03 else None,
        )  # fmt: skip


def pareto(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other beats in both: lower first value and higher second; from left to right."""
    front: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or y > front[-1][1]:
            front.append((x, y))
    return front


def _speed(report: Report, entries: Sequence[Entry], place: int) -> Iterator[Plot]:
    """Median latency as bars, each with how many times as fast as the first it is."""
    known = [(entry, report.medians[entry.cell.id]) for entry in entries if entry.cell.id in report.medians]
    bars = [(entry, found) for entry, found in known if found.value]
    if len(bars) < 2:
        return
    figure, axes = canvas(0.9 + _ROW * len(bars))
    first = bars[0][1].value or 1.0
    most = max(found.high or found.value or 0.0 for _, found in bars)
    for row, (_, found) in enumerate(bars):
        value = found.value or 1.0
        axes.barh([row], [value], height=0.6, color=look_of(4)[0], ec="black", lw=0.5, hatch="//" if row else "")
        axes.errorbar([value], [row], xerr=_reach(found), color="black", lw=0, elinewidth=1.2, capsize=2.5)
        ratio = f"{first / value:.2f} × as fast" if value <= first else f"{value / first:.3g} × as long"
        told = f"{seconds(value)}, {ratio}" if row else seconds(value)
        axes.annotate(told, ((found.high or value) + 0.015 * most, row), va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [shortened(f"{entry.name}  #{entry.number}") for entry, _ in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, 1.35 * most)
    axes.set_xlabel("median latency, s")
    axes.set_title(shortened(entries[0].cell.benchmark))
    yield (
        f"figure-speed-{place}",
        "Median latency with its 95 % interval, and the speed-up over the first cell.",
        figure,
    )


def _metrics(entries: Sequence[Entry], place: int) -> Iterator[Plot]:
    """Tool use and faithfulness, where scorers kept them."""
    names = {name for entry in entries for name in other_metrics(entry.summary)}
    kinds = {
        "tools": ("Tool use", [name for name in TOOL_USE if name in names]),
        "faithfulness": ("Faithfulness", sorted(name for name in names if FAITHFUL in name)),
    }
    for kind, (title, chosen) in kinds.items():
        lines = [
            _Line(f"{entry.name}  #{entry.number}: {name}", found)
            for name in chosen
            for entry in entries
            if (found := other_metrics(entry.summary).get(name)) is not None
        ]
        if lines:
            figure, axes = canvas(0.9 + _ROW * len(lines))
            _bars(axes, lines)
            axes.set_title(f"{title}: {shortened(entries[0].cell.benchmark)}")
            yield f"figure-{kind}-{place}", f"{title} with its 95 % intervals.", figure


def _bars(axes: Axes, lines: Sequence[_Line]) -> None:
    for row, line in enumerate(lines):
        found = line.estimate
        if found.value is not None:
            axes.barh([row], [100 * found.value], height=0.6, color=look_of(4)[0], ec="black", lw=0.5)
            axes.errorbar(
                [100 * found.value], [row], xerr=_reach(found, 100), color="black", lw=0, elinewidth=1.2, capsize=2.5
            )
    axes.set_yticks(range(len(lines)), [shortened(line.label) for line in lines])
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel("per cent")


def _power(comparisons: Sequence[Comparison], place: int) -> Iterator[Plot]:
    """How surely a difference of so many points would have been shown, for each comparison of right and wrong."""
    curves = [(one, psi) for one in comparisons if (psi := _psi(one)) > 0 and one.difference.n > 1]
    if not curves:
        return
    figure, axes = canvas(2.8 + _LEGEND * (len(curves) + 1) / 2)
    most = min(1.0, max(min(psi, 4 * _told_mde(one, psi)) for one, psi in curves))
    styles = ("-", "--", "-.", ":")
    for turn, (one, psi) in enumerate(curves):
        effects = [most * i / 120 for i in range(1, 121) if most * i / 120 < psi]
        alpha = ALPHA / max(1, one.family)
        powers = [100 * paired_chance(one.difference.n, effect, psi, alpha) for effect in effects]
        label = f"{shortened(one.name_b)}, n {one.difference.n:,}"
        line = axes.plot([100 * effect for effect in effects], powers, lw=1.5, label=label)[0]
        line.set(color=look_of(turn)[0], linestyle=styles[turn % 4])
    axes.axhline(100 * POWER, color=_GREY, lw=0.8, ls=":")
    axes.set(xlabel="true difference, points", ylabel="power, %", ylim=(0, 102), xlim=(0, 100 * most))
    axes.set_title(
        f"{shortened(comparisons[0].a.benchmark)}: what comparisons with {shortened(curves[0][0].name_a)} could show"
    )
    axes.grid()
    axes.figure.legend(loc="outside lower center", ncols=1 if len(curves) < 3 else 2)
    yield (
        f"figure-power-{place}",
        "The chance to show a true difference, at the level that Holm's first step asks for.",
        figure,
    )


def _psi(comparison: Comparison) -> float:
    if comparison.test != "exact McNemar" or not comparison.difference.n:
        return 0.0
    return (comparison.improved + comparison.regressed) / comparison.difference.n


def _told_mde(comparison: Comparison, psi: float) -> float:
    try:
        return mde(comparison.difference.n, psi)
    except ValueError:
        return psi


def _reach(found: Estimate, factor: float = 1.0) -> list[list[float]] | None:
    """How far an interval reaches below and above its value, as matplotlib wants it."""
    if found.value is None or found.low is None or found.high is None:
        return None
    return [[max(0.0, factor * (found.value - found.low))], [max(0.0, factor * (found.high - found.value))]]


def _score_name(entries: Sequence[Entry]) -> str:
    return "mean score" if any(entry.summary.continuous for entry in entries) else "share correct"
