"""A run as one HTML file that needs nothing else: no network, no script to be read, light or dark.

Texts of models are hostile. Three walls keep them inert: Jinja escapes every value, `charts.inert`
cleans the whole page of odd characters, and a Content-Security-Policy lets nothing load and no
script run but ours, named by its hash. The script is handed no data. Example:

    Path("report.html").write_text(render_html(report, details), encoding="utf-8")
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

from bakeoff.core.records import CellRecord
from bakeoff.core.redaction import redacted
from bakeoff.core.types import Outcome, Trial
from bakeoff.reports import charts
from bakeoff.reports.calibration import told as calibration_told
from bakeoff.reports.compare import Comparison
from bakeoff.reports.document import (
    STATUS_NOTES,
    matrix_rows,
    method_lines,
    overview_rows,
    ranking_rows,
    reading,
    rule_text,
)
from bakeoff.reports.performance_text import HEAD as FIGURES
from bakeoff.reports.performance_text import OVERVIEW, figure_rows
from bakeoff.reports.reliability_chart import reliability_chart
from bakeoff.reports.report import Entry, Report, smallest
from bakeoff.reports.summary import MISSING, NOT_RUN, CellDetail, CellSummary, TrialView, other_metrics
from bakeoff.reports.verdict import DuelResult
from bakeoff.reports.verdict_text import duel_line

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEXT_LIMIT = 4_000  # characters of a text that are shown
BRIEF_LIMIT = 300  # the same inside a table
PAIRS_SHOWN = 50
EXTREMES_SHOWN = 5
SYMBOLS: Mapping[str, str] = {
    Outcome.CORRECT.value: "✓",
    Outcome.INCORRECT.value: "✕",
    Outcome.SCORED.value: "#",
    Outcome.UNPARSED.value: "U",
    Outcome.TRUNCATED.value: "T",
    Outcome.REFUSED.value: "R",
    Outcome.ERROR.value: "E",
    NOT_RUN: "–",
}
KINDS = (*(outcome.value for outcome in MISSING), NOT_RUN)


@dataclass(frozen=True, slots=True)
class Cut:
    """A text as shown: its head, how many characters were left out of its middle, its tail."""

    head: str
    left_out: int = 0
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One trial that can be opened: its address on the page and its neighbours' addresses."""

    id: str
    view: TrialView
    before: str | None
    after: str | None

    @property
    def trial(self) -> Trial:
        return self.view.trial

    @property
    def name(self) -> str:
        return self.trial.sample_id + (f" · repeat {self.trial.repeat}" if self.trial.repeat else "")


@dataclass(frozen=True, slots=True)
class CellPage:
    """One cell's part of the page: `panels` hold the `tiles` of its grid and the extremes."""

    id: str
    detail: CellDetail
    panels: Sequence[Panel]
    tiles: Sequence[Panel]
    fastest: Sequence[Panel]
    slowest: Sequence[Panel]

    @property
    def summary(self) -> CellSummary:
        return self.detail.summary


def render_html(report: Report, details: Sequence[CellDetail]) -> str:
    """The page, as text that every codec can write.

    `details` need not cover every cell and their `views` need not cover every trial: the page says
    how many of how many it shows.
    """
    pages = [_cell_page(place, detail) for place, detail in enumerate(details)]
    entries = report.entries
    return render_page(
        "report.html.jinja",
        max((run.version for run in report.runs), default=""),
        report=report,
        cells=[entry.summary for entry in entries],
        placed={entry.cell.id: entry for entry in entries},
        notes=STATUS_NOTES,
        pages=pages,
        anchors={page.summary.cell.id: page.id for page in pages},
        panels={
            (page.summary.cell.id, panel.trial.sample_id, panel.trial.repeat): panel.id
            for page in pages
            for panel in page.panels
        },
        latency_unit=_latency_unit([entry.summary for entry in entries]),
    )


def render_page(template: str, version: str, **fields: object) -> str:
    """A page of ours, made by a version of Bakeoff: our style, our script and nothing else may run in it."""
    script = _resource("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (
        _environment()
        .get_template(template)
        .render(
            policy=f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
            "base-uri 'none'; form-action 'none'",
            style=_markup(_resource("report.css")),
            script=_markup(script),
            version=version,
            **fields,
        )
    )
    return charts.inert(page)


