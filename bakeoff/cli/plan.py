"""`bakeoff plan`: what a run can show and what it costs, before it is run."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option, store_option
from bakeoff.cli.spec_flags import build_spec, parse_share, split_list
from bakeoff.core.errors import ConfigInvalid, UnknownName

if TYPE_CHECKING:
    from bakeoff.core.specs import ExperimentSpec
    from bakeoff.reports.designs import Ask, Design

_OF_THE_RUN = ("models", "benchmarks", "methods", "presets", "limit", "repeats", "seed", "base_url", "model_args")

_OPTIONS = (
    click.option("--effect", metavar="DIFF", help="Difference to find: 5pt, 5% or 0.05."),
    click.option("--power", type=float, default=0.8, show_default=True, help="Chance to find it."),
    click.option("--alpha", type=float, help="Chance of a false claim, over all comparisons. [default: 0.05]"),
    click.option("--design", "designs", multiple=True, metavar="NAME,…", help="paired, unpaired, sequential, …"),
    click.option("--models", "-m", multiple=True, metavar="NAME,…", help="Whose stored runs and prices to look at."),
    click.option("--benchmarks", "--datasets", "-b", multiple=True, metavar="NAME,…", help="What to ask."),
    click.option("--methods", multiple=True, metavar="NAME,…", help="naive, cot, few_shot:5, … [default: naive]"),
    click.option("--presets", multiple=True, metavar="NAME,…", help="memory_optimized, balanced, performance."),
    click.option("--limit", "--sample-limit", "-n", type=int, help="Items planned: what can they show?"),
    click.option("--discordance", metavar="SHARE", help="Share of items on which just one model is right."),
    click.option("--accuracy", metavar="SHARE", help="About how good both are, where no run is stored."),
    click.option("--phi", type=float, help="Correlation of their answers. [default: 0.4]"),
    click.option("--margin", metavar="DIFF", help="Difference that does not matter: adds two designs."),
    click.option("--cluster-size", type=float, help="Items that belong together, e.g. of one passage."),
    click.option("--icc", type=float, default=0.0, help="How much items of a cluster correlate."),
    click.option("--repeats", type=int, help="Answers to each item."),
    click.option("--item-share", type=float, default=0.5, show_default=True, help="Variance that repeats leave."),
    click.option("--prompts", type=int, default=1, help="Prompts under which every item is asked."),
    click.option("--prompt-sd", metavar="DIFF", help="How much the difference varies with the prompt."),
    click.option("--batch", type=int, help="Items between two looks of a sequential run. [default: 32]"),
    click.option("--comparisons", type=int, help="How many there will be. [default: those of the spec]"),
    click.option("--seed", type=int, help="What draws derive from. [default: 0]"),
    click.option("--base-url", metavar="URL", help="Where the models are served, with /v1."),
    click.option("--model-args", metavar="K=V,…", help="Engine settings."),
)


def _plan_options(command: Any) -> Any:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("spec_file", required=False, type=click.Path(path_type=Path), metavar="[SPEC.yaml]")
@_plan_options
@store_option
@json_option
def plan(spec_file: Path | None, store: str | None, as_json: bool, **flags: Any) -> None:
    """Plan a run: how many items an effect takes, or what so many items can show.

    How often models differ comes from stored runs of the same benchmark where there are any. Designs: paired,
    unpaired, sequential, clustered, repeats, crossed (prompts × items), non-inferiority, equivalence.

    \b
      bakeoff plan --effect 5pt
      bakeoff plan --limit 164
      bakeoff plan -m fake/a,fake/b -b question_answering --effect 0.1 --power 0.9
    """
    from bakeoff.app.experiments import Laboratory
    from bakeoff.app.power_plan import Given, plans
    from bakeoff.app.settings import Settings
    from bakeoff.reports.plan_text import plan_json, print_plan

    spec, priced = _spec(spec_file, flags)
    ask = _ask(flags, spec, priced)
    given = Given(
        _share("--discordance", flags["discordance"], 1.0),
        _share("--accuracy", flags["accuracy"], 1.0),
        _within("--phi", flags["phi"], -1.0, 1.0),
        _at_least("--limit", flags["limit"] if spec is None else spec.limit, 1),
    )
    laboratory = Laboratory(Settings.load(store))
    try:
        found = plans(ask, given, spec, laboratory, priced)
    finally:
        laboratory.close()
    if as_json:
        click.echo(orjson.dumps([plan_json(each) for each in found]).decode())
        return
    console = screen.out()
    for number, each in enumerate(found):
        if number:
            console.print()
        print_plan(each, console)


def _spec(file: Path | None, flags: dict[str, Any]) -> tuple[ExperimentSpec | None, bool]:
    """The run that is planned, and whether its models are named; None when neither they nor benchmarks are."""
    if file is None and not flags["benchmarks"]:
        if flags["models"]:
            raise ConfigInvalid(
                "models are given and no benchmark, so no stored run can be looked up", "add --benchmarks"
            )
        return None, False
    asked: dict[str, Any] = defaultdict(lambda: None, {name: flags[name] for name in _OF_THE_RUN})
    priced = file is not None or bool(flags["models"])
    if not priced:
        asked["models"] = ("fake/a",)  # nobody's: only the items are counted
    return build_spec(file, None, asked), priced


def _ask(flags: dict[str, Any], spec: ExperimentSpec | None, priced: bool) -> Ask:
    """What is wanted; a spec's decision rule counts where a flag says nothing else. Raises ConfigInvalid."""
    from bakeoff.app.power_plan import comparisons
    from bakeoff.reports.designs import Ask

    decision = spec.decision if spec is not None else None
    usual = Ask()
    alpha = flags["alpha"] if flags["alpha"] is not None else decision.alpha if decision else usual.alpha
    batch = flags["batch"] if flags["batch"] is not None else decision.batch if decision else usual.batch
    margin = _share("--margin", flags["margin"], 1.0)
    counted = comparisons(spec) if spec is not None and priced else 1
    repeats = flags["repeats"] if spec is None else spec.repeats
    return Ask(
        effect=_share("--effect", flags["effect"], 1.0),
        power=_within("--power", flags["power"], 0.05, 0.9999) or usual.power,
        alpha=_within("--alpha", alpha, 1e-6, 0.5) or usual.alpha,
        comparisons=_at_least("--comparisons", flags["comparisons"], 1) or counted,
        margin=margin if margin is not None else decision.margin if decision else None,
        cluster_size=_at_least("--cluster-size", flags["cluster_size"], 1),
        icc=_within("--icc", flags["icc"], 0.0, 1.0) or 0.0,
        repeats=_at_least("--repeats", repeats, 1) or 1,
        item_share=_within("--item-share", flags["item_share"], 0.0, 1.0) or 0.0,
        prompts=_at_least("--prompts", flags["prompts"], 1) or 1,
        prompt_sd=_share("--prompt-sd", flags["prompt_sd"], 1.0) or 0.0,
        batch=_at_least("--batch", batch, 1) or usual.batch,
        prior=decision.prior if decision else usual.prior,
        designs=_designs(flags["designs"]),
    )


