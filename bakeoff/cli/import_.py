"""`bakeoff import`: logs that other tools wrote become runs of the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import orjson

from bakeoff.app.experiments import Laboratory
from bakeoff.app.results import Results
from bakeoff.app.settings import Settings
from bakeoff.cli import screen
from bakeoff.cli.show import json_option, store_option
from bakeoff.core.errors import ConfigInvalid
from bakeoff.reports.as_json import summary_json
from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from bakeoff.imports.found import Log

_Command = TypeVar("_Command", bound=Callable[..., Any])
_EVERY = 10_000  # trials between two lines of progress


def _import_options(command: _Command) -> _Command:
    """The flags that all formats share."""
    for option in (
        json_option,
        store_option,
        click.option("--quiet", "-q", is_flag=True, help="No talk."),
        click.option("--out-of", type=float, default=1.0, help="The highest score there is. [default: 1]"),
        click.option("--benchmark", metavar="NAME", help="What was asked, in place of the log's name for it."),
        click.option("--model", metavar="NAME", help="The model, in place of the log's name for it."),
        click.option("--name", metavar="NAME", help="The run's name. [default: made of the log]"),
    ):
        command = option(command)
    return command


@click.group("import")
def import_() -> None:
    """Turn the logs of other tools into runs: show, compare, report and export work on them.

    Nothing is called. A log that was imported before is told, and not stored twice.

    \b
      bakeoff import lm-eval out/my-model
      bakeoff import inspect logs/2026-11-21T16-48-02_gsm8k.eval
      bakeoff import jsonl log.jsonl --benchmark capitals --field score=is_right
    """


@import_.command("lm-eval", short_help="A folder of lm-evaluation-harness.")
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--task", "tasks", multiple=True, metavar="TASK", help="Only this task; may be repeated.")
@click.option("--filter", "filters", multiple=True, metavar="FILTER", help="Only this filter; may be repeated.")
@click.option("--metric", metavar="NAME", help="The metric to take. [default: the task's first]")
@_import_options
def lm_eval(path: Path, tasks: tuple[str, ...], filters: tuple[str, ...], metric: str | None, **flags: Any) -> None:
    """Import what lm-eval wrote to DIR (--output_path) when it was run with --log_samples.

    Each task and filter is a cell. DIR may be one results_*.json, where a folder holds several.
    """
    from bakeoff.imports.lm_eval import Choice, read

    _import(read(path, Choice(tasks, filters, metric)), **flags)


@import_.command("inspect", short_help="A log of inspect_ai, .eval or .json.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--metric", metavar="NAME", help="The scorer to take, or SCORER/KEY. [default: the first]")
@_import_options
def inspect(path: Path, metric: str | None, **flags: Any) -> None:
    """Import a log of inspect_ai: epochs are repeats, errors and limits are not wrong answers.

    inspect_ai need not be installed; for .eval files packed with Zstandard, the extra 'parquet' is.
    """
    from bakeoff.imports.inspect import read

    _import(read(path, metric), **flags)


@import_.command("evalplus", short_help="The results of evalplus.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@_import_options
def evalplus(path: Path, **flags: Any) -> None:
    """Import a ..._eval_results.json of evalplus: base tests are one cell, base and extra tests another."""
    from bakeoff.imports.evalplus import read

    _import(read(path), **flags)


@import_.command("jsonl", short_help="A JSON object for each sample and line, also what 'export' wrote.")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--field", "fields", multiple=True, metavar="FIELD=COLUMN", help="Where a field stands, e.g. score=f1.")
@click.option("--method", metavar="NAME", help="How the answers were sought.")
@_import_options
def jsonl(path: Path, fields: tuple[str, ...], method: str | None, **flags: Any) -> None:
    """Import a file of JSON lines. docs/import.md lists the fields, and the columns they are looked for in.

    \b
      bakeoff import jsonl log.jsonl --benchmark capitals --field score=is_right
      bakeoff import jsonl trials.jsonl --name copy
    """
    from bakeoff.imports.jsonl import Wish, read

    wish = Wish(_columns(fields), flags["model"], flags["benchmark"], method)
    _import(read(path, wish), **flags)


def _columns(fields: Sequence[str]) -> dict[str, str]:
    """`("score=f1",)` as a mapping. Raises ConfigInvalid."""
    found: dict[str, str] = {}
    for told in fields:
        name, equals, column = told.partition("=")
        if not equals or not name or not column or name in found:
            why = "comes twice" if name in found else "is not FIELD=COLUMN"
            raise ConfigInvalid(f"--field '{told}' {why}", "write it like --field score=is_right")
        found[name] = column
    return found


def _import(
    log: Log,
    *,
    name: str | None,
    model: str | None,
    benchmark: str | None,
    out_of: float,
    store: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    from bakeoff.app.importing import import_log

    if not 0 < out_of < float("inf"):
        raise ConfigInvalid(f"--out-of {out_of:g} is no highest score", "write it like --out-of 100")
    _rename(log, model, benchmark)
    laboratory = Laboratory(Settings.load(store))
    try:

        def note(done: int) -> None:
            if not quiet and done % _EVERY == 0:
                screen.talk(f"{done:,} trials")

        done = import_log(laboratory.database, log, name, out_of, note)
        if not done.new:
            screen.talk(f"'{log.source.file}' was imported before, as run '{done.run}': nothing is stored twice")
        elif not quiet:
            screen.talk(f"run '{done.run}': {done.trials:,} trials imported from {log.source.told}")
        for caution in done.cautions if not quiet else ():
            screen.talk(inert(f"note: {caution}"))
        _print(Results(laboratory.runs, laboratory.trials), done.run, as_json)
    finally:
        laboratory.close()


def _rename(log: Log, model: str | None, benchmark: str | None) -> None:
    """Give the log's cells the names that the user knows them by. Raises ConfigInvalid."""
    if benchmark is not None and len({cell.benchmark for cell in log.cells}) > 1:
        asked = ", ".join(sorted({cell.benchmark for cell in log.cells}))
        raise ConfigInvalid(f"--benchmark is one name, and the log has several: {asked}", "choose one with --task")
    for place, cell in enumerate(log.cells):
        log.cells[place] = replace(cell, model=model or cell.model, benchmark=benchmark or cell.benchmark)


def _print(results: Results, run: str, as_json: bool) -> None:
    summary, faults = results.summary(run), results.faults(run)
    if as_json:
        click.echo(orjson.dumps(summary_json(summary, faults)).decode())
        return
    from bakeoff.reports.terminal import print_faults, print_signatures, print_tables

    console = screen.out()
    print_tables(summary, console)
    print_faults(faults, run, console)
    print_signatures(summary, console)