def cut(text: str, limit: int = TEXT_LIMIT) -> Cut:
    """At most `limit` characters of a text: its head and its tail, where questions and answers stand."""
    if len(text) <= limit:
        return Cut(text)
    tail = limit // 2
    return Cut(text[: limit - tail], len(text) - limit, text[-tail:])


def _cell_page(place: int, detail: CellDetail) -> CellPage:
    fastest, slowest = detail.fastest[:EXTREMES_SHOWN], detail.slowest[:EXTREMES_SHOWN]
    views = {_key(view): view for view in (*detail.views, *fastest, *slowest)}
    ids = [f"t{place}-{i}" for i in range(len(views))]
    around = [None, *ids, None]
    panels = {key: Panel(ids[i], views[key], around[i], around[i + 2]) for i, key in enumerate(views)}

    def chosen(some: Iterable[TrialView]) -> list[Panel]:
        return [panels[_key(view)] for view in some]

    tiles = chosen(detail.views)
    return CellPage(f"c{place}", detail, list(panels.values()), tiles, chosen(fastest), chosen(slowest))


def _key(view: TrialView) -> tuple[str, int]:
    return view.trial.sample_id, view.trial.repeat


def _interval_charts(entries: Sequence[Entry], several: bool) -> list[tuple[str, Markup]]:
    """One chart of shares and one of mean scores, where there are such cells."""
    benchmarks = list(dict.fromkeys(entry.cell.benchmark for entry in entries))
    grouped = len(benchmarks) > 1
    found = []
    for title, continuous in (("Share correct", False), ("Mean score", True)):
        rows = [
            charts.IntervalRow(
                one.cell.variant,
                one.summary.estimate,
                _condition(one.cell) + f" · {one.run}" * several,
                group=one.cell.benchmark * grouped,
            )
            for one in sorted(entries, key=lambda entry: benchmarks.index(entry.cell.benchmark))
            if one.summary.continuous is continuous
        ]
        if rows:
            found.append((title, _markup(charts.interval_chart(rows, title=title, percent=not continuous))))
    return found


def _condition(cell: CellRecord) -> str:
    return cell.method if cell.preset == "balanced" else f"{cell.method} · {cell.preset}"


def _difference_chart(comparisons: Sequence[Comparison]) -> Markup:
    """The comparisons as a forest, those of one benchmark together and under its name where there are several."""
    benchmarks = list(dict.fromkeys(one.a.benchmark for one in comparisons))
    rows = [
        charts.IntervalRow(
            one.name_b,
            one.difference,
            f"against {one.name_a}",
            group=one.a.benchmark if len(benchmarks) > 1 else "",
            hollow=not one.shown,
        )
        for one in sorted(comparisons, key=lambda one: benchmarks.index(one.a.benchmark))
    ]
    return _markup(charts.difference_chart(rows, title="Differences with their intervals"))


def _duel_chart(duels: Sequence[DuelResult]) -> Markup:
    """The duels of an A/B test as a forest; a hollow dot is for what was not decided."""
    rows = [charts.IntervalRow(one.b, one.difference, f"against {one.a}", hollow=one.winner is None) for one in duels]
    return _markup(charts.difference_chart(rows, title="Differences of the arms with their intervals"))


def _reliability(entry: Entry) -> Markup:
    """The reliability diagram of a cell that has one."""
    found = entry.summary.calibration
    return _markup("" if found is None else reliability_chart(entry.name, found))


def _outcome_bar(summary: CellSummary) -> Markup:
    segments = [
        charts.Segment(name, name.replace("_", " "), symbol, summary.outcomes.get(name, 0))
        for name, symbol in SYMBOLS.items()
    ]
    return _markup(charts.share_bar(segments, title="Outcomes"))


def _pair_segments(comparison: Comparison) -> list[charts.Segment]:
    """The four counts of pairs, in words that fit how they were scored."""
    return [
        charts.Segment(f"pair-{place}", name, symbol, count)
        for place, ((name, count), symbol) in enumerate(zip(comparison.counted.items(), "=▲▼∅", strict=True))
    ]


