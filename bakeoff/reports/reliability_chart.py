"""A reliability diagram as inline SVG for the page: no script, no library; as in `charts`, places are percentages.

Example:

    reliability_chart("qwen-8b", found)          # an <svg>
"""

from __future__ import annotations

from html import escape

from bakeoff.reports.calibration import told
from bakeoff.reports.charts import inert
from bakeoff.stats.calibration import Bin, Calibration

_LEFT, _RIGHT, _TOP, _FLOOR = 14.0, 96.0, 8.0, 248.0
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


def reliability_chart(name: str, found: Calibration) -> str:
    """Share right against confidence: a dot and Wilson's interval for each bin, and the diagonal."""
    parts = [_line("c-grid", x, 0, x, 1, 0.15) + _line("c-grid", 0, x, 1, x, 0.15) for x in _TICKS]
    parts.append(_line("c-zero", 0, 0, 1, 1, 0.6, ' stroke-dasharray="4 4"'))
    for x in _TICKS:
        parts.append(_words(_x(x), _FLOOR + 16, f"{100 * x:.0f} %", "middle"))
        parts.append(_words(_LEFT - 1.5, _y(x) + 4, f"{100 * x:.0f} %", "end"))
    parts += [_dot(one) for one in found.bins]
    parts.append(_words(_RIGHT, _FLOOR + 32, "how sure the model was; upright: how often it was right", "end"))
    label = escape(inert(f"Reliability diagram of {told(name, found)}"))
    head = f'<svg class="chart" role="img" aria-label="{label}" width="100%" height="{_FLOOR + 38:g}">'
    return head + "".join(parts) + "</svg>"


def _dot(one: Bin) -> str:
    right = one.right
    value, low, high = (0.0 if x is None else x for x in (right.value, right.low, right.high))
    said = (
        f"{100 * one.low:.0f} to {100 * one.high:.0f} % sure ({100 * one.confidence:.1f} % on the average):"
        f" {100 * value:.1f} % of {right.n:,} right, {100 * low:.1f} to {100 * high:.1f} %"
    )
    whisker = _line("c-whisker", one.confidence, low, one.confidence, high, 1)
    dot = (
        f'<circle class="c-dot" cx="{_x(one.confidence):.2f}%" cy="{_y(value):.1f}" r="4.5" '
        f'fill="currentColor" stroke="currentColor"/>'
    )
    return f"<g><title>{said}</title>{whisker}{dot}</g>"


def _line(name: str, x1: float, y1: float, x2: float, y2: float, opacity: float, more: str = "") -> str:
    return (
        f'<line class="{name}" x1="{_x(x1):.2f}%" x2="{_x(x2):.2f}%" y1="{_y(y1):.1f}" y2="{_y(y2):.1f}" '
        f'stroke="currentColor" stroke-opacity="{opacity:g}" stroke-width="1.5"{more}/>'
    )


def _words(x: float, y: float, said: str, side: str) -> str:
    place = f'x="{x:.2f}%" y="{y:g}" text-anchor="{side}" font-size="11"'
    return f'<text class="c-tick" {place} fill="currentColor">{said}</text>'


def _x(share: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * share


def _y(share: float) -> float:
    return _FLOOR - (_FLOOR - _TOP) * share
