"""`bakeoff campaign FILE`: five gates in order, each checked; `check`, `status` and `list` say how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.core.campaign import GATES
from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from bakeoff.core.campaign import CampaignSpec, CampaignState, Check, Gate
    from bakeoff.core.types import Json

INTERRUPTED = 130
_REPORTS = ("report.html", "report.md", "report.pdf")
_MARKS = {"pass": ("pass", "green"), "fail": ("FAIL", "red"), "not measured": ("  – ", "yellow")}


class FileOrCommand(click.Group):
    """`bakeoff campaign FILE` is `bakeoff campaign run FILE`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


folder_option = click.option(
    "--output-dir", "-o", "folder", type=click.Path(path_type=Path), help="[default: campaign-NAME, beside the file]"
)
file_argument = click.argument("file", metavar="FILE", type=click.Path(path_type=Path))


@click.group(cls=FileOrCommand)
def campaign() -> None:
    """Take models through five gates: environment, coverage, evaluation, scaling, report.

    After each gate its check says pass or fail, with the reasons. One model that fails never loses the others. The
    same command goes on where it was interrupted, and asks nothing twice.

    \b
      bakeoff campaign examples/campaign.yaml --dry-run
      bakeoff campaign examples/campaign.yaml
      bakeoff campaign check examples/campaign.yaml 2
    """


@campaign.command("run", short_help="Go through the gates that are left; 'campaign FILE' is the same.")
@file_argument
@folder_option
@click.option("--dry-run", is_flag=True, help="Print what it would ask and cost.")
@click.option("--retry", is_flag=True, help="Begin again with the first gate that failed.")
@click.option("--quiet", "-q", is_flag=True, help="No talk.")
@store_option
@json_option
def run(
    file: Path, folder: Path | None, dry_run: bool, retry: bool, quiet: bool, store: str | None, as_json: bool
) -> int:
    """Go through the gates of campaign FILE that are left.

    Exit code 0 when every gate passed, 1 when one failed, 130 after Ctrl-C.
    """
    from bakeoff.app import campaign as use

    spec = use.read_campaign(file)
    where = folder or use.folder_of(file, spec)
    laboratory = open_store(store, quiet)
    try:
        if dry_run:
            plan = use.planned(spec, laboratory)
            click.echo(orjson.dumps(plan).decode()) if as_json else _print_plan(spec, plan)
            return 0
        say = (lambda line: None) if quiet else (lambda line: screen.talk(inert(line)))
        state = use.run_campaign(spec, where, laboratory, say, retry)
    except KeyboardInterrupt:
        screen.talk(f"interrupted: what was answered is kept; go on with: bakeoff campaign {file}")
        return INTERRUPTED
    finally:
        laboratory.close()
    return _tell(spec, state, where, as_json)


@campaign.command("check", short_help="Print the check of one gate, from what is stored.")
@file_argument
@click.argument("number", metavar="GATE", type=click.IntRange(1, len(GATES)))
@folder_option
@json_option
def check(file: Path, number: int, folder: Path | None, as_json: bool) -> int:
    """Print the check of gate GATE (1 to 5) of campaign FILE, from what is stored.

    Exit code 0 when it passed, 1 when it failed or was not reached.
    """
    from bakeoff.app import campaign as use
    from bakeoff.app.campaign_folder import gate_json

    spec = use.read_campaign(file)
    gate = use.stored_state(folder or use.folder_of(file, spec), spec).gate(number)
    if as_json:
        click.echo(orjson.dumps(gate_json(gate)).decode())
    else:
        _print_gate(gate)
        for one in gate.checks:
            click.echo(_line(one))
    return 0 if gate.status == "passed" else 1


@campaign.command("status", short_help="Print how far a campaign is.")
@file_argument
@folder_option
@json_option
def status(file: Path, folder: Path | None, as_json: bool) -> int:
    """Print how far campaign FILE is, and its criteria of success as far as they are known."""
    from bakeoff.app import campaign as use

    spec = use.read_campaign(file)
    where = folder or use.folder_of(file, spec)
    return _tell(spec, use.stored_state(where, spec), where, as_json)


