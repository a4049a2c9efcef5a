"""Charts as inline SVG: values in, a string out. No drawing library, no script, no outside request.

Horizontal places are percentages, so a chart fills any width while its text keeps its size. Every
mark has a class (`c-dot`, `c-bar`, …) for the page's stylesheet and a plain attribute for pages
without one. Labels may be hostile: all text is escaped here. Example:

    interval_chart([IntervalRow("qwen-8b", proportion(51, 60, 2))], title="Accuracy", percent=True)
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from bakeoff.core.types import Estimate
from bakeoff.reports.points import signed

EDGE = 1.5  # per cent of the width kept free on either side
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One line of an interval or difference chart.

    Rows of one `group` stand under its name; a `hollow` dot is for what was not shown to differ.
    """

    label: str
    estimate: Estimate
    note: str = ""
    group: str = ""
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a share bar; `symbol` tells it apart without colour, `name` is its class."""

    name: str
    label: str
    symbol: str
    count: int


@dataclass(frozen=True, slots=True)
class _Axis:
    low: float
    high: float
    log: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, in per cent of the width; beyond the axis is its end."""
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return EDGE + (100 - 2 * EDGE) * share


def inert(text: str) -> str:
    """Text without what could upset a reader or a codec.

    Control characters become their symbols (NUL is ␀); lone surrogates and characters that turn
    the direction of writing become U+FFFD. Line ends and tabs stay.
    """
    return _ODD.sub(lambda odd: chr(0x2400 + ord(odd[0])) if odd[0] < " " else "\ufffd", text)


def interval_chart(rows: Sequence[IntervalRow], *, title: str, percent: bool) -> str:
    """Dot and whisker per row on a common axis; the faint bar reaches to the bounds of the missing."""
    ends = [b for row in rows for b in _bounds(row.estimate)]
    low, high = math.floor(10 * min(ends, default=0.0)) / 10, math.ceil(10 * max(ends, default=1.0)) / 10
    low, high = min(low, max(0.0, high - 0.2)), max(high, 0.2)
    axis = _Axis(low, high) if high - low <= 0.5 else _Axis(0.0, 1.0)
    ticks = [(t, f"{100 * t:.0f} %" if percent else f"{t:g}") for t in _ticks(axis.low, axis.high)]
    shape = "{:.1%}" if percent else "{:.3f}"
    values = ["none graded" if (v := row.estimate.value) is None else shape.format(v) for row in rows]
    return _whisker_chart(rows, [value.replace("%", " %") for value in values], axis, ticks, title)


def difference_chart(rows: Sequence[IntervalRow], *, title: str) -> str:
    """Differences in points around a zero line."""
    reach = max((abs(b) for row in rows for b in _bounds(row.estimate)), default=0.0)
    step = _nice_step(max(reach, 0.02) / 3)
    reach = step * math.ceil(max(reach, 0.02) / step - 1e-9)
    axis = _Axis(-reach, reach)
    ticks = [(t, "0" if t == 0 else f"{100 * t:+g}".replace("-", "−")) for t in _ticks(-reach, reach, 7)]
    return _whisker_chart(rows, [points(row.estimate.value) for row in rows], axis, ticks, title, zero=True)


def share_bar(segments: Sequence[Segment], *, title: str) -> str:
    """Counts as parts of one bar, each with its symbol where there is room."""
    parts, start, total = [], 0.0, sum(segment.count for segment in segments)
    for place, segment in enumerate(segments):
        width = 100 * segment.count / (total or 1)
        if not width:
            continue
        told = f"{_text(segment.label)}: {segment.count:,}"
        parts.append(
            f'<g class="c-part {_text(segment.name)}"><title>{told}</title>'
            f'<rect x="{start:.2f}%" y="0" width="{width:.2f}%" height="22" fill="currentColor" '
            f'fill-opacity="{max(0.1, 0.6 - 0.1 * place):.1f}"/>'
        )
        if width > 4:
            parts.append(_words("c-symbol", start + width / 2, 15.5, _text(segment.symbol), "middle", 12))
        parts.append("</g>")
        start += width
    said = ", ".join(f"{segment.count:,} {segment.label}" for segment in segments if segment.count)
    return _svg(f"{title}: {said or 'none'}", 22, parts)


