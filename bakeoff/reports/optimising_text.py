"""Optimisations in words: a table, a bar for each speed-up, and the guide; on the terminal and as Markdown.

A way whose scores are shown to differ is red, one whose texts differ more often than by chance yellow. Example:

    print_study(study, console)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.core.types import Estimate
from bakeoff.reports.charts import inert
from bakeoff.reports.optimising import Scope, Study, Way
from bakeoff.reports.optimising_guide import RULES, ratio_text
from bakeoff.reports.points import signed
from bakeoff.reports.terminal import score_text

if TYPE_CHECKING:
    from rich.console import Console

HEAD = ("optimisation", "score [95 %]", "tokens/s", "first token", "reply p95", "memory", "same texts", "same outcomes")
SHORT_HEAD = ("optimisation", "score [95 %]", "tokens/s", "first token", "reply p95", "memory", "same text / outcome")
BAR = 30  # columns of the longest bar
NOTHING = "–"
_MIB = 1 << 20


def cells(way: Way) -> tuple[str, ...]:
    """A row of the table."""
    found = way.performance
    return (
        way.label,
        score_text(way.score),
        _rate(found.output_per_s if found else None),
        _time(found.first_token.p50 if found and found.first_token else None),
        _time(found.whole.p95 if found and found.whole else None),
        memory_text(way),
        _share(way.same.texts if way.same else None),
        _share(way.same.outcomes if way.same else None),
    )


def short_cells(way: Way) -> tuple[str, ...]:
    """The row of a terminal: the intervals of speeds stand at the bars, those of shares in the files."""
    label, score, _, first, tail, memory, _, _ = cells(way)
    found = way.performance.output_per_s if way.performance is not None else None
    rate = NOTHING if found is None or found.value is None else f"{found.value:,.0f}"
    shares = [way.same.texts.value, way.same.outcomes.value] if way.same is not None else []
    same = " / ".join(f"{100 * share:.0f} %" for share in shares if share is not None) or NOTHING
    return label, score, rate, first, tail, memory, same


def memory_text(way: Way) -> str:
    """The most that was held: of the GPU where there is one, else of this process."""
    machine = way.performance.machine if way.performance is not None else None
    peak = (machine.device_peak or machine.host_peak) if machine is not None else None
    return NOTHING if peak is None else f"{peak / _MIB:,.0f} MiB"


def speed_text(way: Way) -> str:
    """How many times as fast as the yardstick, which is 1 × where its own speed is known."""
    return "1 ×" if way.yardstick and way.timed else ratio_text(way.speed)


def state(way: Way) -> str:
    """`differs`, `noisy` or nothing: how a reader has to be warned."""
    if way.differs:
        return "differs"
    return "noisy" if way.same is not None and way.same.beyond_noise else ""


def warnings(scope: Scope) -> list[str]:
    """A sentence for each way whose answers are not shown to be those of the yardstick."""
    told = []
    for way in scope.ways:
        if way.differs and way.comparison is not None:
            points = signed(100 * (way.comparison.difference.value or 0.0))
            told.append(f"{way.label}: scores differ by {points} points. {way.comparison.verdict}")
        elif way.same is not None and way.same.beyond_noise and way.same.noise is not None:
            own = 1 - (way.same.texts.value or 0.0)
            told.append(
                f"{way.label}: {own:.1%} of the texts differ, and {way.same.noise.value or 0.0:.1%} do when the"
                f" yardstick is asked again (exact McNemar p = {way.same.p:.4f}); no difference in scores is shown"
            )
    return told


def longest(scope: Scope) -> float:
    """The speed-up that has the longest bar: of those that ask a model; a look-up would make all others dots."""
    asked = [way.speed.value or 0.0 for way in scope.ways if way.speed is not None and way.label != "response_cache"]
    return max([1.0, *asked])


def bars(scope: Scope) -> list[tuple[str, int, str]]:
    """The speed-ups: label, length in columns (0 to BAR), and in words; none for a way whose speed is not known."""
    known = [(way.label, way.speed) for way in scope.ways if way.speed is not None and way.speed.value]
    most = longest(scope)
    rows = [(way.label, round(BAR / most), "1 ×") for way in scope.ways if way.yardstick and way.timed]
    for label, speed in known:
        length = min(BAR, max(1, round(BAR * (speed.value or 0.0) / most)))
        rows.append((label, length, ratio_text(speed)))
    return rows


def print_study(study: Study, console: Console) -> None:
    """Tables, bars, warnings, guide, notes."""
    for scope in study.scopes:
        _print_scope(scope, console)
    if study.advice:
        _line(console, "When to use which", "bold")
    for one in study.advice:
        where = f"{one.scope}: " if len(study.scopes) > 1 else ""
        _line(console, f"{one.rule} {where}{one.situation}: {one.choice} ({one.sentence})", "")
    for note in study.notes:
        _line(console, f"note: {note}", "dim")


def _print_scope(scope: Scope, console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    _line(console, scope.title, "bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(SHORT_HEAD):  # a label is never cut: it alone says which row this is
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=place == 0, overflow="fold")
    for way in scope.ways:
        style = {"differs": "red", "noisy": "yellow"}.get(state(way), "")
        table.add_row(*(Text(inert(text)) for text in short_cells(way)), style=style)
    console.print(table)
    for label, length, told in bars(scope):
        _line(console, f"  {label:<28} {'█' * length} {told}", "")
    for told in warnings(scope):
        _line(console, told, "red" if "scores differ" in told else "yellow")
    console.print()


def _line(console: Console, text: str, style: str) -> None:
    from rich.text import Text

    console.print(Text(inert(text), style=style))


def markdown(study: Study) -> str:
    """The same as Markdown."""
    lines = [f"# Optimisations: run {_md(study.run)}", ""]
    for scope in study.scopes:
        lines += [f"## {_md(scope.title)}", "", _md_row((*HEAD, "speed-up"))]
        lines.append("|" + " --- |" * (len(HEAD) + 1))
        lines += [_md_row((*cells(way), speed_text(way))) for way in scope.ways]
        lines += ["", *(f"**{_md(told)}**\n" for told in warnings(scope))]
    lines += ["## When to use which", ""]
    lines += [
        f"- {one.rule} {_md(one.scope)}, {one.situation}: **{_md(one.choice)}** ({_md(one.sentence)})"
        for one in study.advice
    ]
    lines += ["", *(f"{rule}: {text}  " for rule, text in RULES.items() if any(a.rule == rule for a in study.advice))]
    lines += ["", *(f"- {_md(note)}" for note in study.notes), ""]
    return "\n".join(lines)


def _md(text: str) -> str:
    clean = inert(text).replace("\n", " ")
    return "".join(f"\\{sign}" if sign in "\\`*_|<>[]#" else sign for sign in clean)


def _md_row(texts: tuple[str, ...]) -> str:
    return "| " + " | ".join(_md(text) for text in texts) + " |"


def _rate(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return NOTHING
    if found.low is None or found.high is None:
        return f"{found.value:,.0f}"
    return f"{found.value:,.0f} [{found.low:,.0f}, {found.high:,.0f}]"


def _time(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return NOTHING
    return f"{found.value:.2f} s" if found.value >= 1 else f"{1000 * found.value:.3g} ms"


def _share(found: Estimate | None) -> str:
    if found is None or found.value is None:
        return NOTHING
    low, high = (100 * (bound if bound is not None else found.value) for bound in (found.low, found.high))
    return f"{100 * found.value:.1f} % [{low:.0f}, {high:.0f}]"
