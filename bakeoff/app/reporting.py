"""Write a run's reports to a folder: each file whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from bakeoff.app.results import Results
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.reports.as_json import comparison_json, summary_json
from bakeoff.reports.compare import Comparison
from bakeoff.reports.summary import RunSummary

FORMATS = ("html", "md", "json", "csv")


def write_reports(results: Results, name: str, folder: Path, formats: Sequence[str] = FORMATS) -> Iterator[Path]:
    """Write `report.<format>` for each format; yields the paths. Raises RunNotFound, ConfigInvalid."""
    for form in formats:
        if form not in FORMATS:
            raise UnknownName("format", form, FORMATS, see="bakeoff report --help")
    summary = results.summary(name)
    comparisons = results.comparisons(name)
    writers: dict[str, Callable[[], str]] = {
        "html": lambda: _html(results, summary, comparisons),
        "md": lambda: _markdown(summary, comparisons),
        "json": lambda: _json(summary, comparisons),
        "csv": lambda: _csv(summary),
    }
    for form in formats:
        yield _write(folder / f"report.{form}", writers[form]())


def _write(path: Path, text: str) -> Path:
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ConfigInvalid(f"'{path}' cannot be written ({error.strerror})", "name another folder") from None
    return path


def _html(results: Results, summary: RunSummary, comparisons: Sequence[Comparison]) -> str:
    from bakeoff.reports.html import render_html

    return render_html(summary, results.details(summary), comparisons)


def _markdown(summary: RunSummary, comparisons: Sequence[Comparison]) -> str:
    from bakeoff.reports.markdown import render_markdown

    return render_markdown(summary, comparisons)


def _csv(summary: RunSummary) -> str:
    from bakeoff.reports.as_csv import render_csv

    return render_csv(summary)


def _json(summary: RunSummary, comparisons: Sequence[Comparison]) -> str:
    fields = {**summary_json(summary), "comparisons": [comparison_json(found) for found in comparisons]}
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode() + "\n"
