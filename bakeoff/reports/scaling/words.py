"""How the numbers of a scaling study read: three figures, a unit, an interval; or why there is none. Pure.

Example: `told(study.whole.pairs[0].quantity("icer"))` is `$4.84 [3.52, 7.46]`.
"""

from __future__ import annotations

from collections.abc import Callable

from bakeoff.core.types import Estimate
from bakeoff.reports.charts import seconds
from bakeoff.reports.compare import format_p
from bakeoff.reports.points import signed, unsigned
from bakeoff.reports.scaling.model import Front, Pair, Quantity, Scope, Unit

ABSENT = "–"


def figures(value: float) -> str:
    """A number in three figures, without exponents between a millionth and a million: `0.0123`, `1,230`."""
    size = abs(value)
    if value == 0:
        return "0"
    if size >= 1e9 or size < 1e-6:
        return f"{value:.2e}"
    if size >= 100:
        return f"{value:,.0f}"
    places = 2
    while size < 1:
        size, places = size * 10, places + 1
    return f"{value:.{places - (size >= 10)}f}"


def dollars(value: float | None) -> str:
    if value is None:
        return ABSENT
    return f"-${figures(-value)}" if value < 0 else f"${figures(value)}"


def told(found: Quantity) -> str:
    """Value and interval; a dash where there is no value, the value alone where there is no interval."""
    return estimate_text(found.estimate, found.unit)


def estimate_text(one: Estimate, unit: Unit) -> str:
    if one.value is None:
        return ABSENT
    if unit in ("share", "points"):
        shape = signed if unit == "points" else unsigned
        middle = shape(100 * one.value) + (" %" if unit == "share" else "")
        return middle if one.low is None or one.high is None else f"{middle} [{_pair(one, lambda v: shape(100 * v))}]"
    word = _WORDS[unit]
    if one.low is None or one.high is None:
        return word(one.value)
    return f"{word(one.value)} [{_pair(one, _BOUNDS.get(unit, word))}]"


def _pair(one: Estimate, word: Callable[[float], str]) -> str:
    return f"{word(one.low or 0.0)}, {word(one.high or 0.0)}"


def _seconds(value: float) -> str:
    return f"-{seconds(-value)}" if value < 0 else seconds(value)


_WORDS: dict[Unit, Callable[[float], str]] = {
    "score": lambda value: f"{value:.3f}",
    "times": lambda value: f"× {figures(value)}",
    "usd": dollars,
    "seconds": _seconds,
    "rate": figures,
    "gb": lambda value: f"{figures(value)} GB",
    "logit": lambda value: f"{value:+.2f}",
}
_BOUNDS: dict[Unit, Callable[[float], str]] = {"times": figures, "usd": figures, "gb": figures}


def pair_line(pair: Pair) -> str:
    """The difference with its interval, its test, and what there is of mid-p and E."""
    parts = [f"{estimate_text(pair.difference, 'points')} points"]
    if pair.p_adjusted is not None:
        family = f", Holm for {pair.family}" if pair.family > 1 else ""
        parts.append(f"{format_p(pair.p_adjusted)} ({pair.test}{family})")
    if pair.p_mid is not None:
        parts.append(f"mid-{format_p(pair.p_mid)}")
    if pair.e is not None:
        parts.append(f"E = {figures(pair.e)}")
    parts.append(f"n = {pair.difference.n:,}")
    if pair.difference.n_missing:
        parts.append(f"missing {pair.difference.n_missing:,}")
    winner = {1: pair.b, -1: pair.a}.get(pair.better)
    parts.append(f"'{winner}' scores higher" if winner else "no difference shown")
    return " · ".join(parts) if pair.difference.value is not None else "nothing was graded for both"


def front_line(front: Front) -> str:
    """Who is on the frontier, and who is shown to be beaten by whom."""
    words = {"usd": "dollars", "seconds": "seconds"}[front.axis]
    if front.gap:
        return f"score against {words}: not known, {front.gap}"
    beaten = (
        ", ".join(f"'{winner}' beats '{loser}'" for loser, winner in front.dominated) or "nobody is shown to be beaten"
    )
    return f"score against {words}: {', '.join(front.names)}; {beaten}"


def title(scope: Scope) -> str:
    return "all benchmarks, each counted alike" if scope.pooled else scope.name


def samples_line(scope: Scope) -> str:
    """How many samples there are, and of how many the models' scores are: those graded for each of them."""
    samples = "1 sample" if scope.shared == 1 else f"{scope.shared:,} samples"
    return f"{samples}, {scope.standings[0].quantity('quality').estimate.n:,} graded for all"
