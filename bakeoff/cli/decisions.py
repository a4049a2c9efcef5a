"""`bakeoff decisions`: the A/B tests in the store, with what each came to."""

from __future__ import annotations

import time

import click
import orjson

from bakeoff.app.verdicts import Verdicts
from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.reports.as_json import verdict_json
from bakeoff.reports.charts import inert


@click.command()
@click.argument("name", required=False)
@store_option
@json_option
def decisions(name: str | None, store: str | None, as_json: bool) -> None:
    """List the A/B tests in the store, the oldest first; with NAME those that asked the same as run NAME.

    \b
      bakeoff run -m fake/a,fake/b -b gsm8k --decide difference --name ab
      bakeoff decisions ab
    """
    laboratory = open_store(store)
    try:
        found = list(Verdicts(laboratory.runs, laboratory.trials).history(name))
    finally:
        laboratory.close()
    if as_json:
        rows = [{"run": run.name, "created_at": run.created_at, **verdict_json(verdict)} for run, verdict in found]
        click.echo(orjson.dumps(rows).decode())
        return
    from bakeoff.reports.terminal import print_wrapped

    if not found:
        screen.talk("no A/B tests yet; begin with: bakeoff run ... --decide difference")
    console = screen.out()
    for run, verdict in found:
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
        asked = f"{verdict.asked:,}/{verdict.planned:,}"
        click.echo(f"{date}  {verdict.kind.value:<18}  {asked:>13}  {inert(run.name)}")
        print_wrapped(f"  {verdict.sentence}", console)
