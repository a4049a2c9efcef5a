"""`bakeoff run` and `bakeoff resume`: from a spec to scores, whatever happens on the way."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any

import click
import orjson

from bakeoff.app.contests import planned_test
from bakeoff.app.experiments import Execution, Laboratory, Progress
from bakeoff.app.planning import Prepared, check_signature_data
from bakeoff.app.results import Results
from bakeoff.app.writing import check_folder
from bakeoff.cli import screen
from bakeoff.cli.interrupts import Interrupts
from bakeoff.cli.show import open_store
from bakeoff.cli.spec_flags import build_spec, spec_options
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.grading import check_signature_scorer
from bakeoff.core.origin import refuse_imported
from bakeoff.core.records import RunStatus
from bakeoff.core.signature import read as read_signature
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.reports.as_json import summary_json
from bakeoff.reports.charts import inert
from bakeoff.reports.summary import RunSummary
from bakeoff.runner.schedule import Schedule

COMPARED_AT_MOST = 3
ENDED = (RunStatus.COMPLETE, RunStatus.DECIDED)
WAITING = "waiting for another run that asks the same questions: what it pays for is not paid for twice"


def execution_options(command: Any) -> Any:
    """The flags that run and resume share."""
    for option in (
        click.option("--store", metavar="URL", help="Database URL. [default: BAKEOFF_STORE]"),
        click.option("--output-dir", type=click.Path(path_type=Path), help="Write the reports there."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout."),
        click.option("--quiet", "-q", is_flag=True, help="No progress, no talk."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("spec_file", required=False, type=click.Path(path_type=Path), metavar="[SPEC.yaml]")
@spec_options
@click.option("--from", "signature", metavar="SIGNATURE", help="Run the recipe of a score again.")
@click.option("--dry-run", is_flag=True, help="Print the resolved spec and what it would cost.")
@click.option("--detailed-analysis", is_flag=True, help="With --output-dir: also every trial, and effects.")
@execution_options
def run(
    spec_file: Path | None,
    signature: str | None,
    dry_run: bool,
    detailed_analysis: bool,
    store: str | None,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> int:
    """Run an experiment: every model × preset × benchmark × method × repeat.

    The same command goes on where it was interrupted, and asks nothing twice.

    \b
      bakeoff run --models fake/a,fake/b --benchmarks question_answering -n 20
      bakeoff run spec.yaml --limit 10 --dry-run
    """
    if detailed_analysis and output_dir is None:
        raise ConfigInvalid("--detailed-analysis writes files, and no folder is named", "add --output-dir FOLDER")
    spec = build_spec(spec_file, signature, flags)
    laboratory = open_store(store, quiet)
    try:
        if signature is not None:
            _check_data(laboratory, spec, signature)
        if dry_run:
            return print_dry_run(laboratory, spec, as_json)
        return execute(laboratory, spec, output_dir, as_json, quiet, detailed=detailed_analysis)
    finally:
        laboratory.close()


def _check_data(laboratory: Laboratory, spec: ExperimentSpec, signature: str) -> None:
    prepared = laboratory.prepare(spec)
    try:
        check_signature_data(prepared, read_signature(signature)[1])
        for cell in prepared.cells:
            check_signature_scorer(signature, cell.record)
    finally:
        prepared.close()


@click.command()
@click.argument("name")
@click.option("--concurrency", "-c", type=int, help="Calls in flight per endpoint.")
@click.option("--retries", type=int, help="Further tries after a passing fault.")
@click.option("--budget-calls", type=int, help="Stop after so many calls.")
@click.option("--budget-seconds", type=float, help="Stop after so many seconds.")
@execution_options
def resume(
    name: str,
    concurrency: int | None,
    retries: int | None,
    budget_calls: int | None,
    budget_seconds: float | None,
    store: str | None,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Go on with run NAME: what is missing, and what ended in an error.

    A budget is of one execution, so the old one does not count here.

    \b
      bakeoff resume my-run
    """
    laboratory = open_store(store, quiet)
    try:
        run = laboratory.runs.get(name)
        refuse_imported(name, laboratory.runs.cells(run.id))
        stored = run.spec
        budget = {"calls": budget_calls, "seconds": budget_seconds}
        changed: dict[str, Any] = {"name": name, "budget": budget}
        if concurrency is not None:
            changed["concurrency"] = concurrency
        if retries is not None:
            changed["retries"] = retries
        spec = parse_spec({**stored.model_dump(mode="json"), **changed})
        return execute(laboratory, spec, output_dir, as_json, quiet)
    finally:
        laboratory.close()


def execute(
    laboratory: Laboratory,
    spec: ExperimentSpec,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
    pairs: int = 0,
    detailed: bool = False,
) -> int:
    """Run a spec with progress; print its scores, and `pairs` differing samples of each comparison.

    Returns the exit code.
    """
    prepared = laboratory.prepare(spec)
    with ExitStack() as opened:
        opened.callback(prepared.close)
        if output_dir is not None:
            check_folder(output_dir)  # before anything is paid for
        name = laboratory.name_of(prepared)
        if not quiet:
            tell_cautions(prepared)
        interrupts = opened.enter_context(Interrupts())
        live = opened.enter_context(screen.LiveProgress(not quiet))

        def watch(progress: Progress, schedule: Schedule) -> None:
            if not quiet and not as_json:
                screen.talk(_opening(prepared, name))
            interrupts.watch(schedule)
            live.show(progress)

        execution = laboratory.execute(prepared, watch, lambda: screen.talk(WAITING))
        live.end()
        return _tell(laboratory, execution, output_dir, as_json, quiet, pairs, detailed)


