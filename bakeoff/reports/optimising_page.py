"""A study of optimisations as one HTML file that needs nothing else: no script, no network, light or dark.

Jinja escapes every name, `charts.inert` cleans the page, and its policy lets nothing load. Example:

    Path("optimisations.html").write_text(render_html(study, "0.1.0"), encoding="utf-8")
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from bakeoff.reports import charts
from bakeoff.reports.optimising import Scope, Study
from bakeoff.reports.optimising_guide import RULES, ratio_text
from bakeoff.reports.optimising_text import HEAD, cells, longest, speed_text, state, warnings

if TYPE_CHECKING:
    from markupsafe import Markup

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_ROW = 26.0
_LEFT, _RIGHT = 24.0, 78.0  # per cent of the width, for labels and for words


def render_html(study: Study, version: str) -> str:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_resource),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(cells=cells, state=state, warnings=warnings, speed_text=speed_text, head=HEAD)
    page = environment.get_template("optimising.html.jinja").render(
        study=study,
        charts=[_markup(speed_chart(scope)) for scope in study.scopes],
        rules={rule: text for rule, text in RULES.items() if any(one.rule == rule for one in study.advice)},
        policy=_POLICY,
        style=_markup(_resource("report.css")),
        version=version,
    )
    return charts.inert(page)


def speed_chart(scope: Scope) -> str:
    """Speed-ups as inline SVG: a bar with its interval for each way, the yardstick as a line."""
    known = [way for way in scope.ways if way.speed is not None and way.speed.value]
    if not known:
        return "<p>No speed-up is known.</p>"
    most = 1.1 * longest(scope)
    floor = _ROW * len(known)
    parts = []
    for row, way in enumerate(known):
        found, y = way.speed, _ROW * row
        assert found is not None and found.value is not None
        label, told = escape(charts.inert(way.label)), ratio_text(found)
        parts.append(
            f'<g><title>{label}: {told}</title><text x="0" y="{y + 17:g}" font-size="12">{label}</text>'
            f'<rect x="{_LEFT}%" y="{y + 4:g}" width="{_wide(found.value, most):.2f}%" height="16" fill="currentColor"'
            f' fill-opacity="{0.25 if way.differs else 0.55}"/>'
        )
        if found.low is not None and found.high is not None:
            left, right = (_LEFT + _wide(bound, most) for bound in (found.low, found.high))
            parts.append(
                f'<line x1="{left:.2f}%" x2="{right:.2f}%" y1="{y + 12:g}" y2="{y + 12:g}" stroke="currentColor"/>'
            )
        parts.append(f'<text x="{_RIGHT + 1}%" y="{y + 17:g}" font-size="11">{told}</text></g>')
    one = _LEFT + _wide(1.0, most)
    parts.append(
        f'<line x1="{one:.2f}%" x2="{one:.2f}%" y1="0" y2="{floor:g}" stroke="currentColor" stroke-dasharray="2 3"/>'
    )
    said = "; ".join(f"{way.label} {ratio_text(way.speed)}" for way in known)
    return (
        f'<svg class="chart" role="img" aria-label="Speed-up: {escape(charts.inert(said))}" width="100%"'
        f' height="{floor:g}">{"".join(parts)}</svg>'
    )


def _wide(value: float, most: float) -> float:
    return (_RIGHT - _LEFT) * min(value, most) / most


def _resource(name: str) -> str:
    return files("bakeoff.reports").joinpath("page", name).read_text(encoding="utf-8")


def _markup(text: str) -> Markup:
    """Our own text, which is to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(text)
