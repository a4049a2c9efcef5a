"""`bakeoff runs` and `bakeoff show`: what is in the store."""

from __future__ import annotations

import time

import click
import orjson

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.cli import screen
from bakeoff.core.errors import ConfigInvalid, UnknownName
from bakeoff.core.types import Completion, Trial
from bakeoff.reports.as_json import summary_json
from bakeoff.reports.charts import inert
from bakeoff.reports.summary import RunSummary

store_option = click.option("--store", metavar="URL", help="Database URL. [default: BAKEOFF_STORE]")
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


def open_store(url: str | None, quiet: bool = False) -> Laboratory:
    """The store at a URL. One that is made in a folder that was not there is told: its path may be mistyped."""
    settings = Settings.load(url)
    laboratory = Laboratory(settings)
    folder = laboratory.database.made_folder
    if folder is not None and folder != settings.home and not quiet:
        screen.talk(f"made a new store, and its folder '{folder}', which was not there")
    return laboratory


@click.command()
@store_option
@json_option
def runs(store: str | None, as_json: bool) -> None:
    """List the runs in the store, the newest first."""
    laboratory = open_store(store)
    try:
        found = laboratory.runs.all()
        rows = []
        for run in found:
            cells = laboratory.runs.cells(run.id)
            outcomes = laboratory.runs.outcomes(run.id)
            rows.append(
                {
                    "run": run.name,
                    "status": run.status.value,
                    "trials": sum(sum(counts.values()) for counts in outcomes.values()),
                    "planned": sum(cell.planned for cell in cells),
                    "cells": len(cells),
                    "created_at": run.created_at,
                    "seconds": run.seconds,
                }
            )
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps(rows).decode())
        return
    if not rows:
        screen.talk("no runs yet; begin with: bakeoff run --models fake/a --benchmarks question_answering")
    for row, run in zip(rows, found, strict=True):
        date = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.created_at))
        click.echo(f"{date}  {run.status.value:<11}  {row['trials']:>7,}/{row['planned']:<7,}  {run.name}")


@click.command()
@click.argument("name")
@click.option("--sample", metavar="ID", help="Show one sample: prompts, answers, raw exchanges.")
@click.option("--steps", is_flag=True, help="With --sample: each trial step by step, in place of raw exchanges.")
@click.option("--cell", type=int, metavar="N", help="With --steps: of one cell alone.")
@click.option("--full", is_flag=True, help="With --steps: no text is cut.")
@click.option("--performance", is_flag=True, help="Show speed, memory and energy beside the scores.")
@store_option
@json_option
def show(
    name: str,
    sample: str | None,
    steps: bool,
    cell: int | None,
    full: bool,
    performance: bool,
    store: str | None,
    as_json: bool,
) -> None:
    """Show run NAME: its scores, with --performance also its speed, or with --sample one of its samples in full.

    \b
      bakeoff show night
      bakeoff show night --sample qa-010 --steps   # thoughts, votes, tools
    """
    _check_steps(name, sample, steps, cell, full)
    laboratory = open_store(store)
    try:
        results = Results(laboratory.runs, laboratory.trials)
        if sample is not None and steps:
            from bakeoff.cli.steps import show_steps

            show_steps(results, name, sample, cell, full, as_json)
            return
        if sample is not None:
            _show_sample(results, name, sample, as_json)
            return
        summary, faults = results.summary(name), results.faults(name)
        if performance:
            _show_performance(laboratory, summary, as_json)
            return
        if as_json:
            click.echo(orjson.dumps(summary_json(summary, faults)).decode())
            return
        from bakeoff.reports.terminal import print_faults, print_signatures, print_tables

        click.echo(f"run '{summary.name}' · {summary.status.value} · {summary.seconds:.1f} s · v{summary.version}")
        console = screen.out()
        print_tables(summary, console)
        print_faults(faults, name, console)
        if summary.verdict is not None:
            from bakeoff.reports.verdict_text import print_verdict

            print_verdict(summary.verdict, console)
        print_signatures(summary, console)
    finally:
        laboratory.close()


