"""`bakeoff export`: every trial of a run, a JSON line each, or as OpenTelemetry spans; streamed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from bakeoff import __version__
from bakeoff.app.results import Results, export_lines
from bakeoff.app.writing import write_whole
from bakeoff.cli import screen
from bakeoff.cli.show import open_store, store_option
from bakeoff.core.errors import ConfigInvalid


@click.command()
@click.argument("name")
@click.option("--format", "form", type=click.Choice(["jsonl", "otel"]), default="jsonl", show_default=True)
@click.option("--no-texts", is_flag=True, help="Of otel: nothing that was asked or said.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file instead of stdout; - is stdout.")
@store_option
def export(name: str, form: str, no_texts: bool, output: Path | None, store: str | None) -> None:
    """Write the trials of run NAME: sample, prompt, answer, outcome, tokens, content key.

    As otel: OpenTelemetry spans of every step, in OTLP JSON lines, with the conventions for generative AI.

    \b
      bakeoff export night > night.jsonl
      bakeoff export night --format otel -o night-spans.jsonl
    """
    if no_texts and form != "otel":
        raise ConfigInvalid("--no-texts goes with --format otel", "add it, or leave --no-texts out")
    laboratory = open_store(store)
    try:
        results = Results(laboratory.runs, laboratory.trials)
        laboratory.runs.get(name)
        lines = _lines(results, name, form, not no_texts)
        if output is None or str(output) == "-":
            sys.stdout.buffer.writelines(lines)
            sys.stdout.buffer.flush()
            return
        write_whole(output, lines)
        screen.talk(f"wrote {output}")
    finally:
        laboratory.close()


def _lines(results: Results, name: str, form: str, texts: bool) -> Iterator[bytes]:
    if form == "jsonl":
        return (line + b"\n" for line in export_lines(results, name))
    from bakeoff.app.traces import traces
    from bakeoff.reports.traces_otel import otlp_lines

    return otlp_lines(traces(results, name), __version__, texts)
