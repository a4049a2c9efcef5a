"""`bakeoff list`: what there is to choose from."""

from __future__ import annotations

import re
from shutil import get_terminal_size
from textwrap import fill

import click
import orjson

from bakeoff.app.catalogue import describe
from bakeoff.app.own_benchmarks import kept_names
from bakeoff.app.settings import Settings
from bakeoff.benchmarks import GROUPS

FAMILIES = ("models", "benchmarks", "methods", "engines", "scorers", "tools")
_AUTHORS = re.compile(r" \([A-Z][^()]*\d{4}[^()]*\)\.?\Z")  # "(Chen et al. 2021)."


@click.command()
@click.argument("family", type=click.Choice(FAMILIES))
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def listing(family: str, as_json: bool) -> None:
    """List models, benchmarks, methods, engines, scorers, or tools of agents.

    \b
      bakeoff list models
      bakeoff list benchmarks --json
    """
    rows = describe(family, kept_names(Settings.load().home) if family == "benchmarks" else ())
    if as_json:
        click.echo(orjson.dumps(rows).decode())
        return
    _print([(str(row["name"]), _AUTHORS.sub("", str(row["about"]))) for row in rows])
    if family == "benchmarks":
        click.echo("\nGroups ('all' is every benchmark):\n")
        for name, members in GROUPS.items():
            click.echo(fill(", ".join(members), _width(), initial_indent=f"{name:<14}", subsequent_indent=" " * 14))


def _print(rows: list[tuple[str, str]]) -> None:
    """A line a row, cut at a word where the terminal ends."""
    name_width = max(len(name) for name, _ in rows)
    for name, about in rows:
        line = f"{name:<{name_width}}  {about}"
        if len(line) > _width():
            line = line[: _width()].rpartition(" ")[0].rstrip(" ,;:") + "…"
        click.echo(line)


def _width() -> int:
    return get_terminal_size((100, 24)).columns
