"""A scaling study for a terminal of 80 columns: each scope's models, pairs and frontier, then what the rules say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bakeoff.reports.charts import inert
from bakeoff.reports.scaling.model import Contestant, Pair, Scope, Standing, Study
from bakeoff.reports.scaling.words import ABSENT, dollars, front_line, pair_line, samples_line, title, told
from bakeoff.reports.terminal import NARROW, print_wrapped

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = (
    ("score [95 %]", "quality"),
    ("tok/s", "tokens_per_s"),
    ("p50", "p50_s"),
    ("p95", "p95_s"),
    ("$/1k", "usd_per_item"),
    ("solved/$", "per_usd"),
)
_FURTHER = (
    ("above chance", "above_chance"),
    ("solved/s", "per_second"),
    ("solved/1k tok", "per_1k_tokens"),
    ("GB (est.)", "weights_gb"),
    ("score/GB (est.)", "per_gb"),
)
_LABEL = 35  # columns for what a line is about


def print_study(study: Study, console: Console) -> None:
    """All of a study but the intervals of speeds and costs, which the files have."""
    print_wrapped(_head(study), console)
    for scope in (*study.scopes, *([study.pooled] if study.pooled else [])):
        console.print()
        _print_scope(scope, console)
    console.print()
    for one in study.recommendations:
        print_wrapped(f"{one.rule} {_where(one.scope, study)}{one.sentence}", console)
        print_wrapped(f"   would change it: {one.change}", console)
    for note in study.notes:
        print_wrapped(f"note: {note}", console)


def _where(scope: str, study: Study) -> str:
    return "" if scope == study.whole.name else f"{scope}: "


def _head(study: Study) -> str:
    first, *others = [_sized(one) for one in study.contestants]
    return f"{', '.join(others)} against {first} · {'run' if len(study.runs) == 1 else 'runs'} {', '.join(study.runs)}"


def _sized(one: Contestant) -> str:
    return f"'{one.name}'" + (f" ({one.size_b:g} B)" if one.size_b is not None else "")


def _print_scope(scope: Scope, console: Console) -> None:
    from rich.text import Text

    samples = samples_line(scope)
    console.print(Text(inert(f"{title(scope)} · {samples}{' · ' * bool(scope.setting)}{scope.setting}"), style="bold"))
    for columns in (_COLUMNS, _FURTHER):
        _print_standings(scope.standings, columns, console)
    for pair in scope.pairs:
        _print_pair(pair, console)
    for front in scope.fronts:
        print_wrapped(front_line(front), console)
    if scope.fit is not None:
        print_wrapped(f"{scope.fit.label}: {told(scope.fit)} ({scope.fit.gap or scope.fit.note})", console)


def _print_standings(standings: Sequence[Standing], columns: Sequence[tuple[str, str]], console: Console) -> None:
    """A row for each model; a column of which nothing is known is left out."""
    rows = [[one.model, *(_value(one, id_) for _, id_ in columns)] for one in standings]
    kept = [0, *(p for p in range(1, len(columns) + 1) if any(row[p] not in ("", ABSENT) for row in rows))]
    heads = ["model", *(head for head, _ in columns)]
    if len(kept) == 1:
        return
    if console.width < NARROW:
        for row in rows:
            print_wrapped(f"{row[0]}: " + ", ".join(f"{heads[p]} {row[p]}" for p in kept[1:]), console)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("model", overflow="fold")
    for place in kept[1:]:
        table.add_column(heads[place], justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(inert(row[place])) for place in kept))
    console.print(table)


def _value(standing: Standing, id_: str) -> str:
    """A number; the interval only of the score. Empty where the scope has no such number."""
    found = next((one for one in standing.quantities if one.id == id_), None)
    if found is None:
        return ""
    if id_ == "usd_per_item" and found.estimate.value is not None:
        return dollars(1000 * found.estimate.value)
    return told(found) if id_ == "quality" else told(found).partition(" [")[0]


def _print_pair(pair: Pair, console: Console) -> None:
    print_wrapped(f"'{pair.b}' against '{pair.a}': {pair_line(pair)}", console)
    if pair.looked:
        print_wrapped(f"  {pair.looked}: a test that holds at any look, and no other interval", console)
    for one in pair.quantities:
        why = one.gap if one.estimate.value is None else ""
        bare = " (no interval)" if one.estimate.low is None and not one.estimated else ""
        print_wrapped(f"  {one.label:<{_LABEL}} {f'{ABSENT} {why}' if why else told(one) + bare}", console)
