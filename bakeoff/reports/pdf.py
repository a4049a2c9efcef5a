"""A report as PDF: A4, tables that go on over pages, figures as vectors; by typst (extra `pdf`).

The same report gives the same bytes: the date is that of the latest run, fonts are those that typst brings.
Texts reach the page as JSON and are never read as its language. Example:

    Path("report.pdf").write_bytes(render_pdf(report))
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from importlib.resources import files

import orjson

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Json
from bakeoff.reports.charts import inert
from bakeoff.reports.document import Block, Bullets, Paragraph, Section, Table, document, subtitle
from bakeoff.reports.drawing import Drawn, readable, svg
from bakeoff.reports.figures import figures
from bakeoff.reports.report import Report

_POINT = 25.4 / 72  # mm
_WIDTH = re.compile(rb'<svg[^>]*?\swidth="([\d.]+)pt"')


def render_pdf(report: Report) -> bytes:
    """The file. Raises MissingExtra."""
    return typeset(_fields(report), report.created_at)


def render_sections(title: str, below: str, version: str, created_at: float, sections: Sequence[Section]) -> bytes:
    """Sections without figures, as a file. `created_at` in seconds since 1970. Raises MissingExtra."""
    return typeset(_page(title, below, version, created_at, sections, ()), created_at)


def typeset(fields: dict[str, Json], created_at: float) -> bytes:
    """The page of these fields, as report.typ reads them. Raises MissingExtra."""
    try:
        import typst
    except ImportError:
        raise MissingExtra("typst, which sets the PDF,", "pdf") from None
    source = files("bakeoff.reports").joinpath("page", "report.typ").read_bytes()
    inputs = {"report": orjson.dumps(fields).decode()}
    made = typst.compile(source, format="pdf", sys_inputs=inputs, ignore_system_fonts=True, timestamp=int(created_at))
    return bytes(made)


def _fields(report: Report) -> dict[str, Json]:
    version = max((run.version for run in report.runs), default="")
    drawn = tuple(figures(report).values())
    return _page(report.title, subtitle(report), version, report.created_at, document(report), drawn)


def _page(
    title: str, below: str, version: str, created_at: float, sections: Sequence[Section], drawn: Sequence[Drawn]
) -> dict[str, Json]:
    names = ("year", "month", "day", "hour", "minute", "second")
    return {
        "title": _line(title),
        "subtitle": _line(below),
        "version": version,
        "date": dict(zip(names, time.gmtime(created_at)[:6], strict=True)),
        "sections": [
            {"title": _line(section.title), "blocks": [_block(block) for block in section.blocks]}
            for section in sections
        ],
        "figures": [_figure(one) for one in drawn],
    }


def _block(block: Block) -> Json:
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": _line(block.text)}
    if isinstance(block, Table):
        rows: list[Json] = [[_line(word) for word in row] for row in block.rows]
        head: list[Json] = [_line(word) for word in block.head]
        numeric: list[Json] = [*sorted(block.numeric)]
        return {"kind": "table", "caption": _line(block.caption), "head": head, "rows": rows, "numeric": numeric}
    return {"kind": "bullets" if isinstance(block, Bullets) else "lines", "lines": [_line(one) for one in block.lines]}


def _figure(drawn: Drawn) -> Json:
    made = svg(drawn)
    found = _WIDTH.search(made)
    return {"svg": made.decode(), "caption": drawn.caption, "width": float(found[1]) * _POINT if found else 180.0}


def _line(text: str) -> str:
    """A text on one line. Every font of the page falls back to DejaVu Sans Mono, whose signs are known here."""
    return readable(" ".join(inert(text).split()), "DejaVu Sans Mono")
