"""`bakeoff doctor`: what is installed, reachable, missing, and the line that fixes it."""

from __future__ import annotations

from dataclasses import asdict

import click
import orjson

from bakeoff.app.checkup import check
from bakeoff.app.settings import Settings
from bakeoff.cli import screen
from bakeoff.cli.show import json_option, store_option


@click.command()
@click.option("--base-url", metavar="URL", help="Also ask this endpoint.")
@store_option
@json_option
def doctor(base_url: str | None, store: str | None, as_json: bool) -> int:
    """Say what is installed, reachable and missing, and what to type to fix it.

    Exit code 3 when something that every run needs is broken.
    """
    broken = False
    findings = []
    for finding in check(Settings.load(store), base_url):
        broken = broken or (finding.needed and not finding.ok)
        findings.append(asdict(finding))
        if not as_json:
            mark = screen.paint("ok", fg="green") if finding.ok else screen.paint("--", fg="yellow")
            click.echo(f"{mark}  {finding.what:<26} {finding.said}")
            if finding.fix:
                click.echo(f"    fix: {finding.fix}")
    if as_json:
        click.echo(orjson.dumps(findings).decode())
    return 3 if broken else 0