@campaign.command("list", short_help="List the campaigns that wrote their report.")
@json_option
def list_campaigns(as_json: bool) -> None:
    """List the campaigns that wrote their report, with their verdicts."""
    from bakeoff.app.campaign_entries import entries
    from bakeoff.app.settings import Settings

    found = entries(Settings.load().home)
    if as_json:
        click.echo(orjson.dumps(found).decode())
        return
    if not found:
        screen.talk("no campaigns yet; begin with: bakeoff campaign examples/campaign.yaml")
    for one in found:
        click.echo(inert(f"{one['campaign']}  {one['verdict']}  {one['folder']}"))


def _tell(spec: CampaignSpec, state: CampaignState, where: Path, as_json: bool) -> int:
    """The gates and the criteria; how to go on where something is left. Returns the exit code."""
    from bakeoff.app.campaign_folder import gate_json
    from bakeoff.reports.campaign import criteria_of
    from bakeoff.reports.campaign_json import check_json

    criteria = criteria_of(state.gates)
    if as_json:
        gates: list[Json] = [gate_json(gate) for gate in state.gates]
        told: dict[str, Json] = {"campaign": spec.name, "folder": str(where), "gates": gates}
        click.echo(orjson.dumps({**told, "criteria": [check_json(one) for one in criteria]}).decode())
    else:
        for gate in state.gates:
            _print_gate(gate)
        click.echo("")
        for one in criteria:
            click.echo(_line(one))
        report = _report_of(state.gate(len(GATES)))
        if report is not None:
            click.echo(f"\nreport: {where / report}")
    passed = all(gate.status == "passed" for gate in state.gates)
    if not passed:
        screen.talk(_how_to_go_on(spec, state))
    return 0 if passed else 1


def _report_of(gate: Gate) -> str | None:
    """The campaign's own report as gate 5 wrote it, the first of several; None where no format of it was asked for."""
    written = {check.subject for check in gate.checks if check.criterion == "file" and check.verdict == "pass"}
    return next((name for name in _REPORTS if name in written), None)


def _how_to_go_on(spec: CampaignSpec, state: CampaignState) -> str:
    left, failed = state.next_gate(spec.plan.on_failure), state.first_failed
    if left is not None and failed != left:
        return f"gate {left} ({GATES[left - 1]}) is next: run the same command again"
    why = f"gate {failed} ({GATES[(failed or 1) - 1]}) failed"
    again = "run the same command again" if left is not None else "add --retry"
    return f"{why}: see 'bakeoff campaign check FILE {failed}'; to try it again when its cause is mended, {again}"


def _print_gate(gate: Gate) -> None:
    colours = {"passed": "green", "failed": "red"}
    counts = {kind: sum(one.verdict == kind for one in gate.checks) for kind in _MARKS}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    painted = screen.paint(f"{gate.status:<8}", fg=colours.get(gate.status))
    click.echo(f"gate {gate.number}  {gate.name:<12} {painted} {told}".rstrip())


def _line(check: Check) -> str:
    from bakeoff.reports.campaign_text import bound_text, value_text

    mark, colour = _MARKS[check.verdict]
    name = f"{check.criterion} {check.subject}".strip()
    value = value_text(check) if check.value is not None else ""
    bound = f"({bound_text(check)})" if check.bound is not None else ""
    told = " ".join(filter(None, (value, bound)))
    return f"{screen.paint(mark, fg=colour)}  " + inert(": ".join(filter(None, (name, told, check.why))))


def _print_plan(spec: CampaignSpec, plan: dict[str, Json]) -> None:
    import yaml

    from bakeoff.cli.plan_view import amounts

    fields = {name: value for name, value in spec.fields().items() if value is not None}
    click.echo(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True), nl=False)
    for model in plan["models"] if isinstance(plan["models"], list) else []:
        assert isinstance(model, dict)
        expected = model["expected"]
        told = amounts(expected) if isinstance(expected, dict) else f"cannot be prepared: {model['why']}"
        click.echo(inert(f"# {model['model']}: {model['coverage_calls']} calls of coverage; {told}"))
    for name, why in plan["lacking"].items() if isinstance(plan["lacking"], dict) else []:
        click.echo(inert(f"# {name} cannot be asked: {why}"))
    whole = plan["expected"]
    assert isinstance(whole, dict)
    click.echo(f"# in all, beside coverage: {amounts({**whole, 'output_is_bound': True})}")
    click.echo(f"# hash: {spec.hash()} (nothing was run)")
