"""A report's tables as LaTeX: one file for each, with booktabs, and one that includes them all.

The files compile with pdfLaTeX, XeLaTeX, LuaLaTeX and tectonic, whatever stands in a name: what is special
to TeX is written out, and a character that pdfLaTeX has no font for as its number, `[U+4E2D]`. Example:

    files = render_latex(report)        # {"report.tex": …, "table-scores-0.tex": …}
"""

from __future__ import annotations

from bakeoff.reports.charts import inert
from bakeoff.reports.document import Bullets, Paragraph, Section, Table, document, subtitle
from bakeoff.reports.report import Report

_WRITTEN = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "[": "{[}",  # after a row's end it would be read as a length
    "]": "{]}",
    "*": "{*}",
    "-": "{-}",  # two of them are a dash
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "…": r"\dots{}",
    "−": r"$-$",
    "×": r"$\times$",
    "·": r"\textperiodcentered{}",
    "\u00a0": "~",
    "\u00ad": "",
}
_HEAD = r"""\documentclass[a4paper,landscape,10pt]{article}
\usepackage[T1]{fontenc}
\usepackage{textcomp}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage[margin=18mm]{geometry}
% a table wider than the page is scaled to it
\newcommand{\fitted}[1]{\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{\input{#1}}}
\begin{document}
"""


def render_latex(report: Report) -> dict[str, str]:
    """The files by name: `report.tex` and a `table-NAME.tex` for each table."""
    files: dict[str, str] = {}
    body = [rf"\section*{{{escaped(report.title)}}}", escaped(subtitle(report)), ""]
    for section in document(report):
        body += [rf"\subsection*{{{escaped(section.title)}}}", *_body(section, files)]
    return {"report.tex": _HEAD + "\n".join([*body, r"\end{document}", ""]), **files}


def escaped(text: str) -> str:
    """A text that TeX shows as it is, on one line."""
    return "".join(map(_sign, " ".join(inert(text).split())))


def _sign(sign: str) -> str:
    written = _WRITTEN.get(sign)
    if written is not None:
        return written
    return sign if " " <= sign <= "~" or "\u00a1" <= sign <= "\u00ff" else f"{{[}}U+{ord(sign):04X}{{]}}"


def _body(section: Section, files: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for block in section.blocks:
        if isinstance(block, Table):
            files[f"table-{block.name}.tex"] = _table(block)
            name = f"table-{block.name}.tex"
            lines += ["", rf"\noindent {escaped(block.caption)}\par\smallskip", rf"\noindent\fitted{{{name}}}", ""]
        elif isinstance(block, Paragraph):
            lines += ["", escaped(block.text), ""]
        elif block.lines:
            text = [escaped(line) for line in block.lines]
            text = text if isinstance(block, Bullets) else [rf"\texttt{{\footnotesize {line}}}" for line in text]
            lines += [r"\begin{itemize}\sloppy", *(rf"\item {{}}{line}" for line in text), r"\end{itemize}"]
    return lines


def _table(table: Table) -> str:
    columns = "".join("r" if place in table.numeric else "l" for place in range(len(table.head)))
    rows = [" & ".join(map(escaped, row)) + r" \\" for row in (table.head, *table.rows)]
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", rows[0], r"\midrule", *rows[1:], r"\bottomrule"]
    return "\n".join([f"% {escaped(table.caption)}", *lines, r"\end{tabular}", ""])
