"""`bakeoff ablate`: methods and their options as one factorial experiment, and what each of them adds."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import orjson

from bakeoff.app.ablating import study, varied
from bakeoff.app.experiments import Execution, Laboratory, Progress
from bakeoff.app.results import Results
from bakeoff.app.writing import check_folder, write_whole
from bakeoff.cli import screen
from bakeoff.cli.interrupts import Interrupts
from bakeoff.cli.run import WAITING, execution_options, exit_code, print_dry_run, tell_cautions
from bakeoff.cli.show import open_store
from bakeoff.cli.spec_flags import build_fields, check_addresses, spec_options
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.reports.ablating import Study, differing_csv, print_study, study_json
from bakeoff.reports.terminal import print_faults
from bakeoff.runner.schedule import Schedule


@click.command()
@click.argument("spec_file", required=False, type=click.Path(path_type=Path), metavar="[SPEC.yaml]")
@click.option("--vary", multiple=True, metavar="METHOD:KEY=A,B", help="Values of an option (or of shots); repeatable.")
@click.option("--of", "stored", metavar="RUN", help="Show a stored run as an ablation; nothing is asked.")
@spec_options
@click.option("--dry-run", is_flag=True, help="Print the resolved spec and what it would cost.")
@execution_options
def ablate(
    spec_file: Path | None,
    vary: tuple[str, ...],
    stored: str | None,
    dry_run: bool,
    store: str | None,
    output_dir: Path | None,
    as_json: bool,
    quiet: bool,
    **flags: Any,
) -> int:
    """Ask every combination of methods and options on one sample; say what each scores, costs and adds.

    Differences are paired, against the first combination, and corrected by Holm; where the combinations of one method
    are a whole grid, its options are taken apart as by 'bakeoff effects'. With --output-dir: the reports, a Pareto
    plot for each benchmark and differences.csv, sample by sample.

    \b
      bakeoff ablate -m fake/a -b question_answering -n 40 \\
          --methods naive,cot,self_consistency \\
          --vary self_consistency:votes=3,5 --vary self_consistency:shots=1,3
      bakeoff ablate --of night
    """
    laboratory = open_store(store, quiet)
    try:
        if stored is not None:
            if spec_file is not None or vary or flags["models"]:
                raise ConfigInvalid(
                    "--of shows a stored run, and something is to be asked too", "leave one of them out"
                )
            _tell(laboratory, stored, output_dir, as_json)
            return 0
        spec = _spec(spec_file, vary, flags)
        if dry_run:
            return print_dry_run(laboratory, spec, as_json)
        execution = _carried_out(laboratory, spec, output_dir, quiet)
        _tell(laboratory, execution.run.name, output_dir, as_json)
        results = Results(laboratory.runs, laboratory.trials)
        return exit_code(execution, results.summary(execution.run.name))
    finally:
        laboratory.close()


def _spec(file: Path | None, vary: tuple[str, ...], flags: dict[str, Any]) -> ExperimentSpec:
    """The spec with every combination in the place of the methods. Raises ConfigInvalid."""
    fields = build_fields(file, None, flags)
    asked = parse_spec(fields).methods
    labels = varied([method.label for method in asked], vary)
    spec = parse_spec({**fields, "methods": labels})
    check_addresses(spec, flags)
    return spec


def _carried_out(laboratory: Laboratory, spec: ExperimentSpec, output_dir: Path | None, quiet: bool) -> Execution:
    """Ask what is owed, with progress."""
    prepared = laboratory.prepare(spec)
    with ExitStack() as opened:
        opened.callback(prepared.close)
        if output_dir is not None:
            check_folder(output_dir)  # before anything is paid for
        if not quiet:
            tell_cautions(prepared)
        interrupts = opened.enter_context(Interrupts())
        live = opened.enter_context(screen.LiveProgress(not quiet))

        def watch(progress: Progress, schedule: Schedule) -> None:
            interrupts.watch(schedule)
            live.show(progress)

        execution = laboratory.execute(prepared, watch, lambda: screen.talk(WAITING))
        live.end()
    return execution


def _tell(laboratory: Laboratory, name: str, output_dir: Path | None, as_json: bool) -> None:
    results = Results(laboratory.runs, laboratory.trials)
    found = study(results, name)
    if as_json:
        click.echo(orjson.dumps(study_json(found, results.faults(name))).decode())
    else:
        print_study(found, screen.out())
        print_faults(results.faults(name), name, screen.out())
    if output_dir is not None:
        for path in _written(results, found, output_dir):
            screen.talk(f"wrote {path}")


def _written(results: Results, found: Study, folder: Path) -> list[Path]:
    """The reports of the run, a Pareto plot for each benchmark, and the samples that differ."""
    from bakeoff.app.reporting import write_reports
    from bakeoff.reports.ablating_chart import pareto_svg

    check_folder(folder)
    paths = list(write_reports(results, found.run, folder))
    files = {"differences.csv": differing_csv(found)}
    for place, (benchmark, rows) in enumerate(found.rows.items()):
        files[f"pareto-{place}.svg"] = pareto_svg(benchmark, rows)
    for name, text in files.items():
        write_whole(folder / name, [text.encode()])
        paths.append(folder / name)
    return paths
