"""`bakeoff samples`: draw samples once, give them a name, use them in many runs."""

from __future__ import annotations

import click
import orjson

from bakeoff.app.sampling import save_sets
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.cli.spec_flags import split_list


@click.group()
def samples() -> None:
    """Save and list named sample sets."""


@samples.command()
@click.argument("name")
@click.option("--benchmarks", "--datasets", "-b", multiple=True, required=True, metavar="NAME,…")
@click.option("--limit", "--sample-limit", "-n", type=click.IntRange(min=1), required=True)
@click.option("--seed", type=int, default=0, show_default=True)
@store_option
@json_option
def save(name: str, benchmarks: tuple[str, ...], limit: int, seed: int, store: str | None, as_json: bool) -> None:
    """Draw LIMIT samples of each benchmark and keep them as NAME."""
    laboratory = open_store(store)
    try:
        kept = save_sets(laboratory, name, split_list(benchmarks), limit, seed)
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps(kept).decode())
        return
    for chosen in kept:
        click.echo(f"saved '{name}': {len(chosen.ids)} samples of {chosen.benchmark}; use it with --samples {name}")


@samples.command("list")
@store_option
@json_option
def list_sets(store: str | None, as_json: bool) -> None:
    """List the sample sets."""
    laboratory = open_store(store)
    try:
        kept = laboratory.runs.sample_sets()
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps(kept).decode())
        return
    for chosen in kept:
        click.echo(f"{chosen.name}  {chosen.benchmark}  {len(chosen.ids):,} samples  data {chosen.data_digest[:8]}")
