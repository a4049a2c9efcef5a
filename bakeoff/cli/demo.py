"""`bakeoff demo`: a real small model on this machine, naive against chain of thought."""

from __future__ import annotations

from pathlib import Path

import click

from bakeoff.cli.run import execute
from bakeoff.cli.show import open_store, store_option
from bakeoff.core.specs import parse_spec

DEMO_MODEL = "smollm2-135m"
DEMO_BENCHMARK = "question_answering"


@click.command()
@click.option("--limit", "-n", type=click.IntRange(min=1), default=44, show_default=True, help="Questions.")
@click.option("--model", default=DEMO_MODEL, show_default=True, help="Another model for the same questions.")
@click.option("--output-dir", "-o", type=click.Path(path_type=Path), default=Path("demo-report"), show_default=True)
@store_option
def demo(limit: int, model: str, output_dir: Path, store: str | None) -> int:
    """Ask SmolLM2-135M 44 questions twice, naive and with chain of thought, and compare.

    Runs on the CPU in about a minute; asks nothing of the network and nothing twice.
    """
    fields = {
        "name": f"demo-{model.replace('/', '-')}-{limit}",
        "models": [model],
        "benchmarks": [DEMO_BENCHMARK],
        "methods": ["naive", "cot"],
        "limit": limit,
        "seed": 7,
    }
    laboratory = open_store(store)
    try:
        spec = parse_spec(fields)
        code = execute(laboratory, spec, output_dir, as_json=False, quiet=False, pairs=5)
        if code in (0, 1):
            click.echo(f"report: {(output_dir / 'report.html').resolve()}")
        return code
    finally:
        laboratory.close()
