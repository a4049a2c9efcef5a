"""A report as Markdown: tables that paste into an issue, a wiki or a README."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bakeoff.reports.charts import inert
from bakeoff.reports.document import Block, Bullets, Paragraph, Section, Table, document, subtitle
from bakeoff.reports.report import Report

# An interval may keep its brackets, which no link or footnote can be made of: "[73.3, 88.3]", "[95 %]".
_INTERVAL = re.compile(r"\\\[([-+0-9., %]+)\\\](?![(\[:])")


def render_markdown(report: Report) -> str:
    """The whole report; what comes from outside has no markup of its own."""
    return page(report.title, subtitle(report), document(report))


def page(title: str, below: str, sections: Sequence[Section]) -> str:
    """Sections under a title, and a line below that."""
    lines = [f"# {_inert(title)}", "", below]
    for section in sections:
        lines += ["", f"## {_inert(section.title)}"]
        for block in section.blocks:
            lines += ["", *_lines(block)]
    return "\n".join([*lines, ""])


def _lines(block: Block) -> list[str]:
    if isinstance(block, Paragraph):
        return [_inert(block.text)]
    if isinstance(block, Bullets):
        return [f"- {_inert(line)}" for line in block.lines]
    if isinstance(block, Table):
        return _table(block)
    return [f"    {' '.join(inert(line).split())}" for line in block.lines]


def _table(table: Table) -> list[str]:
    rule = ["---:" if place in table.numeric else "---" for place in range(len(table.head))]
    rows = [list(map(_inert, table.head)), rule, *(list(map(_inert, row)) for row in table.rows)]
    return ["| " + " | ".join(row) + " |" for row in rows]


def _inert(text: str) -> str:
    """Names come from specs and endpoints: no table cell, tag or link of their own."""
    cleaned = " ".join(inert(text).split())
    for sign in "\\|<>[]`*_":
        cleaned = cleaned.replace(sign, "\\" + sign)
    cleaned = _INTERVAL.sub(r"[\1]", cleaned)
    return cleaned.replace("://", ":\\//").replace("www.", "www\\.")
