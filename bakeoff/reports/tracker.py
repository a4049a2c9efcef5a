"""The page of all runs: of each its date, status, scores, verdict, signatures and a link to its report.

One HTML file like a report's: it loads nothing and can be read without scripts. Example:

    render_tracker(summaries, {"night": "report-night/report.html"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from bakeoff.reports.html import render_page
from bakeoff.reports.summary import RunSummary
from bakeoff.reports.terminal import missing_text, score_text


def render_tracker(runs: Sequence[RunSummary], links: Mapping[str, str]) -> str:
    """The page; `links`: for runs whose report is at hand its path from the page."""
    return render_page(
        "tracker.html.jinja",
        max((run.version for run in runs), default=""),
        runs=runs,
        links={run: quote(link) for run, link in links.items()},
        trials=sum(cell.trials for run in runs for cell in run.cells),
        cell_rows=_cell_rows,
    )


def _cell_rows(run: RunSummary) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of a run's scores."""
    rows: list[tuple[str, ...]] = []
    for cell in run.cells:
        score, graded = score_text(cell.estimate), f"{cell.estimate.n:,}"
        rows.append((str(cell.cell.position), cell.cell.label, cell.cell.profile, score, graded, missing_text(cell)))
    return ("#", "cell", "profile", "score [95 %]", "n", "missing"), rows
