"""`bakeoff report`: a run's report in every format."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from bakeoff.app.experiments import Laboratory
from bakeoff.app.reporting import FORMATS, write_reports
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.cli.show import json_option, store_option
from bakeoff.cli.spec_flags import split_list


@click.command()
@click.argument("name")
@click.option("--format", "formats", multiple=True, metavar="FORMAT,…", help="html, md, json, csv. [default: all]")
@click.option("--output-dir", "-o", type=click.Path(path_type=Path), help="The folder. [default: ./report-NAME]")
@store_option
@json_option
def report(name: str, formats: tuple[str, ...], output_dir: Path | None, store: str | None, as_json: bool) -> None:
    """Write the report of run NAME as HTML (one self-contained file), Markdown, JSON and CSV."""
    laboratory = Laboratory(Settings.load(store))
    try:
        results = Results(laboratory.runs, laboratory.trials)
        folder = output_dir or Path(f"report-{name}")
        paths = [str(path) for path in write_reports(results, name, folder, split_list(formats) or FORMATS)]
    finally:
        laboratory.close()
    click.echo(orjson.dumps({"files": paths}).decode() if as_json else "\n".join(paths))
