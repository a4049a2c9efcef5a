"""`bakeoff profile`: how fast a model is, batch by batch, and which batch to take."""

from __future__ import annotations

import asyncio
import math
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option
from bakeoff.cli.spec_flags import parse_args, split_list
from bakeoff.core.errors import ConfigInvalid, MissingExtra

if TYPE_CHECKING:
    from bakeoff.app.profile_setup import Ready
    from bakeoff.app.workloads import Workload
    from bakeoff.reports.performance_profile import Point, Profile

MOST_DOLLARS = 1.0  # what a profile may cost without --yes


@click.command()
@click.argument("model")
@click.option("--preset", default="balanced", show_default=True)
@click.option("--batches", multiple=True, metavar="N,…", help="Calls at once. [default: 1,2,4,8]")
@click.option("--prompt-tokens", multiple=True, metavar="N,…", help="Length of the prompts. [default: 128]")
@click.option("--output-tokens", type=int, help="Length of the replies. [default: 32]")
@click.option("--benchmark", "-b", metavar="NAME", help="Ask its prompts instead, worded by --methods.")
@click.option("--methods", multiple=True, metavar="NAME,…", help="A workload each, with --benchmark. [default: naive]")
@click.option("--repeats", type=int, default=3, show_default=True, help="Repeats of each point, behind its intervals.")
@click.option("--rounds", type=int, default=1, show_default=True, help="Calls that each place makes in a repeat.")
@click.option("--find-max", is_flag=True, help="Go on doubling, then halve: the largest batch that fits.")
@click.option("--max-batch", type=int, default=1024, show_default=True, help="Where --find-max ends.")
@click.option("--memory", type=float, metavar="GIB", help="Memory to count with. [default: what the device has]")
@click.option("--memory-share", type=float, default=0.8, show_default=True, help="Share of it that may be filled.")
@click.option("--growth", type=float, default=0.1, show_default=True, help="The knee: less growth for each doubling.")
@click.option("--max-latency", type=float, metavar="SECONDS", help="Seconds that 95 % of calls may take.")
@click.option("--dummy-weights", is_flag=True, help="Random weights: speed and memory without the files.")
@click.option("--base-url", metavar="URL", help="Where the model is served, with /v1.")
@click.option("--api-key-env", metavar="NAME", help="The environment variable that holds the key.")
@click.option("--api", type=click.Choice(["chat", "completions"]), default="chat", show_default=True)
@click.option("--stream/--no-stream", default=True, help="Stream replies of an endpoint: the time to the first token.")
@click.option("--model-args", metavar="K=V,…", help="Settings of the engine.")
@click.option("--timeout", type=float, default=300.0, show_default=True, help="Seconds a reply may take.")
@click.option("--yes", is_flag=True, help=f"Make the calls, also where they may cost more than ${MOST_DOLLARS:g}.")
@click.option("--output-dir", "-o", type=click.Path(path_type=Path), help="Write profile.json and figures there.")
@json_option
def profile(
    model: str,
    growth: float,
    max_latency: float | None,
    yes: bool,
    output_dir: Path | None,
    as_json: bool,
    **flags: Any,
) -> int:
    """Measure MODEL at one batch after the other: throughput, latency, memory, and which batch to take.

    A model in this process is loaded for each batch anew; an endpoint is asked with more calls at once. Ctrl-C keeps
    what was measured. Nothing is stored: every call is made.

    \b
      bakeoff profile smollm2-135m --batches 1,2,4
      bakeoff profile transformers/models/qwen3-8b --dummy-weights --find-max
      bakeoff profile openai_compatible/NAME --base-url http://localhost:8000/v1 \\
          --max-latency 2
    """
    from bakeoff.app.profile_setup import set_up
    from bakeoff.app.settings import Settings
    from bakeoff.app.writing import check_folder
    from bakeoff.reports.performance_profile import profile_json
    from bakeoff.reports.performance_profile_text import point_line, print_profile

    _check_rule(growth, max_latency)
    settings = Settings.load()
    ready = set_up(_wanted(model, flags), _workloads(flags, settings), settings)
    try:
        _check_cost(ready, yes)
        if output_dir is not None:
            check_folder(output_dir)
        screen.talk(plan_line(ready))

        def told(workload: str, point: Point) -> None:
            screen.talk(f"{workload}, {point_line(point)}")

        measured = asyncio.run(_measured(ready, told))
    finally:
        ready.close()
    found = replace(measured, identity=ready.identity)
    fields = profile_json(found, growth, max_latency)
    if as_json:
        click.echo(orjson.dumps(fields).decode())
    else:
        print_profile(found, growth, max_latency, screen.out())
    if output_dir is not None:
        _write(output_dir, found, fields, growth, max_latency)
    if found.interrupted:
        points = sum(len(curve.points) for curve in found.curves)
        screen.talk(f"interrupted: {points} points kept")
    return 130 if found.interrupted else 0


