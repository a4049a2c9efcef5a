"""Write the pages of docs/ that the code knows best, or check that they are current.

cli.md, errors.md, models.md, spec.md, benchmarks.md and benchmarks/*.md are printed from the commands, the
error tree, the catalogue, the spec and the benchmark classes (benchmark_pages.py); generate.toml has what
these do not say. parity.md has the figures of the last comparisons with the references (parity_page.py).

    python docs/generate.py            # write
    python docs/generate.py --check    # one line and exit code 1 when a page has drifted
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from inspect import cleandoc
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

import click
from click.testing import CliRunner
from pydantic import BaseModel
from pydantic.fields import FieldInfo

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bakeoff.app import settings
from bakeoff.cli import main as command_line
from bakeoff.core import specs
from bakeoff.core.errors import (
    BakeoffError,
    EngineError,
    StoreError,
    SystemFault,
    TrialError,
    UsageError,
    error_classes,
)
from bakeoff.engines import ENGINES
from bakeoff.engines.architecture import architectures
from bakeoff.engines.catalogue import Entry, models, preset
from bakeoff.engines.memory import GIB
from bakeoff.engines.presets import cards, wish
from bakeoff.runner.limits import Breaker
from docs.benchmark_pages import benchmark_pages, fenced, ours, table
from docs.parity_page import parity_page

DOCS = Path(__file__).resolve().parent
MARK = "<!-- Written by docs/generate.py; edit the code it is printed from, then run that. -->"
WORDS = tomllib.loads((DOCS / "generate.toml").read_text(encoding="utf-8"))
OWNERS = {
    UsageError: "yours",
    EngineError: "the engine's",
    TrialError: "the trial's",
    StoreError: "the store's",
    SystemFault: "the system's",
}


def pages() -> dict[str, str]:
    """Every generated page: path below docs/ → text."""
    found = {"cli.md": cli_page(), "errors.md": errors_page(), "models.md": models_page(), "spec.md": spec_page()}
    found |= {"parity.md": parity_page(), **benchmark_pages()}
    return {path: f"{MARK}\n\n{text.rstrip()}\n" for path, text in found.items()}


def cli_page() -> str:
    parts = ["# The command line", fenced(help_of([]))]
    for name in command_line.COMMANDS:
        parts += [f"## bakeoff {name}", fenced(help_of([name]))]
        found = command_line.cli.get_command(click.Context(command_line.cli), name)
        for inner in sorted(found.commands) if isinstance(found, click.Group) else ():
            parts += [f"### bakeoff {name} {inner}", fenced(help_of([name, inner]))]
    parts += ["## Exit codes", table(["code", "meaning"], [[k, v] for k, v in WORDS["exit_codes"].items()])]
    parts += ["## Environment", fenced((settings.__doc__ or "").split("\n\n", 1)[1])]
    parts += ["A key is read when an engine is built. It is not stored, logged or printed."]
    return "\n\n".join(parts)


def help_of(path: list[str]) -> str:
    result = CliRunner().invoke(command_line.cli, [*path, "--help"], prog_name="bakeoff", terminal_width=80)
    if result.exit_code:
        raise SystemExit(f"docs/generate.py: 'bakeoff {' '.join(path)} --help' fails: {result.output}")
    return result.output


def errors_page() -> str:
    classes = error_classes()
    codes = [cls.code for cls in classes]
    astray = sorted({code for code in codes if codes.count(code) > 1} | set(codes) ^ set(WORDS["todo"]))
    if astray:
        raise SystemExit(f"docs/generate.py: generate.toml and the error tree disagree on {', '.join(astray)}")
    rows = [[f"[{c.code}](#{c.code})", c.__name__, owner(c), str(c.exit_code), first_line(c)] for c in classes]
    parts = ["# Errors", WORDS["intro"]["errors"], table(["code", "class", "owner", "exit", "meaning"], rows)]
    for cls in classes:
        parts += [f"## {cls.code}", cleandoc(cls.__doc__ or "")]
        if not cls.__subclasses__():  # a group is not raised itself
            parts += [f"Owner: {owner(cls)}. Exit code {cls.exit_code}. {in_a_run(cls)}"]
        parts += [f"**What to do:** {WORDS['todo'][cls.code]}"]
    return "\n\n".join(parts)


def first_line(cls: type[BakeoffError]) -> str:
    return cleandoc(cls.__doc__ or "").split("\n")[0]


def owner(cls: type[BakeoffError]) -> str:
    return next((word for base, word in OWNERS.items() if issubclass(cls, base)), "nobody's")


def in_a_run(cls: type[BakeoffError]) -> str:
    """What an error does to a run that is under way."""
    breaker = Breaker()
    if issubclass(cls, EngineError):
        if cls.fatal:
            return "Stops the model's cells; their trials stay owed."
        if cls.code == "rate-limited":
            return "The call waits and is made again."
        if cls.retryable:
            return (
                "The call is made again; when its tries are used up, the trial ends as `error` and is owed again."
                f" {breaker.given_up} such calls in a row, or {breaker.first_tries} failed tries before the first"
                " success, stop the model's cells."
            )
        return "The trial ends as `error`; a resume answers it again."
    if issubclass(cls, TrialError):
        return "The trial ends as `error`; the run goes on."
    if issubclass(cls, StoreError | SystemFault):
        return "Ends the run; what was journalled is kept."
    return "Told before any call."


def models_page() -> str:
    parts = ["# Models", WORDS["intro"]["models"]]
    head = ["name", "family", "size", "context", "price", "price as of", "licence", "can", "id"]
    for engine in sorted({entry.engine for entry in models().values()}):
        rows = [model_row(name, entry) for name, entry in models().items() if entry.engine == engine]
        parts += [f"## {engine}", table(head, rows)]
    rows = [
        [engine, name, ", ".join(f"`{field}={value}`" for field, value in preset(engine, name).items())]
        for engine in ours(ENGINES)
        for name in get_args(specs.PresetName)
        if preset(engine, name)
    ]
    parts += ["## Presets", WORDS["intro"]["presets"], table(["engine", "preset", "settings"], rows)]
    return "\n\n".join([*parts, *preset_parts(), *shape_parts()])


def preset_parts() -> list[str]:
    """What each preset asks of each device."""
    head = ["device", "memory", "preset", "weights", "KV cache", "context", "sequences", "tokens a step"]
    rows = []
    for card in cards().values():
        memory = f"{card.memory / GIB:.1f} GiB" if card.memory is not None else "the machine's"
        for name in get_args(specs.PresetName):
            asked = wish(name, card)
            least, most = asked.sequences
            figures = [f"{asked.context:,}", f"{least} to {most}", f"{asked.step_tokens:,}"]
            rows.append([f"{card.id} ({card.name})", memory, name, asked.weights, asked.kv, *figures])
    return ["## Presets by device", WORDS["intro"]["devices"], table(head, rows)]


def shape_parts() -> list[str]:
    """The shapes that memory is counted from."""
    head = ["model", "parameters", "layers", "hidden", "heads / KV", "head", "feed-forward", "vocabulary", "positions"]
    rows = [
        [
            f"[{name}]({shape.source})",
            f"{shape.parameters:,}",
            *(str(size) for size in (shape.layers, shape.hidden, f"{shape.heads} / {shape.kv_heads}", shape.head_dim)),
            f"{shape.intermediate:,}",
            f"{shape.vocabulary:,}" + (", tied" if shape.tied else ""),
            f"{shape.positions:,}",
        ]
        for name, shape in architectures().items()
    ]
    return ["## Shapes", WORDS["intro"]["shapes"], table(head, rows)]


def model_row(name: str, entry: Entry) -> list[str]:
    price, dated = "unknown", entry.price_date or "–"
    if entry.input_price is not None and entry.output_price is not None:
        price = f"{entry.input_price:g} / {entry.output_price:g}"
    return [
        ", ".join((f"[{name}]({entry.source})", *entry.aliases)),
        entry.family,
        f"{entry.size_b:g}" if entry.size_b is not None else "unknown",
        f"{entry.context_length:,}" if entry.context_length else "unknown",
        "runs here" if entry.engine == "llama_cpp" else price,
        f"[{dated}]({entry.price_source})" if entry.price_source else dated,
        entry.licence,
        ", ".join(entry.capabilities) or "–",
        f"`{entry.id}`",
    ]


def spec_page() -> str:
    parts = ["# The spec", WORDS["intro"]["spec"]]
    matrix = (specs.ExperimentSpec, specs.ModelSpec, specs.BenchmarkSpec, specs.MethodSpec, specs.SamplingSpec)
    for cls in (*matrix, specs.MeasurementSpec, specs.DecisionSpec, specs.GuardSpec, specs.BudgetSpec):
        rows = [
            [f"`{name}`", type_of(info.annotation), default(info), said(name, info), kind_of(cls, name)]
            for name, info in cls.model_fields.items()
        ]
        head = ["field", "type", "default", "what", ""]
        parts += [f"## {cls.__name__}", cleandoc(cls.__doc__ or ""), table(head, rows)]
    return "\n\n".join(parts)


def kind_of(cls: type[BaseModel], name: str) -> str:
    """Whether a field is in the hash (`measured`) or not (`operational`)."""
    outside = cls is specs.BudgetSpec or (cls is specs.ExperimentSpec and name in specs.OPERATIONAL)
    return "operational" if outside else "measured"


def said(name: str, info: FieldInfo) -> str:
    """The field's description and its bounds."""
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [(sign, getattr(m, n)) for m in info.metadata for n, sign in signs.items() if hasattr(m, n)]
    bounds = [f"{sign} {limit}" for sign, limit in limits if abs(limit) < 2**62]  # not those of the number type
    return (info.description or WORDS["fields"][name]) + (f" ({', '.join(bounds)})" if bounds else "")