def _designs(names: tuple[str, ...]) -> tuple[Design, ...]:
    from bakeoff.reports.designs import DESIGNS

    known = {str(design): design for design in DESIGNS}
    for name in split_list(names):
        if name not in known:
            raise UnknownName("design", name, known, see="bakeoff plan --help")
    return tuple(dict.fromkeys(known[name] for name in split_list(names)))


def _share(flag: str, text: str | None, most: float) -> float | None:
    """`5pt`, `5 points`, `5%` and `0.05` are all 0.05; above 0 and below `most`. Raises ConfigInvalid."""
    if text is None:
        return None
    value = parse_share(text.strip(), flag)
    if not 0 < value < most:
        bare = text.strip()[-1:].isdigit() and 1 <= value < 100
        hint = f"write {value:g}pt or {value / 100:g}" if bare else "write it like 5pt or 0.05"
        raise ConfigInvalid(f"{flag} '{text}' is no share between 0 and {most:g}", hint)
    return value


def _within(flag: str, value: float | None, least: float, most: float) -> float | None:
    if value is not None and not least <= value <= most:  # NaN, too
        raise ConfigInvalid(f"{flag} {value:g} is out of range", f"give a number from {least:g} to {most:g}")
    return value


def _at_least(flag: str, value: Any, least: int) -> Any:
    if value is not None and not least <= value < float("inf"):
        raise ConfigInvalid(f"{flag} {value:g} is out of range", f"give {least} or more")
    return value