async def _measured(ready: Ready, told: Callable[[str, Point], None]) -> Profile:
    """The profile; SIGTERM ends it as Ctrl-C does, which asyncio turns into a cancelled task."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await ready.profiler(told).run(ready.workloads)


def _wanted(model: str, flags: dict[str, Any]) -> Any:
    from bakeoff.app.profile_setup import Wanted

    return Wanted(
        model=model,
        preset=flags["preset"],
        base_url=flags["base_url"],
        api_key_env=flags["api_key_env"],
        api=flags["api"],
        stream=flags["stream"],
        args=parse_args(flags["model_args"]) if flags["model_args"] else {},
        batches=_numbers("--batches", flags["batches"], (1, 2, 4, 8)),
        repeats=flags["repeats"],
        rounds=flags["rounds"],
        find_most=flags["find_max"],
        most=flags["max_batch"],
        share=flags["memory_share"],
        memory_gib=flags["memory"],
        dummy=flags["dummy_weights"],
        timeout=flags["timeout"],
    )


def _workloads(flags: dict[str, Any], settings: Any) -> list[Workload]:
    from bakeoff.app.workloads import of_length, of_methods

    lengths, methods = flags["prompt_tokens"], split_list(flags["methods"])
    if flags["benchmark"] is None:
        if methods:
            raise ConfigInvalid("--methods needs a benchmark to word", "name one with --benchmark")
        output = 32 if flags["output_tokens"] is None else flags["output_tokens"]
        return [of_length(tokens, output) for tokens in _numbers("--prompt-tokens", lengths, (128,))]
    if lengths:
        raise ConfigInvalid("--prompt-tokens and --benchmark name two kinds of prompts", "leave one of them out")
    return of_methods(flags["benchmark"], methods or ["naive"], flags["output_tokens"], settings)


def _numbers(option: str, given: tuple[str, ...], usual: tuple[int, ...]) -> tuple[int, ...]:
    found = []
    for part in split_list(given):
        if not part.isdecimal():
            raise ConfigInvalid(f"{option} '{part}' is no whole number", f"write it like {option} 1,2,4")
        found.append(int(part))
    return tuple(dict.fromkeys(found)) or usual


def _check_rule(growth: float, max_latency: float | None) -> None:
    if not 0 < growth < 1:
        raise ConfigInvalid(f"--growth {growth:g} is out of range", "give a share above 0 and below 1, like 0.1")
    if max_latency is not None and not (math.isfinite(max_latency) and max_latency > 0):
        raise ConfigInvalid(f"--max-latency {max_latency:g} is out of range", "give seconds above 0, like 2.5")


def plan_line(ready: Ready) -> str:
    """What is about to be asked, and what it may cost."""
    cost = "cost unknown" if ready.cost is None else "$0" if ready.cost == 0 else f"up to ${ready.cost:.2f}"
    more = ", and more to find the largest" if ready.ask.find_most else ""
    tokens = f"{ready.prompt_tokens:,} + {ready.output_tokens:,} tokens"
    return f"plan: up to {ready.calls:,} calls{more}, {tokens}, {cost}"


def _check_cost(ready: Ready, yes: bool) -> None:
    """Raise ConfigInvalid where it may cost more than a dollar, or nobody knows what, unless that is agreed to."""
    paid = ready.cost is None and not ready.local
    if yes or not (paid or (ready.cost or 0.0) > MOST_DOLLARS):
        return
    said = plan_line(ready).removeprefix("plan: ")
    raise ConfigInvalid(f"this would make {said}", "agree with --yes, or ask less with --batches or --repeats")


def _write(folder: Path, found: Profile, fields: object, growth: float, max_latency: float | None) -> None:
    from bakeoff.app.writing import write_whole
    from bakeoff.reports.performance_profile_text import draw_profile

    write_whole(folder / "profile.json", [orjson.dumps(fields, option=orjson.OPT_INDENT_2), b"\n"])
    screen.talk(f"wrote {folder / 'profile.json'}")
    try:
        from bakeoff.reports.drawing import png, svg

        drawn = draw_profile(found, growth, max_latency)
    except (ImportError, MissingExtra):
        screen.talk("no figures: they need the extra 'figures' (pip install 'bakeoff[figures]')")
        return
    for name, figure in drawn.items():
        for form, draw in (("svg", svg), ("png", png)):
            write_whole(folder / f"{name}.{form}", [draw(figure)])
            screen.talk(f"wrote {folder / name}.{form}")
