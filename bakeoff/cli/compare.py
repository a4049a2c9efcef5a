"""`bakeoff compare`: two cells on the same samples."""

from __future__ import annotations

import click
import orjson

from bakeoff.app.results import Results
from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.reports.as_json import comparison_json


@click.command()
@click.argument("cell_a", metavar="RUN:CELL")
@click.argument("cell_b", metavar="RUN:CELL")
@click.option("--samples", "pairs", type=int, default=10, show_default=True, help="Differing samples to list.")
@store_option
@json_option
def compare(cell_a: str, cell_b: str, pairs: int, store: str | None, as_json: bool) -> None:
    """Compare two cells on the samples that both graded: B against A.

    CELL is a number as `bakeoff show` prints it, or words that only it has.

    \b
      bakeoff compare my-run:0 my-run:1
      bakeoff compare my-run:naive my-run:cot
    """
    laboratory = open_store(store)
    try:
        comparison = Results(laboratory.runs, laboratory.trials).compare(cell_a, cell_b)
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps(comparison_json(comparison)).decode())
        return
    from bakeoff.reports.terminal import print_comparison

    print_comparison(comparison, screen.out(), pairs)
