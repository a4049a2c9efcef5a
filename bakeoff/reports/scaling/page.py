"""A scaling study as one HTML file that needs nothing else: no script, no network, light or dark.

Names come from specs and endpoints: Jinja escapes each, `charts.inert` cleans the page, and its policy lets
nothing load. Example: `Path("scaling.html").write_text(render_html(study, "0.1.0"), encoding="utf-8")`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from bakeoff.reports import charts
from bakeoff.reports.scaling.chart import front_chart
from bakeoff.reports.scaling.model import Quantity, Scope, Study
from bakeoff.reports.scaling.rules import RULES
from bakeoff.reports.scaling.words import front_line, pair_line, samples_line, title, told

if TYPE_CHECKING:
    from markupsafe import Markup

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render_html(study: Study, version: str) -> str:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_resource),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        told=told, pair_line=pair_line, front_line=front_line, title=title, rows=_rows, samples_line=samples_line
    )
    page = environment.get_template("scaling.html.jinja").render(
        study=study,
        scopes=[*([study.pooled] if study.pooled else []), *study.scopes],
        rules={rule: text for rule, text in RULES.items() if any(one.rule == rule for one in study.recommendations)},
        scores=_scores(study),
        differences=_differences(study),
        fronts={
            (scope.name, front.axis): _markup(front_chart(scope, front))
            for scope in _all(study)
            for front in scope.fronts
        },
        policy=_POLICY,
        style=_markup(_resource("report.css")),
        version=version,
    )
    return charts.inert(page)


def _all(study: Study) -> list[Scope]:
    return [*study.scopes, *([study.pooled] if study.pooled else [])]


def _scores(study: Study) -> Markup:
    rows = [
        charts.IntervalRow(one.model, one.quantity("quality").estimate, group=title(scope))
        for scope in _all(study)
        for one in scope.standings
    ]
    return _markup(charts.interval_chart(rows, title="Scores", percent=not any(s.graded for s in study.scopes)))


def _differences(study: Study) -> Markup:
    rows = [
        charts.IntervalRow(one.b, one.difference, f"against {one.a}", title(scope), hollow=not one.better)
        for scope in _all(study)
        for one in scope.pairs
    ]
    return _markup(charts.difference_chart(rows, title="Differences with their intervals"))


def _rows(scope: Scope) -> list[Sequence[Quantity]]:
    """A row for each quantity, a column for each model."""
    return [[one.quantities[place] for one in scope.standings] for place in range(len(scope.standings[0].quantities))]


def _resource(name: str) -> str:
    return files("bakeoff.reports").joinpath("page", name).read_text(encoding="utf-8")


def _markup(text: str) -> Markup:
    """Our own text, which is to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(text)