def histogram(values: Sequence[float], marks: Sequence[tuple[str, float | None]], *, title: str) -> str:
    """How seconds are spread, with marks such as p50; logarithmic where the tail is long."""
    if not values:
        return _svg(title, 20, [_words("c-note", 0, 14, "nothing was measured")])
    axis, edges = _bins(sorted(values))
    counts = [0] * (len(edges) - 1)
    for value in values:
        counts[min(max(bisect_right(edges, value) - 1, 0), len(counts) - 1)] += 1
    top, floor, most = 62.0, 150.0, max(counts)
    parts = [_line("c-grid", 0, 100, top, top, 0.15), _line("c-axis", 0, 100, floor, floor, 0.5)]
    parts.append(_words("c-tick", 0, top - 4, f"{most:,} trial{'s' if most > 1 else ''}"))
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        tall, start = (floor - top) * count / most, axis.at(left) + 0.1
        parts.append(
            f'<rect class="c-bar" x="{start:.2f}%" width="{max(0.2, axis.at(right) - start - 0.1):.2f}%" '
            f'y="{floor - tall:.1f}" height="{tall:.1f}" fill="currentColor" fill-opacity="0.4">'
            f"<title>{_clock(left, axis)} to {_clock(right, axis)}: {count:,}</title></rect>"
        )
    parts += _marks(axis, marks, floor)
    parts += _tick_texts(_second_ticks(axis), floor + 16)
    if axis.log:
        parts.append(_words("c-tick", 100, floor + 32, "logarithmic scale", "end"))
    return _svg(title, floor + (36 if axis.log else 20), parts)


def seconds(value: float) -> str:
    """A time for reading: `0.25 ms`, `850 ms`, `1.24 s`, `12.3 s`, `5 min 03 s`."""
    if value >= 59.95:
        minutes, rest = divmod(round(value), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
    if value >= 0.9995 or value == 0:
        return f"{value:.3g} s"
    return f"{1000 * value:.3g} ms" if value >= 1e-5 else f"{1000 * value:.1g} ms"


def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "not compared" if value is None else signed(100 * value).replace("-", "−") + " points"


def _bounds(estimate: Estimate) -> list[float]:
    every = (estimate.low, estimate.high, estimate.lowest, estimate.highest)
    return [bound for bound in every if bound is not None]


def _text(text: str, most: int = 10_000) -> str:
    return escape(inert(text if len(text) <= most else text[: most - 1] + "…"))


def _words(name: str, x: float, y: float, told: str, side: str = "start", size: int = 11, dx: int = 0) -> str:
    """A text at `x` per cent; `told` is markup already escaped."""
    place = f'x="{x:.2f}%" dx="{dx}" y="{y:g}" text-anchor="{side}" font-size="{size}"'
    return f'<text class="{name}" {place} fill="currentColor">{told}</text>'


def _svg(title: str, height: float, parts: Sequence[str]) -> str:
    head = f'<svg class="chart" role="img" aria-label="{_text(title)}" width="100%" height="{height:g}">'
    return head + "".join(parts) + "</svg>"


def _line(name: str, x1: float, x2: float, y1: float, y2: float, opacity: float, width: float = 1) -> str:
    return (
        f'<line class="{name}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:g}" y2="{y2:g}" '
        f'stroke="currentColor" stroke-opacity="{opacity:g}" stroke-width="{width:g}"/>'
    )


def _whisker_chart(
    rows: Sequence[IntervalRow],
    values: Sequence[str],
    axis: _Axis,
    ticks: Sequence[tuple[float, str]],
    title: str,
    zero: bool = False,
) -> str:
    """Rows of label, value and whisker over an axis; `title` is extended by what is drawn."""
    folded = any(row.note and len(row.label) + len(row.note) > 36 for row in rows)
    parts: list[str] = []
    y, group = 0.0, ""
    for row, value in zip(rows, values, strict=True):
        if row.group and row.group != group:
            parts.append(_words("c-group", 0, y + 15, _text(row.group, 46)))
            y, group = y + 26, row.group
        parts.append(_labels(row, value, y, folded))
        y += 48 if folded else 30
        for at in (axis.at(tick) for tick, _ in ticks):
            parts.append(_line("c-grid", at, at, y - 9, y + 9, 0.15))
        if zero:
            parts.append(_line("c-zero", 50, 50, y - 12, y + 12, 0.7))
        parts += _whisker(row.estimate, axis, y, row.hollow)
        y += 20
    parts += _tick_texts([(axis.at(tick), told) for tick, told in ticks], y + 10)
    said = "; ".join(f"{row.label} {row.note}: {value}" for row, value in zip(rows, values, strict=True))
    return _svg(f"{title}. {said}", y + 16, parts)


def _labels(row: IntervalRow, value: str, y: float, folded: bool) -> str:
    """The label, its note beside or below it, and the value at the right."""
    place = 'x="0" dy="16"' if folded else 'dx="8"'
    note = f'<tspan class="c-note" {place}>{_text(row.note, 46)}</tspan>' if row.note else ""
    whole = f"<title>{_text(f'{row.label} {row.note}')}</title>"
    label = _words("c-label", 0, y + 16, f"{whole}{_text(row.label, 38)}{note}", size=13)
    return label + _words("c-value", 100, y + 16, _text(value), "end", 13)


def _whisker(estimate: Estimate, axis: _Axis, y: float, hollow: bool) -> list[str]:
    """The faint reach of what is missing, the interval with its caps, the dot."""
    parts = []
    if estimate.n_missing and estimate.lowest is not None and estimate.highest is not None:
        parts.append(_line("c-reach", axis.at(estimate.lowest), axis.at(estimate.highest), y, y, 0.15, 9))
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return parts
    left, right = axis.at(estimate.low), axis.at(estimate.high)
    parts += [_line("c-whisker", left, right, y, y, 1, 2)]
    parts += [_line("c-whisker", x, x, y - 4, y + 4, 1, 2) for x in (left, right)]
    name, fill = ("c-dot c-hollow", "Canvas") if hollow else ("c-dot", "currentColor")
    dot = f'<circle class="{name}" cx="{axis.at(estimate.value):.2f}%" cy="{y:g}" r="5" fill="{fill}" '
    return [*parts, dot + 'stroke="currentColor" stroke-width="2"/>']


def _tick_texts(ticks: Sequence[tuple[float, str]], y: float) -> list[str]:
    return [_words("c-tick", at, y, told, "middle") for at, told in ticks]


def _marks(axis: _Axis, marks: Sequence[tuple[str, float | None]], floor: float) -> list[str]:
    """Upright lines, each with its label on a row of its own, so that equal marks stay readable."""
    lines, texts = [], []
    for row, (name, value) in enumerate(marks):
        if value is None:
            continue
        at, y, left = axis.at(value), 11.0 + 14 * row, axis.at(value) > 82
        lines.append(_line("c-mark", at, at, y - 9, floor, 0.8, 1.5))
        told, side = f"{_text(name)} {_clock(value, axis)}", "end" if left else "start"
        texts.append(_words("c-told", at, y, told, side, dx=-5 if left else 5))
    return lines + texts


def _nice_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in _STEPS if step * power >= least * (1 - 1e-9))


