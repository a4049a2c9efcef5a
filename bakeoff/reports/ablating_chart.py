"""Score against price of the combinations of an ablation, with the front that nothing beats, as SVG of our own.

pareto_svg("gsm8k", study.rows["gsm8k"])
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from bakeoff.reports.ablating import Row
from bakeoff.reports.charts import inert

WIDTH, HEIGHT, EDGE, LEGEND = 640, 300, 48, 20


def pareto_svg(title: str, rows: Sequence[Row]) -> str:
    """A dot with its interval for each combination; filled ones are on the front, which a line joins."""
    by_price = all(row.price for row in rows)
    placed = [(place, row, row.price if by_price else row.tokens) for place, row in enumerate(rows)]
    known = [(place, row, price) for place, row, price in placed if price and row.summary.estimate.value is not None]
    most = max((price for *_, price in known), default=1.0)
    axis = "US dollars for 1,000 answers" if by_price else "tokens of an answer"
    height = HEIGHT + LEGEND * (len(known) + 1)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif"'
        f' font-size="12" role="img" aria-label="{_text(f"{title}: score against {axis}")}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *_axes(title, axis, most),
    ]
    front = sorted(_at(row, price, most) for _, row, price in known if row.front)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in front)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#777" stroke-dasharray="4 3"/>')
    for number, (_, row, price) in enumerate(known, start=1):
        parts += _mark(number, row, price, most)
    return "\n".join([*parts, "</svg>", ""])


def _at(row: Row, price: float, most: float) -> tuple[float, float]:
    return EDGE + (WIDTH - 2 * EDGE) * price / (1.05 * most), _height(row.summary.estimate.value or 0.0)


def _height(score: float) -> float:
    return EDGE / 2 + (HEIGHT - 1.5 * EDGE) * (1 - score)


def _axes(title: str, axis: str, most: float) -> list[str]:
    bottom, right = _height(0), WIDTH - EDGE
    parts = [f'<text x="{EDGE}" y="14" font-weight="bold">{_text(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _height(share)
        parts.append(f'<line x1="{EDGE}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{EDGE - 6}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>')
    for share in (0.0, 0.5, 1.0):
        x = EDGE + (right - EDGE) * share / 1.05
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{share * most:,.4g}</text>')
    middle = (EDGE + right) / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34:.1f}" text-anchor="middle">{_text(axis)}</text>')
    return parts


def _mark(number: int, row: Row, price: float, most: float) -> list[str]:
    x, y = _at(row, price, most)
    found = row.summary.estimate
    low, high = _height(found.low or 0.0), _height(1.0 if found.high is None else found.high)
    fill = "#1f5fa8" if row.front else "#fff"
    below = HEIGHT + LEGEND * number
    name = f"{number}. {row.summary.cell.variant} {row.name}"
    return [
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="#1f5fa8" stroke-opacity="0.5"/>',
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="#1f5fa8"/>',
        f'<text x="{x + 8:.1f}" y="{y + 4:.1f}">{number}</text>',
        f'<text x="{EDGE}" y="{below:.1f}">{_text(name)}</text>',
    ]


def _text(text: str) -> str:
    return escape(inert(text))