def _pair_bar(comparison: Comparison) -> Markup:
    return _markup(charts.share_bar(_pair_segments(comparison), title="Pairs"))


def _latency_chart(detail: CellDetail) -> Markup:
    latency = detail.summary.latency
    marks = (("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99))
    return _markup(charts.histogram(detail.latencies, marks, title="Latency of the trials"))


def _score(value: float | None, continuous: bool, unit: bool = True) -> str:
    if value is None:
        return "none"
    return f"{value:.3f}" if continuous else f"{100 * value:.1f}" + ("\u00a0%" if unit else "")


def _between(low: float | None, high: float | None, continuous: bool) -> str:
    if low is None or high is None:
        return "none"
    return f"{_score(low, continuous, False)}\u2009–\u2009{_score(high, continuous, False)}"


def _kinds_of(cells: Sequence[CellSummary]) -> list[str]:
    """The ways in which trials of these cells are missing."""
    return [kind for kind in KINDS if any(cell.outcomes.get(kind) for cell in cells)]


def _interval_names(cells: Sequence[CellSummary]) -> str:
    """How the intervals were computed, e.g. `wilson95`."""
    return ", ".join(sorted({cell.estimate.method for cell in cells if cell.estimate.value is not None}))


def _money(cost: float | None) -> str:
    """US dollars; an unknown price is not a price of zero."""
    if cost is None:
        return "unknown"
    if 0 < cost < 1:
        return f"${cost:.4f}" if cost >= 1e-3 else f"${Decimal(f'{cost:.2g}'):f}"
    return f"${cost:,.2f}"


def _latency_unit(cells: Sequence[CellSummary]) -> tuple[float, str, int]:
    """One factor, unit and number of decimals for every latency of a table."""
    most = max((c.latency.p99 for c in cells if c.latency.p99 is not None), default=1.0)
    return (1.0, "s", 2) if most >= 1 else (1000.0, "ms", 0 if most >= 0.1 else 2)


def _latency(value: float | None, unit: tuple[float, str, int]) -> str:
    return "unknown" if value is None else f"{unit[0] * value:,.{unit[2]}f}"


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _tile(trial: Trial) -> tuple[str, str]:
    """Class and sign of a trial's tile: its outcome, or its score in per cent."""
    if trial.outcome is Outcome.SCORED and trial.value is not None:
        return f"scored v{min(4, max(0, int(5 * trial.value)))}", f"{100 * trial.value:.0f}"
    return trial.outcome.value, SYMBOLS[trial.outcome.value]


def _redacted(text: str | None) -> str | None:
    return None if text is None else redacted(text)


def _resource(name: str) -> str:
    return files("bakeoff.reports").joinpath("page", name).read_text(encoding="utf-8")


def _markup(text: str) -> Markup:
    """Our own text, which is to stand in the page as it is."""
    from markupsafe import Markup

    return Markup(text)


def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(_resource),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    named = (
        _interval_charts,
        _difference_chart,
        _duel_chart,
        _outcome_bar,
        _pair_bar,
        _pair_segments,
        _latency_chart,
        _reliability,
    )
    worded = (_kinds_of, _score, _between, _interval_names, _money, _latency, _when, _tile)
    environment.globals.update({function.__name__[1:]: function for function in (*named, *worded)})
    environment.globals.update(latency_unit_of=_latency_unit, cut=cut, seconds=charts.seconds, symbols=SYMBOLS)
    environment.globals.update(other_metrics=other_metrics, duel_line=duel_line, rule_text=rule_text, smallest=smallest)
    environment.globals.update(method_lines=method_lines, ranking_rows=ranking_rows, matrix_rows=matrix_rows)
    environment.globals.update(reading=reading, calibration_told=calibration_told)
    environment.globals.update(overview_rows=overview_rows, figure_rows=figure_rows, OVERVIEW=OVERVIEW, FIGURES=FIGURES)
    environment.filters["other_metrics"] = other_metrics
    environment.filters["redacted"] = _redacted
    environment.filters["compact"] = lambda value: json.dumps(value, ensure_ascii=False)
    environment.globals.update(BRIEF_LIMIT=BRIEF_LIMIT, PAIRS_SHOWN=PAIRS_SHOWN)
    return environment