def default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, tuple):
        return ", ".join(str(getattr(item, "label", item)) for item in value) or "–"
    return "–" if value is None or value == {} else str(value).lower()


def type_of(annotation: object) -> str:
    """A type as a reader of YAML would say it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_of(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(type_of(arg) for arg in inner if arg is not NoneType)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is tuple:
        return f"list of {type_of(inner[0])}"
    if origin is dict:
        return f"map of text to {type_of(inner[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names: dict[object, str] = {str: "text", int: "whole number", float: "number", bool: "true/false"}
    return names.get(annotation, str(annotation))


def drifted(wanted: Mapping[str, str]) -> list[str]:
    """The pages that differ from the code, and those that nothing is behind any more."""
    kept = {path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8") for path in DOCS.rglob("*.md")}
    stale = [path for path, text in kept.items() if text.startswith(MARK) and path not in wanted]
    return sorted([*stale, *(path for path, text in wanted.items() if kept.get(path) != text)])


def write(wanted: Mapping[str, str]) -> None:
    for path in drifted(wanted):
        target = DOCS / path
        if path in wanted:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(wanted[path], encoding="utf-8")
        else:
            target.unlink()


def main(args: Sequence[str]) -> int:
    if args not in ([], ["--check"]):
        print(f"docs/generate.py takes '--check' or nothing, not '{' '.join(args)}'", file=sys.stderr)
        return 2
    wanted = pages()
    if not args:
        write(wanted)
        return 0
    stale = drifted(wanted)
    if stale:
        told = ", ".join(f"docs/{path}" for path in stale)
        print(f"not current: {told}; run 'python docs/generate.py'", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