def tell_cautions(prepared: Prepared) -> None:
    """Say on stderr what is odd about the questions, before they are paid for; nothing is stopped by it."""
    from bakeoff.app.cautions import before_run

    for caution in before_run(prepared):
        screen.talk(inert(f"warning[{caution.code}]: {caution}"))


def _tell(
    laboratory: Laboratory,
    execution: Execution,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
    pairs: int,
    detailed: bool,
) -> int:
    """Say what an execution came to. Returns the exit code."""
    results = Results(laboratory.runs, laboratory.trials)
    summary = results.summary(execution.run.name)
    if as_json:
        click.echo(_as_json(results, summary, execution))
    elif execution.settled or not execution.ending.dead:  # else there is nothing but the error to show
        if execution.ending.status in ENDED and not quiet:
            screen.talk(last_word(execution))
        _print(results, summary, pairs)
    code = exit_code(execution, summary)
    if output_dir is not None:
        code = _write_reports(results, execution.run.name, output_dir, detailed) or code
    said_by_error = execution.ending.dead and (as_json or not execution.settled)
    if execution.ending.status not in ENDED and not said_by_error:
        screen.talk(last_word(execution))  # last: how to go on has to be what is left on the screen
    for lane, error in execution.ending.dead.items():
        screen.talk(f"error[{error.code}]: stopped {lane}: {error}")
    return code


def _write_reports(results: Results, name: str, folder: Path, detailed: bool) -> int:
    """Write them when the scores are on the screen already. Returns 0, or the code of what went wrong."""
    from bakeoff.app.details import write_details
    from bakeoff.app.reporting import write_reports

    try:
        for path in chain(
            write_reports(results, name, folder), write_details(results, name, folder) if detailed else ()
        ):
            screen.talk(f"wrote {path}")
    except ConfigInvalid as error:
        screen.talk(f"error[{error.code}]: {error.message}: all is stored; run: bakeoff report {name} -o FOLDER")
        return error.exit_code
    return 0


def _opening(prepared: Prepared, name: str) -> str:
    cells, flights = len(prepared.cells), prepared.spec.concurrency
    most = "up to " if prepared.spec.decision is not None and prepared.spec.decision.early else ""
    return f"run '{name}': {cells} cells, {most}{prepared.trials:,} trials, {flights} in flight"


def last_word(execution: Execution) -> str:
    counts, run = execution.counts, execution.run
    told = f"{counts.calls:,} calls, {counts.cached:,} answered from the store, {execution.seconds:.1f} s"
    if execution.ending.status is RunStatus.COMPLETE:
        return f"run '{run.name}' is complete: {told}"
    if execution.ending.status is RunStatus.DECIDED:
        return f"run '{run.name}' is decided: {told}"
    why = {
        RunStatus.BUDGET: f"budget of {execution.ending.spent} reached",
        RunStatus.STOPPED: "an engine is dead",
    }.get(execution.ending.status, "interrupted")
    return f"{why}: {execution.settled:,} trials kept ({told}); resume with: bakeoff resume {run.name}"


def _as_json(results: Results, summary: RunSummary, execution: Execution) -> str:
    counts = execution.counts
    fields = {
        **summary_json(summary, results.faults(summary.name)),
        "calls": counts.calls,
        "cached": counts.cached,
        "failed_tries": counts.failed_tries,
        "seconds": round(execution.seconds, 3),
        "stopped": {lane: str(error) for lane, error in execution.ending.dead.items()},
    }
    return orjson.dumps(fields).decode()


def _print(results: Results, summary: RunSummary, pairs: int) -> None:
    """The tables, what failed and why, the verdict or the first comparisons, and last the signatures."""
    from bakeoff.reports.terminal import print_comparison, print_faults, print_signatures, print_tables
    from bakeoff.reports.verdict_text import print_verdict

    console = screen.out()
    print_tables(summary, console)
    print_faults(results.faults(summary.name), summary.name, console)
    if summary.verdict is not None:
        print_verdict(summary.verdict, console)
    comparisons = results.comparisons(summary.name) if len(summary.cells) > 1 else []
    for comparison in comparisons[:COMPARED_AT_MOST]:
        print_comparison(comparison, console, pairs)
    if len(comparisons) > COMPARED_AT_MOST:
        console.print(f"and {len(comparisons) - COMPARED_AT_MOST} more comparisons: bakeoff report {summary.name}")
    print_signatures(summary, console)


def exit_code(execution: Execution, summary: RunSummary) -> int:
    """0 ok, 1 finished with failed trials, 3 an engine was dead, 130 interrupted."""
    if execution.ending.dead:
        return 3
    if execution.ending.status is RunStatus.INTERRUPTED:
        return 130
    return 1 if any(cell.outcomes["error"] for cell in summary.cells) else 0


def print_dry_run(laboratory: Laboratory, spec: ExperimentSpec, as_json: bool) -> int:
    from bakeoff.app.forecast import forecast
    from bakeoff.cli.plan_view import decision_json, print_forecast

    prepared = laboratory.prepare(spec)
    try:
        expected, test = forecast(prepared, laboratory.runs), planned_test(prepared)
        tell_cautions(prepared)
    finally:
        prepared.close()
    if as_json:
        decision = None if test is None else decision_json(test)
        fields = {"spec": prepared.spec.model_dump(mode="json"), "expected": expected, "decision": decision}
        click.echo(orjson.dumps(fields).decode())
    else:
        print_forecast(prepared.spec, expected, screen.out(), test)
    return 0
