"""`bakeoff report`: the report of one run or of several in every format, and the page of all runs."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from bakeoff.app.reporting import ALL_FORMATS, FORMATS, write_reports, write_tracker
from bakeoff.app.results import Results
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.cli.spec_flags import split_list
from bakeoff.core.errors import ConfigInvalid

_FORMATS_HELP = f"{', '.join(ALL_FORMATS)}. [default: {','.join(FORMATS)}]"


@click.command()
@click.argument("names", nargs=-1, metavar="[RUN]...")
@click.option("--format", "formats", multiple=True, metavar="FORMAT,…", help=_FORMATS_HELP)
@click.option("--output-dir", "-o", type=click.Path(path_type=Path), help="The folder. [default: ./report-RUN]")
@click.option("--all", "every", is_flag=True, help="The page of all runs in the store: index.html.")
@store_option
@json_option
def report(
    names: tuple[str, ...],
    formats: tuple[str, ...],
    output_dir: Path | None,
    every: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Write the report of a run; of several runs one report of all their cells.

    \b
      bakeoff report night                                # ./report-night
      bakeoff report night --format pdf,tex,svg,parquet
      bakeoff report monday tuesday -o week      # compared where they can be
      bakeoff report --all -o .                           # every run, with links
    """
    _check(names, formats, every)
    chosen = split_list(formats)
    if formats and not chosen:
        raise ConfigInvalid("--format names no format", f"choose from {', '.join(ALL_FORMATS)}, or leave it out")
    laboratory = open_store(store)
    try:
        results = Results(laboratory.runs, laboratory.trials)
        if every:
            paths = [str(write_tracker(results, output_dir or Path("reports")))]
        else:
            folder = output_dir or Path(f"report-{'+'.join(names)}")
            paths = [str(path) for path in write_reports(results, names, folder, chosen or FORMATS)]
    finally:
        laboratory.close()
    click.echo(orjson.dumps({"files": paths}).decode() if as_json else "\n".join(paths))


def _check(names: tuple[str, ...], formats: tuple[str, ...], every: bool) -> None:
    """Raises ConfigInvalid for what cannot be meant together."""
    if every and (names or formats):
        given = f"'{names[0]}'" if names else f"'--format {formats[0]}'"
        raise ConfigInvalid(f"--all is the page of all runs, and {given} goes with the report of one", "leave out one")
    if not every and not names:
        raise ConfigInvalid("no run is named", "name one or several, as 'bakeoff runs' lists them, or type --all")
