"""Write the report of one run or several to a folder, and the page of all runs: each file whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from bakeoff.app.gathering import gather
from bakeoff.app.results import Results
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.core.errors import UnknownName
from bakeoff.core.types import Json
from bakeoff.reports.as_json import report_json
from bakeoff.reports.performance_json import performance_json
from bakeoff.reports.report import Report

FORMATS = ("html", "md", "json", "csv")  # what is written when nothing is asked for
ALL_FORMATS = (*FORMATS, "parquet", "pdf", "tex", "png", "svg")
_DRAWN = ("pdf", "png", "svg")

Files = Mapping[str, bytes]  # name → what is in it


def write_reports(
    results: Results, names: str | Sequence[str], folder: Path, formats: Sequence[str] = FORMATS
) -> Iterator[Path]:
    """Write `report.<format>`, the figures and the tables of one run or of several in one; yields the paths.

    Raises UnknownName, RunNotFound, MissingExtra, ConfigInvalid.
    """
    for form in formats:
        if form not in ALL_FORMATS:
            raise UnknownName("format", form, ALL_FORMATS, see="bakeoff report --help")
    names = [names] if isinstance(names, str) else names
    report = gather(results, names, with_medians=any(form in _DRAWN for form in formats))
    check_folder(folder)
    for form in dict.fromkeys(formats):
        for name, content in _files(results, report, form).items():
            write_whole(folder / name, [content])
            yield folder / name


def write_tracker(results: Results, folder: Path) -> Path:
    """Write `index.html`, the page of every run in the store, with links to the reports in the same folder."""
    from bakeoff.reports.tracker import render_tracker

    check_folder(folder)
    summaries = [results.summary(run.name) for run in results.runs.all()]
    links = {run.name: link for run in summaries if (link := _link(folder, run.name)) is not None}
    write_whole(folder / "index.html", [render_tracker(summaries, links).encode()])
    return folder / "index.html"


def _link(folder: Path, run: str) -> str | None:
    """The report of a run that stands in the folder, as `bakeoff report` names it."""
    places = [f"{name}/report.html" for name in (run, f"report-{run}")]
    return next((place for place in places if (folder / place).is_file()), None)


def _files(results: Results, report: Report, form: str) -> Files:
    whole: dict[str, Callable[[], bytes]] = {
        "html": lambda: _html(results, report),
        "md": lambda: _markdown(report),
        "json": lambda: orjson.dumps(_json(report), option=orjson.OPT_INDENT_2) + b"\n",
        "parquet": lambda: _parquet(report),
        "pdf": lambda: _pdf(report),
    }
    if form in whole:
        return {f"report.{form}": whole[form]()}
    if form == "csv":
        return _csv(report)
    return _latex(report) if form == "tex" else _figures(report, form)


def _json(report: Report) -> dict[str, Json]:
    """The report, with the performance of each cell that has calls, by its number in the report."""
    timed: list[Json] = [
        {"cell": entry.number, "run": entry.run, **performance_json(report.performance[entry.cell.id])}
        for entry in report.entries
        if entry.cell.id in report.performance
    ]
    return {**report_json(report), "performance": timed}


def _html(results: Results, report: Report) -> bytes:
    from bakeoff.reports.html import render_html

    return render_html(report, [detail for run in report.runs for detail in results.details(run)]).encode()


def _markdown(report: Report) -> bytes:
    from bakeoff.reports.markdown import render_markdown

    return render_markdown(report).encode()


def _csv(report: Report) -> Files:
    """The cells, and the bins of reliability diagrams where there are some."""
    from bakeoff.reports.as_csv import render_bins, render_csv

    bins = render_bins(report.entries)
    return {"report.csv": render_csv(report.runs).encode()} | ({"calibration.csv": bins.encode()} if bins else {})


def _parquet(report: Report) -> bytes:
    from bakeoff.reports.as_parquet import render_parquet

    return render_parquet(report.runs)


def _pdf(report: Report) -> bytes:
    from bakeoff.reports.pdf import render_pdf

    return render_pdf(report)


def _latex(report: Report) -> Files:
    from bakeoff.reports.latex import render_latex

    return {name: text.encode() for name, text in render_latex(report).items()}


def _figures(report: Report, form: str) -> Files:
    from bakeoff.reports.drawing import png, svg
    from bakeoff.reports.figures import figures

    draw = png if form == "png" else svg
    return {f"{name}.{form}": draw(drawn) for name, drawn in figures(report).items()}
