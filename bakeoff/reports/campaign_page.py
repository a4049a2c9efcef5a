"""A campaign as Markdown, as one HTML file that loads nothing, and as PDF where the extra is installed.

All three show the blocks of campaign_text.py; the page adds the scores drawn. Example:

    Path("report.html").write_text(render_html(report), encoding="utf-8")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.reports import charts
from bakeoff.reports.campaign import CampaignReport, verdict_line
from bakeoff.reports.campaign_text import sections, subtitle, title
from bakeoff.reports.document import Bullets, Paragraph, Table
from bakeoff.reports.html import render_page
from bakeoff.reports.markdown import page
from bakeoff.reports.pdf import render_sections

if TYPE_CHECKING:
    from bakeoff.reports.document import Block


def render_markdown(report: CampaignReport) -> str:
    return page(title(report), subtitle(report), sections(report))


def render_pdf(report: CampaignReport) -> bytes:
    """Raises MissingExtra."""
    return render_sections(title(report), subtitle(report), report.version, report.created_at, sections(report))


def render_html(report: CampaignReport) -> str:
    return render_page(
        "campaign.html.jinja",
        report.version,
        report=report,
        title=title(report),
        subtitle=subtitle(report),
        verdict=verdict_line(report.gates),
        sections=[(section.title, [(_kind(block), block) for block in section.blocks]) for section in sections(report)],
        chart=_chart(report),
    )


def _kind(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "paragraph"
    if isinstance(block, Table):
        return "table"
    return "bullets" if isinstance(block, Bullets) else "lines"


def _chart(report: CampaignReport) -> object:
    """The scores with their intervals, benchmark by benchmark; None where there are none."""
    from markupsafe import Markup

    cells = [cell for run in report.runs for cell in run.cells if cell.estimate.value is not None]
    several = len({cell.cell.preset for cell in cells}) > 1
    rows = [
        charts.IntervalRow(
            f"{cell.cell.variant} · {cell.cell.preset}" if several else cell.cell.variant,
            cell.estimate,
            group=" · ".join(filter(None, (cell.cell.benchmark, cell.cell.method.removeprefix("naive")))),
        )
        for cell in sorted(cells, key=lambda cell: (cell.cell.benchmark, cell.cell.method))
    ]
    if not rows:
        return None
    percent = not any(cell.continuous for cell in cells)
    return Markup(charts.interval_chart(rows, title="Scores with their intervals", percent=percent))
