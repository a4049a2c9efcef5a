"""What `bakeoff show RUN --sample ID --steps` prints: a sample's trials, step by step."""

from __future__ import annotations

from shutil import get_terminal_size

import click
import orjson

from bakeoff.app.results import Results
from bakeoff.app.traces import traces_of_sample
from bakeoff.cli import screen
from bakeoff.core.types import Json
from bakeoff.reports.trace_text import trace_lines
from bakeoff.reports.traces import TraceView


def show_steps(results: Results, name: str, sample: str, cell: int | None, full: bool, as_json: bool) -> None:
    """Print them: lines for a reader, or a JSON object for each trial."""
    width = get_terminal_size((80, 24)).columns
    for place, view in enumerate(traces_of_sample(results, name, sample, cell)):
        if as_json:
            click.echo(orjson.dumps(trace_json(view)).decode())
            continue
        if place:
            click.echo()
        head, *lines = trace_lines(view, width, full)
        click.echo(screen.paint(head, bold=True))
        for line in lines:
            click.echo(line)


def trace_json(view: TraceView) -> dict[str, Json]:
    trial = view.trial
    return {
        "run": view.run,
        "cell": view.cell.position,
        "label": view.cell.label,
        "sample_id": trial.sample_id,
        "repeat": trial.repeat,
        "outcome": trial.outcome.value,
        "score": trial.value,
        "extracted": trial.extracted,
        "target": trial.target,
        "parts": dict(trial.parts),
        "steps": [step.as_json() for step in view.steps],
    }
