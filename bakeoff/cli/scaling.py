"""`bakeoff scaling`: a small model against a large one, with what the size costs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
import orjson

from bakeoff.cli import screen
from bakeoff.cli.show import json_option, open_store, store_option
from bakeoff.cli.spec_flags import split_list
from bakeoff.core.errors import ConfigInvalid

if TYPE_CHECKING:
    from bakeoff.core.types import Price

_T = TypeVar("_T")
_MARGIN = re.compile(r"(?P<number>[.\deE+-]+)\s*(?P<unit>pts?|points?|%)?", re.IGNORECASE)


@click.command()
@click.argument("models", nargs=-1, metavar="A B [C …]")
@click.option("--run", "runs", multiple=True, metavar="RUN", help="Runs to look in. [default: all complete ones]")
@click.option("--benchmarks", "-b", multiple=True, metavar="NAME,…", help="Only these.")
@click.option("--method", default="", metavar="NAME", help="Where all were asked by several.")
@click.option("--preset", default="", metavar="NAME", help="Where all were run under several.")
@click.option("--profile", default="", metavar="NAME", help="Where all were graded by several.")
@click.option("--size", "sizes", multiple=True, metavar="A=8,…", help="Billions of parameters. [default: catalogue]")
@click.option("--weight-bytes", "weights", multiple=True, metavar="A=2,…", help="Bytes a weight takes, for memory.")
@click.option("--price", "prices", multiple=True, metavar="A=IN/OUT,…", help="US dollars per million tokens.")
@click.option("--choices", multiple=True, metavar="BENCHMARK=4,…", help="Answers to choose from, for chance.")
@click.option("--worth", type=float, metavar="USD", help="What one more solved item is worth to you.")
@click.option("--margin", metavar="DIFF", help="Difference that does not matter: 2pt, 2% or 0.02.")
@click.option("--output-dir", "-o", type=click.Path(path_type=Path), help="Write JSON, Markdown and HTML there.")
@store_option
@json_option
def scaling(
    models: tuple[str, ...],
    runs: tuple[str, ...],
    benchmarks: tuple[str, ...],
    output_dir: Path | None,
    store: str | None,
    as_json: bool,
    **flags: object,
) -> None:
    """Compare models of several sizes: score, speed, memory and price, and which one to take.

    A, B are names of models, or cells as RUN:CELL; all are compared with A, on the samples that all were asked.

    \b
      bakeoff scaling qwen3-8b qwen3-14b
      bakeoff scaling fake/a fake/b --size fake/a=8,fake/b=14 --margin 2pt
      bakeoff scaling night:0 night:2 --worth 0.05 -o scaling
    """
    from bakeoff.app.results import Results
    from bakeoff.app.scaling import Known, scaling_study, write_study
    from bakeoff.app.scaling_cells import Filter
    from bakeoff.reports.scaling.model import Ask

    method, preset, profile = (str(flags[name]) for name in ("method", "preset", "profile"))
    wanted = Filter(split_list(runs), split_list(benchmarks), method, preset, profile)
    known = Known(
        _pairs("--size", flags["sizes"], _positive),
        _pairs("--weight-bytes", flags["weights"], _positive),
        _pairs("--price", flags["prices"], _price),
        _pairs("--choices", flags["choices"], _choices),
    )
    ask = Ask(_worth(flags["worth"]), _margin(flags["margin"]))
    laboratory = open_store(store)
    try:
        found = scaling_study(models, Results(laboratory.runs, laboratory.trials), wanted, known, ask)
    finally:
        laboratory.close()
    written = [str(path) for path in write_study(found, output_dir)] if output_dir is not None else []
    if as_json:
        from bakeoff.reports.scaling.as_json import comparison, insights, performance_matrix

        parts = {"comparison": comparison, "performance_matrix": performance_matrix, "insights": insights}
        click.echo(orjson.dumps({**{name: made(found) for name, made in parts.items()}, "files": written}).decode())
        return
    from bakeoff.reports.scaling.terminal import print_study

    print_study(found, screen.out())
    for path in written:
        screen.talk(f"wrote {path}")


def _pairs(option: str, given: object, read: Callable[[str], _T | None]) -> dict[str, _T]:
    """`A=8,B=14` as a dict. Raises ConfigInvalid."""
    found: dict[str, _T] = {}
    for part in split_list(given if isinstance(given, tuple) else ()):
        name, equals, text = part.rpartition("=")
        value = read(text) if equals and name else None
        if value is None:
            raise ConfigInvalid(f"{option} '{part}' cannot be read", f"write it like {_LIKE[option]}")
        if name in found:
            raise ConfigInvalid(f"{option} is given twice for '{name}'", "give it once")
        found[name] = value
    return found


_LIKE = {"--size": "A=8", "--weight-bytes": "A=2", "--price": "A=0.1/0.4", "--choices": "mmlu=4"}


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _positive(text: str) -> float | None:
    return _number(text.removesuffix("B").removesuffix("b")) or None


def _price(text: str) -> Price | None:
    from bakeoff.core.types import Price

    into, slash, out = text.partition("/")
    prices = (_number(into), _number(out))
    return Price(prices[0], prices[1]) if slash and prices[0] is not None and prices[1] is not None else None


def _choices(text: str) -> int | None:
    return int(text) if text.isdecimal() and 2 <= int(text) <= 1000 else None


def _worth(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, float) or not math.isfinite(value) or value <= 0:
        raise ConfigInvalid(f"--worth {value} is out of range", "give US dollars above 0, like 0.05")
    return value


def _margin(given: object) -> float | None:
    """A difference of shares: `2pt`, `2%` or `0.02`."""
    if given is None:
        return None
    written = _MARGIN.fullmatch(str(given).strip())
    number = None if written is None else _number(written["number"])
    if number is not None and written is not None and written["unit"]:
        number /= 100
    if number is None or not 0 < number < 1:
        raise ConfigInvalid(f"--margin '{given}' is no difference between 0 and 1", "write it like 2pt or 0.02")
    return number
