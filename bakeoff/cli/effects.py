"""`bakeoff effects`: what each model, preset and method of a run adds, and what they add only together."""

from __future__ import annotations

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option


@click.command()
@click.argument("name")
@store_option
@json_option
def effects(name: str, store: str | None, as_json: bool) -> None:
    """Take run NAME apart: what each factor of its matrix adds on the same samples, and which add more together.

    Factors are models, presets and methods, where there are two or more of them. A main effect is averaged over the
    other factors; an interaction is how much more two add together. Holm's correction is over all effects.

    \b
      bakeoff run -m fake/a,fake/b -b gsm8k --methods naive,cot --name parts
      bakeoff effects parts
    """
    from bakeoff.app.ablation import ablation
    from bakeoff.reports.effects import effects_json, print_effects

    laboratory = open_store(store)
    try:
        found = ablation(laboratory.runs, laboratory.trials, name)
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps(effects_json(found)).decode())
    else:
        print_effects(found, screen.out())
