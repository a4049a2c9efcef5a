"""`bakeoff coverage`: every model under every preset, one line each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.models import fit_options
from bakeoff.cli.show import json_option
from bakeoff.cli.spec_flags import parse_args, split_list
from bakeoff.core.errors import ConfigInvalid
from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from bakeoff.app.coverage_cell import Cell
    from bakeoff.core.specs import ModelSpec
    from bakeoff.core.types import Json

LONGEST_TIMEOUT = 86_400.0


@click.command()
@click.option("--validate-only", is_flag=True, help="By arithmetic alone: nothing is loaded, no GPU is asked.")
@click.option("--models", "-m", multiple=True, metavar="NAME,…", help="[default: the six Qwen models of 8B and 14B]")
@click.option(
    "--presets", multiple=True, metavar="NAME,…", help="memory_optimized, balanced, performance. [default: all]"
)
@fit_options
@click.option("--base-url", metavar="URL", help="Where the models are served, with /v1.")
@click.option("--api", type=click.Choice(["chat", "completions"]), default="chat", help="Which API to call.")
@click.option("--model-args", metavar="K=V,…", help="Engine settings, e.g. dtype=bf16 for transformers.")
@click.option("--timeout", type=float, default=120.0, show_default=True, help="Seconds a reply may take.")
@json_option
def coverage(
    validate_only: bool,
    models: tuple[str, ...],
    presets: tuple[str, ...],
    gpu: str,
    memory: float | None,
    memory_share: float,
    timeout: float,
    as_json: bool,
    **reach: Any,
) -> int:
    """Try every model under every preset, one line each: pass or fail, and why.

    Without --validate-only each is built, generates three short replies, and is let go; --gpu does not count
    then. A model on this machine has a process of its own, and its memory after it has to be within 5 % of that
    before. One that fails never ends the others. Exit code 1 when any fails.

    \b
      bakeoff coverage --validate-only
      bakeoff coverage --validate-only --gpu t4 --models qwen3_8b,phi-4
      bakeoff coverage --models smollm2-135m,fake/a
    """
    from bakeoff.app import coverage as use
    from bakeoff.app.fitting import Question, budget_of
    from bakeoff.app.settings import Settings
    from bakeoff.engines.presets import PRESETS, find_card

    named = split_list(models) or use.DEFAULT_MODELS
    chosen = use.check_names(named, split_list(presets) or PRESETS)
    if not 0 < timeout <= LONGEST_TIMEOUT:
        raise ConfigInvalid(f"--timeout {timeout:g} is out of range", f"give seconds up to {LONGEST_TIMEOUT:g}")
    question = Question(gpu=gpu, share=memory_share, memory_gib=memory)
    card = find_card(gpu)
    budget_of(card, question)
    if validate_only:
        if not as_json:
            click.echo(f"{card.name}, {memory_share:.0%} of its memory at the most\n")
        return _tell(use.validate(named, chosen, question), max(map(len, named)), as_json)
    specs = [_spec(name, **reach) for name in named]
    return _tell(use.probe(specs, chosen, timeout, Settings.load()), max(map(len, named)), as_json)


def _spec(name: str, base_url: str | None, api: str, model_args: str | None) -> ModelSpec:
    """A model and how to reach it. An address is for those that are asked at one."""
    from bakeoff.app.wiring import resolve_model
    from bakeoff.core.specs import ModelSpec

    fields = {"model": name, "api": api, "args": parse_args(model_args) if model_args else {}}
    if base_url is not None and resolve_model(name).engine == "openai_compatible":
        fields["base_url"] = base_url
    return ModelSpec.model_validate(fields)


def _tell(cells: Iterable[Cell], width: int, as_json: bool) -> int:
    """Each cell as it comes. Returns the exit code."""
    from bakeoff.app.coverage import NOT_COUNTED

    passed, uncounted, rows = 0, 0, []
    for cell in cells:
        uncounted += cell.stage == NOT_COUNTED
        passed += cell.ok and cell.stage != NOT_COUNTED
        rows.append(_json(cell))
        if not as_json:
            click.echo(_line(cell, width))
    if as_json:
        click.echo(orjson.dumps(rows).decode())
    else:
        rest = f", {uncounted} not counted" if uncounted else ""
        click.echo(f"\n{passed} of {len(rows) - uncounted} pass{rest}")
    return 0 if passed + uncounted == len(rows) else 1


def _line(cell: Cell, width: int) -> str:
    from bakeoff.app.coverage import NOT_COUNTED

    mark = screen.paint("pass", fg="green") if cell.ok else screen.paint("FAIL", fg="red")
    if cell.stage == NOT_COUNTED:
        mark = "–   "
    said = inert(" ".join(cell.said.split()))
    if cell.ok and cell.found is not None:
        load = cell.found.resolved.load
        asked = f"{load.weights} {load.sequences}×{load.context:,}"
        said = f"{asked:<14}  {said}"
    elif cell.found is None and not cell.ok:
        said = f"{cell.stage}: {said}"
    size = f"{cell.size_b:g}B" if cell.size_b is not None else "–"
    return f"{mark}  {cell.model:<{width}}  {size:>6}  {cell.preset:<16}  {said}"


def _json(cell: Cell) -> dict[str, Json]:
    from bakeoff.cli.models_view import explanation_json

    if cell.found is None:
        return {"size_b": cell.size_b, **cell.json()}
    named = {name: cell.json()[name] for name in ("model", "preset", "ok", "stage", "said")}
    return {"size_b": cell.size_b, **named, "memory": explanation_json(cell.found)}
