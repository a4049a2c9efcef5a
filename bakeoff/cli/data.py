"""`bakeoff data`: what data there is, what is in it, fetching it, checking it, adding one's own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from bakeoff.app.settings import Settings
from bakeoff.cli import screen
from bakeoff.cli.show import json_option
from bakeoff.reports.charts import inert

if TYPE_CHECKING:
    from bakeoff.app.adding import Wish
    from bakeoff.app.data import Listed
    from bakeoff.app.data_check import Checked
    from bakeoff.app.data_summary import Summary

_COLOURS = {"missing": "yellow", "broken": "red"}
KINDS = ("number", "letter", "label", "text", "math", "whole")


@click.group()
def data() -> None:
    """List, summarise, fetch, check and add the data of benchmarks.

    \b
      bakeoff data list
      bakeoff data add a.csv --name capitals --question country --answer capital
    """


@data.command("list", short_help="List every benchmark with its data.")
@json_option
def list_data(as_json: bool) -> None:
    """List every benchmark with its data: local, cached, shipped or missing."""
    from bakeoff.app.data import statuses

    rows = statuses(Settings.load())
    if as_json:
        click.echo(orjson.dumps([asdict(row) for row in rows]).decode())
        return
    width = max(len(row.name) for row in rows)
    click.echo(f"{'name':<{width}}  {'status':<8} {'rows':>7}  {'size':>9}  {'sha256':<12}  licence")
    for row in rows:
        click.echo(_line(row, width))


def _line(row: Listed, width: int) -> str:
    status = screen.paint(f"{row.status:<8}", fg=_COLOURS.get(row.status, "green"))
    rows = f"{row.rows:,}" if row.rows is not None else "–"
    size = _size(row.bytes) if row.bytes is not None else "–"
    told = row.about[:80] if row.status == "broken" else row.licence
    return f"{row.name:<{width}}  {status} {rows:>7}  {size:>9}  {(row.sha256 or '–')[:12]:<12}  {told}"


def _size(count: int) -> str:
    return f"{count:,} B" if count < 10_000 else f"{count / 1000:,.0f} kB" if count < 1e7 else f"{count / 1e6:,.1f} MB"


@data.command("summary", short_help="Show what is in the data of a benchmark.")
@click.argument("name")
@json_option
def summarise(name: str, as_json: bool) -> None:
    """Show what is in the data of NAME: splits, targets, lengths, duplicates, an item."""
    from bakeoff.app.data_summary import summary

    found = summary(name, Settings.load())
    if as_json:
        click.echo(orjson.dumps(asdict(found)).decode())
        return
    for line in _summary_lines(found):
        click.echo(line)


def _summary_lines(found: Summary) -> list[str]:
    lines = [f"{found.name}: {found.source} · {found.licence} · revision {found.revision:.12}"]
    for split in found.splits:
        default = " (asked)" if split.split == found.split else ""
        rows = f"{split.rows:,} rows" if split.rows is not None else split.why
        lines.append(f"  split {split.split}{default}: {rows}")
    lines.append(f"  profiles: {', '.join(found.profiles)}")
    for name, counts in (("characters", found.chars), ("tokens, about", found.tokens)):
        lowest, median, high, most = counts
        lines.append(f"  question, {name}: {lowest:,} to {most:,}, median {median:,}, 95 % up to {high:,}")
    lines.append(f"  duplicate questions: {found.duplicates:,}")
    counted = ", ".join(f"{target} {count:,}" for target, count in found.targets.items())
    more = f", others {found.other_targets:,}" if found.other_targets and counted else ""
    lines.append(f"  targets: {found.distinct_targets:,} different" + (f": {counted}{more}" if counted else ""))
    if found.example:
        lines.append(f"  example {found.example['id']}:")
        lines += [f"    {line[:160]}" for line in found.example["question"].splitlines()[:12]]
        lines.append(f"    → {found.example['target']}")
    return [inert(line) for line in lines]


@data.command("fetch", short_help="Download the data of benchmarks from the hub.")
@click.argument("names", nargs=-1, required=True, metavar="NAME|GROUP|all...")
@click.option("--force", is_flag=True, help="Download again what is here already.")
@json_option
def fetch_data(names: tuple[str, ...], force: bool, as_json: bool) -> None:
    """Download the data of benchmarks from the hub, at the pinned revision, into the cache."""
    from bakeoff.app.data import fetch_all

    told: list[dict[str, Any]] = []
    for file in fetch_all(names, Settings.load(), force):
        told.append({**asdict(file), "path": str(file.path)})
        if not as_json:
            what = "fetched" if file.fetched else "is here already"
            click.echo(f"{file.benchmark} {file.split}: {what}, {_size(file.bytes)}, sha256 {file.sha256}")
    if as_json:
        click.echo(orjson.dumps(told).decode())


@data.command("check", short_help="Read every row, and say what is odd.")
@click.argument("name", metavar="NAME|GROUP|all")
@click.option("--accept", is_flag=True, help="Record the hashes as they are now.")
@click.option("--context", type=click.IntRange(min=1), help="Warn of prompts longer than so many tokens.")
@json_option
def check_data(name: str, accept: bool, context: int | None, as_json: bool) -> int:
    """Read every row of NAME, compare hashes, and say what is odd.

    Exit code 2 when a row is malformed or a file is not the recorded one; warnings change nothing.
    """
    from bakeoff.app.data_check import check

    bad = False
    told: list[dict[str, Any]] = []
    for one in check(name, Settings.load(), accept, context):
        bad = bad or not one.ok
        told.append(asdict(one) | {"ok": one.ok})
        if not as_json:
            _tell(one)
    if as_json:
        click.echo(orjson.dumps(told).decode())
    return 2 if bad else 0


def _tell(one: Checked) -> None:
    if one.missing:
        click.echo(f"{screen.paint('--', fg='yellow')}  {one.benchmark}: {one.missing}")
        return
    mark = screen.paint("ok", fg="green") if one.ok else screen.paint("no", fg="red")
    several = f" in {one.files} files" if one.files > 1 else ""
    digest = f"{several}, sha256 {one.sha256[:12]}" if one.sha256 else several
    click.echo(f"{mark}  {one.benchmark} {one.split}: {one.rows:,} rows{digest}")
    for fault in one.faults:
        click.echo(inert(f"    error: {fault}"))
    for caution in one.cautions:
        click.echo(inert(f"    warning[{caution.code}]: {caution}"))


_WISHES = (
    click.option("--name", required=True, metavar="NAME", help="What the benchmark is to be called."),
    click.option("--question", required=True, metavar="COL", help="Column of the question."),
    click.option("--answer", required=True, metavar="COL", help="Column of the right answer, or of a list of them."),
    click.option("--choices", multiple=True, metavar="COL", help="Column of a choice, repeated; or of a list."),
    click.option("--id", "id", metavar="COL", help="Column of the id. [default: a hash of the question]"),
    click.option("--worked", metavar="COL", help="Column of a worked solution."),
    click.option("--kind", type=click.Choice(KINDS), help="What an answer is. [default: found out]"),
    click.option("--scorer", metavar="NAME", help="Who compares. [default: by kind]"),
    click.option(
        "--answer-is",
        type=click.Choice(("text", "letter", "index", "number")),
        help="How the right choice is named; index counts from 0, number from 1.",
    ),
    click.option("--prompt", metavar="TEXT", help="Template, e.g. 'Q: {question}\\nA:'. \\n is a line break."),
    click.option("--find", metavar="PATTERN", help="Regular expression whose first group is the answer."),
    click.option("--shots", type=click.Path(path_type=Path), metavar="FILE", help="File of examples, same columns."),
    click.option("--header", metavar="COL,…", help="Names of the columns of a file without a header."),
    click.option("--within", multiple=True, metavar="FIELD", help="Where the list of items is in a .json."),
    click.option("--licence", metavar="TEXT", help="Licence of the data."),
    click.option("--max-tokens", type=click.IntRange(min=1), help="Tokens a reply may have."),
)


def _wish_options(command: Any) -> Any:
    for option in reversed(_WISHES):
        command = option(command)
    return command


@data.command("add", short_help="Make a benchmark of a file of your own.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@_wish_options
@click.option("--scaffold", type=click.Path(path_type=Path), metavar="FILE.py", help="Write a Python class instead.")
@click.option("--replace", is_flag=True, help="Replace what has that name.")
@json_option
def add_data(file: Path, scaffold: Path | None, replace: bool, as_json: bool, **named: Any) -> None:
    """Make a benchmark of FILE (JSON lines, JSON, CSV, TSV, Parquet) by naming its columns.

    \b
      bakeoff data add quiz.csv --name quiz --question Question --answer Right \\
              --choices A --choices B --choices C
      bakeoff run --models fake/a --benchmarks quiz
    """
    wish = _wish(file, named)
    if scaffold is not None:
        from bakeoff.app.adding import scaffold as write_scaffold

        path = write_scaffold(wish, scaffold, replace)
        _added(as_json, {"path": str(path)}, f"wrote {path}; edit it, then: bakeoff run … -b {path}:CLASS")
        return
    from bakeoff.app.adding import add

    made = add(wish, Settings.load(), replace)
    kind = made.fields["kind"]
    way = f", the right choice named by its {made.fields['answer_is']}" if "answer_is" in made.fields else ""
    told = {"path": str(made.path), "samples": made.samples, "fields": made.fields}
    said = f"added '{wish.name}': {made.samples:,} samples, kind {kind}{way}; it is declared in {made.path}"
    _added(as_json, told, said)


def _added(as_json: bool, told: dict[str, Any], said: str) -> None:
    click.echo(orjson.dumps(told).decode() if as_json else said)


def _wish(file: Path, named: dict[str, Any]) -> Wish:
    from bakeoff.app.adding import Wish

    header = tuple(part.strip() for part in (named.pop("header") or "").split(",") if part.strip())
    prompt = named.pop("prompt")
    return Wish(file=file, header=header, prompt=prompt.replace("\\n", "\n") if prompt else None, **named)