def _ticks(low: float, high: float, about: int = 5) -> list[float]:
    step = _nice_step((high - low) / about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def _bins(ordered: Sequence[float]) -> tuple[_Axis, list[float]]:
    """An axis over ascending values and the edges of its bins; logarithmic for a long tail."""
    low, high = ordered[0], ordered[-1]
    if low > 0 and high > 10 * ordered[len(ordered) // 2]:
        return _Axis(low, high, log=True), [low * (high / low) ** (i / 24) for i in range(25)]
    alike = high - low <= 0.01 * high
    step = _nice_step(max(1e-9, (high / 10 or 0.1) if alike else (high - low) / 24))
    margin = 4 if alike else 0
    first, last = max(0, math.floor(low / step) - margin), math.floor(high / step) + 1 + margin
    edges = [round(place * step, 12) for place in range(first, last + 1)]
    return _Axis(edges[0], edges[-1]), edges


def _second_ticks(axis: _Axis) -> list[tuple[float, str]]:
    places = _ticks(axis.low, axis.high, 4)
    if axis.log:
        powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        every = [m * 10.0**k for k in powers for m in (1, 2, 5) if axis.low <= m * 10.0**k <= axis.high]
        tens = [10.0**k for k in powers if axis.low <= 10.0**k <= axis.high]
        places = tens if len(every) > 5 and len(tens) > 1 else every
    return [(axis.at(place), _clock(place, axis)) for place in places]


def _clock(value: float, axis: _Axis) -> str:
    """Seconds in the one unit of an axis, with three figures."""
    amount, unit = (1000 * value, "ms") if axis.high < 1 else (value, "s")
    return f"{amount:,.0f} {unit}" if amount >= 100 else f"{amount:.3g} {unit}"
