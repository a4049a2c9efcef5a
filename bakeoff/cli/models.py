"""`bakeoff models`: the catalogue, one model of it, and whether it fits a device."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option
from bakeoff.core.errors import ConfigInvalid

GPUS = "h200, a100-80, h100, a100-40, 3090, 4090, l4, t4, gtx1650, cpu."


@click.group()
def models() -> None:
    """List the models of the catalogue, show one, and count its memory.

    \b
      bakeoff models list
      bakeoff models explain qwen3_14b --preset performance --gpu h100
    """


@models.command("list", short_help="List every model of the catalogue.")
@json_option
def list_models(as_json: bool) -> None:
    """List every model of the catalogue: its names, size, context and licence."""
    from bakeoff.app.catalogue import describe
    from bakeoff.cli.models_view import model_lines
    from bakeoff.engines.catalogue import models as known

    if as_json:
        click.echo(orjson.dumps(describe("models")).decode())
        return
    for line in model_lines(list(known().items())):
        click.echo(line)


@models.command("show", short_help="Show everything that is known of one model.")
@click.argument("name")
@json_option
def show_model(name: str, as_json: bool) -> None:
    """Show everything that is known of model NAME: id, price, licence, shape."""
    from bakeoff.cli.models_view import card_of
    from bakeoff.core.errors import UnknownName
    from bakeoff.engines.architecture import architectures
    from bakeoff.engines.catalogue import find, known_names

    found = find(name)
    if found is None:
        raise UnknownName("model", name, known_names(), see="bakeoff models list")
    known, entry = found
    shape = architectures().get(known)
    if as_json:
        fields = {"name": known, **asdict(entry)}
        fields["architecture"] = {**asdict(shape), "parameters": shape.parameters} if shape is not None else None
        click.echo(orjson.dumps(fields).decode())
        return
    for line in card_of(known, entry, shape):
        click.echo(line)


def fit_options(command: Any) -> Any:
    """The flags that say on what device, and how much of it."""
    for option in (
        click.option("--memory-share", type=float, default=0.8, show_default=True, help="Share of it to fill."),
        click.option("--memory", type=float, metavar="GIB", help="Memory in place of the device's own."),
        click.option("--gpu", default="h100", show_default=True, metavar="NAME", help=GPUS),
    ):
        command = option(command)
    return command


@models.command("explain", short_help="Count the memory of a model on a device, line by line.")
@click.argument("name")
@click.option(
    "--preset", default="balanced", show_default=True, metavar="NAME", help="memory_optimized, balanced, performance."
)
@fit_options
@click.option("--context", type=int, metavar="N", help="Tokens of one sequence. [default: the preset's]")
@click.option("--concurrency", type=int, metavar="N", help="Sequences at once. [default: as many as fit]")
@click.option("--dtype", metavar="NAME", help="Type of the weights: bf16, fp16, fp8, int8, int4.")
@json_option
def explain_model(
    name: str,
    preset: str,
    gpu: str,
    memory: float | None,
    memory_share: float,
    context: int | None,
    concurrency: int | None,
    dtype: str | None,
    as_json: bool,
) -> int:
    """Count the memory of model NAME on a device: weights, KV cache, activations.

    Exit code 2 when it does not fit; the last line says what would. Nothing is loaded and no GPU is asked.

    \b
      bakeoff models explain qwen3_14b --preset performance --gpu h100
      bakeoff models explain qwen3-8b --gpu t4 --dtype int8 --context 4096
    """
    from bakeoff.app.fitting import Question, explain
    from bakeoff.cli.models_view import arithmetic, explanation_json
    from bakeoff.engines.presets import Asked

    question = Question(preset, gpu, Asked(context, concurrency, dtype), memory_share, memory)
    found = explain(name, question)
    if as_json:
        click.echo(orjson.dumps(explanation_json(found)).decode())
    else:
        *lines, verdict = arithmetic(found)
        for line in lines:
            click.echo(line)
        if found.resolved.fits:
            click.echo(verdict)
    if not found.resolved.fits:
        screen.talk(f"error[{ConfigInvalid.code}]: '{found.name}' {found.verdict}")
        return ConfigInvalid.exit_code
    return 0
