"""Score against cost as inline SVG: a dot with two whiskers for each model; who is beaten is hollow. Pure.

As in `charts`: horizontal places are percentages, all text is escaped, no script. Example:

    front_chart(scope, scope.fronts[0])      # an <svg>, or a line that says why there is none
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bakeoff.core.types import Estimate
from bakeoff.reports.charts import inert
from bakeoff.reports.scaling.model import Front, Scope
from bakeoff.reports.scaling.words import dollars, figures

_TOP, _FLOOR = 14.0, 214.0
_LEFT, _RIGHT = 8.0, 96.0


def front_chart(scope: Scope, front: Front) -> str:
    """Each model's score over what an item costs; only what has both."""
    spent = "usd_per_item" if front.axis == "usd" else "per_item_s"
    found = [
        (one.model, one.quantity(spent).estimate, one.quantity("quality").estimate)
        for one in scope.standings
        if one.quantity(spent).estimate.value is not None and one.quantity("quality").estimate.value is not None
    ]
    word = "dollars an item" if front.axis == "usd" else "seconds an item"
    if len(found) < 2 or front.gap:
        return f"<p>No chart of score against {word}: {escape(inert(front.gap or 'too few models have both'))}.</p>"
    across, up = _reach([x for _, x, _ in found]), _reach([y for _, _, y in found])
    beaten = {loser for loser, _ in front.dominated}
    parts = [_frame(across, up, front.axis == "usd")]
    parts += [_dot(name, x, y, across, up, name in beaten) for name, x, y in found]
    label = f"Score against {word}: " + "; ".join(name for name, _, _ in found)
    return (
        f'<svg class="chart" role="img" aria-label="{escape(inert(label))}" width="100%" height="{_FLOOR + 36:g}">'
        + "".join(parts)
        + f'<text class="c-tick" x="{_RIGHT}%" y="{_FLOOR + 32:g}" text-anchor="end" font-size="11">{word}</text></svg>'
    )


def _reach(found: Sequence[Estimate]) -> tuple[float, float]:
    """The ends of an axis: all values and bounds, and a tenth more on either side."""
    every = [number for one in found for number in (one.value, one.low, one.high) if number is not None]
    low, high = min(every), max(every)
    room = (high - low) / 10 or abs(high) / 10 or 1.0
    return low - room, high + room


def _x(value: float, axis: tuple[float, float]) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (value - axis[0]) / (axis[1] - axis[0])


def _y(value: float, axis: tuple[float, float]) -> float:
    return _FLOOR - (_FLOOR - _TOP) * (value - axis[0]) / (axis[1] - axis[0])


def _frame(across: tuple[float, float], up: tuple[float, float], money: bool) -> str:
    word = dollars if money else figures
    parts = [_line("c-axis", _LEFT, _RIGHT, _FLOOR, _FLOOR), _line("c-axis", _LEFT, _LEFT, _TOP, _FLOOR)]
    for share in (0.1, 0.5, 0.9):
        x, y = across[0] + share * (across[1] - across[0]), up[0] + share * (up[1] - up[0])
        parts.append(_text("c-tick", _x(x, across), _FLOOR + 16, word(x), "middle"))
        parts.append(_text("c-tick", _LEFT - 0.8, _y(y, up) + 4, f"{100 * y:.1f} %", "end"))
    return "".join(parts)


def _dot(
    name: str, x: Estimate, y: Estimate, across: tuple[float, float], up: tuple[float, float], beaten: bool
) -> str:
    at, height = _x(x.value or 0.0, across), _y(y.value or 0.0, up)
    parts = []
    if x.low is not None and x.high is not None:
        parts.append(_line("c-whisker", _x(x.low, across), _x(x.high, across), height, height, 2))
    if y.low is not None and y.high is not None:
        parts.append(_line("c-whisker", at, at, _y(y.low, up), _y(y.high, up), 2))
    kind, fill = ("c-dot c-hollow", "Canvas") if beaten else ("c-dot", "currentColor")
    parts.append(
        f'<circle class="{kind}" cx="{at:.2f}%" cy="{height:.1f}" r="5" fill="{fill}" stroke="currentColor" '
        'stroke-width="2"/>'
    )
    side, dx = ("end", -9) if at > 70 else ("start", 9)
    parts.append(_text("c-label", at, height - 8, name[:40], side, dx))
    return "".join(parts)


def _line(kind: str, x1: float, x2: float, y1: float, y2: float, width: float = 1) -> str:
    return (
        f'<line class="{kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:.1f}" y2="{y2:.1f}" stroke="currentColor" '
        f'stroke-width="{width:g}"/>'
    )


def _text(kind: str, x: float, y: float, told: str, side: str, dx: int = 0) -> str:
    return (
        f'<text class="{kind}" x="{x:.2f}%" dx="{dx}" y="{y:.1f}" text-anchor="{side}" font-size="11" '
        f'fill="currentColor">{escape(inert(told))}</text>'
    )
