"""A verdict for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.reports.charts import inert
from bakeoff.reports.compare import format_p
from bakeoff.reports.points import signed
from bakeoff.reports.terminal import print_wrapped
from bakeoff.reports.verdict import DuelResult, Verdict

if TYPE_CHECKING:
    from rich.console import Console

_DUELS_SHOWN = 10


def print_verdict(verdict: Verdict, console: Console) -> None:
    """The sentence first, then what it rests on."""
    print_wrapped(verdict.sentence, console)
    for duel in list(verdict.duels)[:_DUELS_SHOWN]:
        print_wrapped(f"  {duel_line(duel)}", console)
    if len(verdict.duels) > _DUELS_SHOWN:
        console.print(f"  and {len(verdict.duels) - _DUELS_SHOWN} more pairs; --json lists all", style="dim")
    for guard in verdict.guards:
        print_wrapped(f"  {inert(guard.said)}", console)
    for note in verdict.notes:
        print_wrapped(f"  {note}", console)


def duel_line(duel: DuelResult) -> str:
    """`cot against naive: +14.6 points [+3.1, +25.9], n 153, won 41, lost 17, E 31.2 (needs 20), p = 0.0321`."""
    found = duel.difference
    if found.value is None or found.low is None or found.high is None:
        return f"{duel.b} against {duel.a}: no sample graded in both"
    value, low, high = (signed(100 * number) for number in (found.value, found.low, found.high))
    parts = [f"{duel.b} against {duel.a}: {value} points [{low}, {high}]"]
    parts.append(f"n {found.n:,}")
    if duel.only_a is not None and duel.only_b is not None:
        parts.append(f"won {duel.only_b:,}, lost {duel.only_a:,}")
    if duel.e is not None:
        parts.append(f"E {_evidence(duel.e)} (needs {_evidence(1 / duel.alpha)})")
    if duel.p is not None:
        parts.append(format_p(duel.p))
    if found.n_missing:
        parts.append(f"{found.n_missing:,} missing")
    return ", ".join(parts)


def _evidence(e: float) -> str:
    return f"{e:,.0f}" if 100 <= e < 1e7 else f"{e:,.3g}"
