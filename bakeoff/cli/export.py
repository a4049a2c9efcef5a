"""`bakeoff export`: every trial of a run, a JSON line each, streamed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bakeoff.app.results import Results, export_lines
from bakeoff.app.writing import write_whole
from bakeoff.cli import screen
from bakeoff.cli.show import open_store, store_option


@click.command()
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["jsonl"]), default="jsonl", show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file instead of stdout; - is stdout.")
@store_option
def export(name: str, form: str, output: Path | None, store: str | None) -> None:
    """Write the trials of run NAME: sample, prompt, answer, outcome, tokens, content key."""
    laboratory = open_store(store)
    try:
        lines = (line + b"\n" for line in export_lines(Results(laboratory.runs, laboratory.trials), name))
        if output is None or str(output) == "-":
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
            return
        laboratory.runs.get(name)
        write_whole(output, lines)
        screen.talk(f"wrote {output}")
    finally:
        laboratory.close()
