"""`bakeoff optimize`: methods × optimisations of a model, score beside speed, and when to use which."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.spec_flags import build_fields, check_addresses, spec_options, split_list
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.specs import parse_spec

if TYPE_CHECKING:
    from bakeoff.app.experiments import Execution, Laboratory, Progress
    from bakeoff.core.specs import ExperimentSpec
    from bakeoff.runner.schedule import Schedule


@click.command()
@click.argument("spec_file", required=False, type=click.Path(path_type=Path), metavar="[SPEC.yaml]")
@click.option("--optimisations", "-O", multiple=True, metavar="NAME,…", help="[default: what the engine has]")
@click.option("--passes", type=int, help="Turns of each, in an order drawn by seed. [default: 4]")
@click.option("--round", "round_", type=int, help="Another number measures anew. [default: 1]")
@click.option("--list", "listed", is_flag=True, help="List optimisations, and which engine has them.")
@click.option("--show", "shown", metavar="RUN", help="Show what a run found, and ask nothing.")
@click.option("--dry-run", is_flag=True, help="Print the resolved spec and what it would cost.")
@click.option("--store", metavar="URL", help="Database URL. [default: BAKEOFF_STORE]")
@click.option(
    "--output-dir", "-o", type=click.Path(path_type=Path), help="Write JSON, Markdown, HTML and figures there."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--quiet", "-q", is_flag=True, help="No progress, no talk.")
@spec_options
def optimize(
    spec_file: Path | None,
    optimisations: tuple[str, ...],
    listed: bool,
    shown: str | None,
    dry_run: bool,
    store: str | None,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> int:
    """Measure ways to answer faster: batches, prefix cache, guessed tokens, stored replies.

    Every method is asked under every optimisation, in short turns; no reply of another kind of run stands in,
    because speed is what counts. What the same round was answered before, also under another preset or setting of
    speed, comes from the store and has no speed: a note says so, and --round 2 asks anew. The same command goes on
    where it was interrupted, or shows what it found.

    \b
      bakeoff optimize -m fake/a --model-args decode_s=0.001 -b question_answering
      bakeoff optimize -m smollm2-135m -b sst2 -n 64 -O batched:4,prefix_cache
      bakeoff optimize --show RUN -o speed
    """
    from bakeoff.cli.run import print_dry_run
    from bakeoff.cli.show import open_store

    if listed:
        return _list(as_json)
    if shown is not None:
        laboratory = open_store(store, quiet)
        try:
            _show(laboratory, shown, output_dir, as_json)
        finally:
            laboratory.close()
        return 0
    spec = _spec(spec_file, optimisations, {"passes": flags["passes"], "round": flags["round_"]}, flags)
    laboratory = open_store(store, quiet)
    try:
        if dry_run:
            return print_dry_run(laboratory, spec, as_json)
        return _measure(laboratory, spec, output_dir, as_json, quiet)
    finally:
        laboratory.close()


def _list(as_json: bool) -> int:
    """What there is, and where."""
    from bakeoff.engines import ENGINES
    from bakeoff.engines.optimisations import had_by, optimisations

    engines = {name: had_by(name) for name in ENGINES.names()}
    if as_json:
        rows = [
            {
                "optimisation": name,
                "about": one.about,
                "when": one.when,
                "number": one.number or None,
                "engines": {engine: had[name] for engine, had in engines.items() if name in had},
            }
            for name, one in optimisations().items()
        ]
        click.echo(orjson.dumps(rows).decode())
        return 0
    for name, one in optimisations().items():
        click.echo(f"{name}{':N' if one.number else ''}: {one.about}")
        click.echo(f"  when {one.when}")
        click.echo(f"  engines: {', '.join(engine for engine, had in engines.items() if name in had)}")
        for engine, had in engines.items():
            if had.get(name):
                click.echo(f"  {engine}: {had[name]}")
    return 0


def _spec(
    file: Path | None, named: tuple[str, ...], measurement: dict[str, int | None], flags: dict[str, Any]
) -> ExperimentSpec:
    """The spec of the file with the flags over it; the yardstick is always in it. Raises ConfigInvalid."""
    from bakeoff.app.wiring import resolve_model
    from bakeoff.engines.optimisations import YARDSTICK, usual_for

    fields = build_fields(file, None, flags)
    if named:
        fields["optimisations"] = split_list(named)
    given = {name: value for name, value in measurement.items() if value is not None}
    if given:
        before = fields.get("measurement")
        fields["measurement"] = {**(before if isinstance(before, dict) else {}), **given}
    spec = parse_spec(fields)
    check_addresses(spec, flags)
    if len(spec.models) > 1:
        raise ConfigInvalid(
            f"{len(spec.models)} models are named, and one is measured at a time", "name one with --models"
        )
    model = spec.models[0]
    engine = resolve_model(model.model).engine
    labels = spec.optimisations or tuple(usual_for(engine))
    if YARDSTICK not in labels:
        labels = (YARDSTICK, *labels)
    if engine in ("openai_compatible", "anthropic"):  # else nobody sees the first token come
        model = model.model_copy(update={"stream": True})
    return spec.model_copy(update={"optimisations": labels, "models": (model,)})


def _measure(laboratory: Laboratory, spec: ExperimentSpec, output_dir: Path | None, as_json: bool, quiet: bool) -> int:
    """Ask what is owed, then show and write what was found. Returns the exit code."""
    from bakeoff.app.writing import check_folder
    from bakeoff.cli.interrupts import Interrupts
    from bakeoff.cli.run import WAITING, tell_cautions

    prepared = laboratory.prepare(spec)
    with ExitStack() as opened:
        opened.callback(prepared.close)
        if output_dir is not None:
            check_folder(output_dir)
        name = laboratory.name_of(prepared)
        if not quiet:
            tell_cautions(prepared)
        interrupts = opened.enter_context(Interrupts())
        live = opened.enter_context(screen.LiveProgress(not quiet))

        def watch(progress: Progress, schedule: Schedule) -> None:
            if not quiet and not as_json:
                ways = len(prepared.spec.optimisations)
                screen.talk(f"run '{name}': {ways} optimisations in turns, {prepared.trials:,} trials")
            interrupts.watch(schedule)
            live.show(progress)

        execution = laboratory.execute(prepared, watch, lambda: screen.talk(WAITING))
        live.end()
        return _tell(laboratory, execution, output_dir, as_json, quiet)


def _tell(laboratory: Laboratory, execution: Execution, output_dir: Path | None, as_json: bool, quiet: bool) -> int:
    """What an execution came to, and how to go on. Returns the exit code."""
    from bakeoff.app.results import Results
    from bakeoff.cli.run import ENDED, exit_code, last_word

    _show(laboratory, execution.run.name, output_dir, as_json)
    if not quiet or execution.ending.status not in ENDED:
        screen.talk(last_word(execution))
    for lane, error in execution.ending.dead.items():
        screen.talk(f"error[{error.code}]: stopped {lane}: {error}")
    return exit_code(execution, Results(laboratory.runs, laboratory.trials).summary(execution.run.name))


def _show(laboratory: Laboratory, name: str, output_dir: Path | None, as_json: bool) -> None:
    """What is stored of a run that measured optimisations. Raises RunNotFound, ConfigInvalid."""
    from bakeoff.app.optimising import optimisation_study, write_study
    from bakeoff.app.results import Results
    from bakeoff.reports.optimising_json import study_json
    from bakeoff.store.usages import UsageRepository

    results = Results(laboratory.runs, laboratory.trials)
    study = optimisation_study(name, results, UsageRepository(laboratory.database))
    if not as_json:
        from bakeoff.reports.optimising_text import print_study

        print_study(study, screen.out())
    written = [str(path) for path in write_study(study, output_dir)] if output_dir is not None else []
    for path in written:
        screen.talk(f"wrote {path}")
    if as_json:
        status = laboratory.runs.get(name).status.value
        click.echo(orjson.dumps({**study_json(study), "status": status, "files": written}).decode())