def _check_steps(name: str, sample: str | None, steps: bool, cell: int | None, full: bool) -> None:
    """Raises ConfigInvalid for what cannot be meant together."""
    if steps and sample is None:
        raise ConfigInvalid(
            "--steps shows the trials of one sample, and none is named",
            f"write: bakeoff show {name} --sample ID --steps",
        )
    if (cell is not None or full) and not steps:
        given = "--full" if cell is None else "--cell"
        raise ConfigInvalid(f"{given} goes with --steps", "add --steps, or leave it out")


def _show_performance(laboratory: Laboratory, summary: RunSummary, as_json: bool) -> None:
    from bakeoff.app.performances import performances
    from bakeoff.reports.performance_json import performance_json
    from bakeoff.reports.performance_text import print_performance
    from bakeoff.reports.report import entries_of
    from bakeoff.store.usages import UsageRepository

    run = laboratory.runs.get(summary.name)
    found = performances(run.id, UsageRepository(laboratory.database), summary)
    if as_json:
        fields = summary_json(summary)
        timed = [performance_json(found[one.cell.id]) if one.cell.id in found else None for one in summary.cells]
        cells = fields["cells"] if isinstance(fields["cells"], list) else []
        both = [{**cell, "performance": one} for cell, one in zip(cells, timed, strict=True) if isinstance(cell, dict)]
        click.echo(orjson.dumps({**fields, "cells": both}).decode())
        return
    several = len({one.cell.benchmark for one in summary.cells}) > 1
    cells_shown = [
        (str(entry.number), f"{entry.cell.benchmark} " * several + entry.name, entry.summary)
        for entry in entries_of([summary])
    ]
    click.echo(f"run '{summary.name}' · {summary.status.value} · {summary.seconds:.1f} s · v{summary.version}")
    print_performance(cells_shown, found, screen.out())


def _show_sample(results: Results, name: str, sample: str, as_json: bool) -> None:
    run = results.runs.get(name)
    found = []
    for cell in results.runs.cells(run.id):
        found += [(cell, trial) for trial in results.trials.of_sample(cell.id, sample)]
    if not found:
        first = results.runs.cells(run.id)[0]
        ids = [trial.sample_id for trial in results.trials.graded(first.id)]
        raise UnknownName("sample", sample, ids, see=f"bakeoff export {name}")
    for cell, trial in found:
        exchanges = _exchanges(results, trial)
        if as_json:
            fields = {"cell": cell.position, "label": cell.label, **_trial_fields(trial), "exchanges": exchanges}
            click.echo(orjson.dumps(fields).decode())
            continue
        click.echo(screen.paint(f"── {cell.label} · repeat {trial.repeat}", bold=True))
        for line in _told(trial):
            click.echo(inert(line))  # a model may write escape sequences, and this is a terminal
        for exchange in exchanges:
            click.echo(orjson.dumps(exchange, option=orjson.OPT_INDENT_2).decode())


def _exchanges(results: Results, trial: Trial) -> list[object]:
    raw, found = results.trials.raw(trial.keys), results.trials.find(trial.keys)
    return [{**_call_fields(found[key]), **orjson.loads(raw[key])} for key in trial.keys if key in raw]


def _call_fields(completion: Completion) -> dict[str, object]:
    return {
        "content_key": completion.key.hex(),
        "finish_reason": completion.finish_reason,
        "prompt_tokens": completion.prompt_tokens,
        "output_tokens": completion.output_tokens,
        "cost": completion.cost,
        "queue_s": completion.queue_s,
        "first_token_s": completion.first_token_s,
        "latency_s": completion.latency_s,
        "attempts": completion.attempts,
        "finished_at": completion.finished_at,
    }


def _trial_fields(trial: Trial) -> dict[str, object]:
    return {
        "sample_id": trial.sample_id,
        "repeat": trial.repeat,
        "outcome": trial.outcome.value,
        "score": trial.value,
        "target": trial.target,
        "answer": trial.answer,
        "extracted": trial.extracted,
        "rule": trial.rule,
        "reason": trial.reason,
        "error_code": trial.error_code,
        "error": trial.error,
    }


def _told(trial: Trial) -> list[str]:
    named = {k: v for k, v in _trial_fields(trial).items() if v not in (None, "") and k != "sample_id"}
    return [f"{name}: {value}" for name, value in named.items()]
