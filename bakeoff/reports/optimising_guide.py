"""When to use which optimisation: stated rules over measured numbers. Pure.

A rule claims a gain only where an interval excludes 1, and never for a way whose scores are shown to be others.
Example:

    guide([scope])      # [Advice("O1", …, "batched:16", "3.1 × [2.7, 3.6] the tokens/s of one call after the other …")]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from bakeoff.core.types import Estimate
from bakeoff.reports.optimising import Advice, Scope, Way
from bakeoff.reports.points import signed

RULES = {
    "O1": "Many questions wait: of the ways whose scores are not shown to differ, the one with the most output tokens "
    "a second. Those whose interval reaches it are level with it, and the one that needs the least memory is named.",
    "O2": "Somebody waits for the first token: of those ways the one with the soonest median first token "
    "(of the whole reply, where the engine does not stream).",
    "O3": "What a batch costs each reply: its 95th percentile against one call after the other.",
    "O4": "A prefix cache is worth it where at least 10 % of the prompt tokens come from it and the first token comes "
    "sooner than by chance.",
    "O5": "Guessed tokens are worth it where tokens a second rise by more than chance, one reply at a time.",
    "O6": "Replies from the store cost a look-up; they help only with questions that were asked before.",
    "O7": "A way whose scores are shown to differ is another experiment, whatever its speed.",
}
LEAST_HITS = 0.1


def guide(scopes: Sequence[Scope]) -> list[Advice]:
    """What the rules say of each scope, in the order of the rules."""
    return [advice for scope in scopes for rule in _RULES for advice in rule(scope)]


def sound(scope: Scope) -> list[Way]:
    """The ways that answer by the model, and whose scores are not shown to differ: the yardstick among them."""
    return [way for way in scope.ways if way.label != "response_cache" and not way.differs]


def gained(found: Estimate | None) -> bool:
    """Whether a ratio is shown to be above 1."""
    return found is not None and found.low is not None and found.low > 1


def lost(found: Estimate | None) -> bool:
    """Whether a ratio is shown to be below 1."""
    return found is not None and found.high is not None and found.high < 1


def ratio_text(found: Estimate | None) -> str:
    """`3.1 × [2.7, 3.6]`."""
    if found is None or found.value is None:
        return "not known"
    if found.low is None or found.high is None:
        return f"{found.value:.2f} × (no interval)"
    return f"{found.value:.2f} × [{found.low:.2f}, {found.high:.2f}]"


def _many(scope: Scope) -> Iterator[Advice]:
    faster = [way for way in sound(scope) if gained(way.speed)]
    if not faster:
        measured = [way for way in sound(scope) if way.speed is not None]
        if measured:
            best = max(measured, key=lambda way: way.speed.value or 0.0 if way.speed else 0.0)
            yield Advice(
                "O1",
                scope.title,
                "many questions wait",
                "sequential",
                f"no way is shown to be faster; the highest is {best.label} with {ratio_text(best.speed)} the tokens/s",
            )
        return
    best = max(faster, key=lambda way: _value(way.speed))
    level = [way for way in faster if way is not best and way.speed and (way.speed.high or 0) >= _value(best.speed)]
    chosen = min([best, *level], key=lambda way: (_memory(way), -_value(way.speed)))
    told = f"{ratio_text(chosen.speed)} the tokens/s of one call after the other"
    if chosen is not best:
        told += f"; level with {best.label} ({ratio_text(best.speed)}), and with less memory"
    elif level:
        told += f"; level with it: {', '.join(way.label for way in level)}"
    yield Advice("O1", scope.title, "many questions wait", chosen.label, told)


def _value(found: Estimate | None) -> float:
    return (found.value or 0.0) if found is not None else 0.0


def _memory(way: Way) -> float:
    """Bytes, of the GPU where there is one; infinite where nobody read them, so that only known ones win by it."""
    machine = way.performance.machine if way.performance is not None else None
    if machine is None:
        return float("inf")
    return float(machine.device_peak or machine.host_peak or "inf")


def _soon(scope: Scope) -> Iterator[Advice]:
    known = [way for way in sound(scope) if way.first is not None]
    sooner = [way for way in known if gained(way.first)]
    if not known:
        return
    if not sooner:
        yield Advice(
            "O2",
            scope.title,
            "somebody waits for the first token",
            "sequential",
            "no way is shown to give it sooner",
        )
        return
    best = max(sooner, key=lambda way: _value(way.first))
    yield Advice(
        "O2",
        scope.title,
        "somebody waits for the first token",
        best.label,
        f"the first token comes {ratio_text(best.first)} as soon",
    )


def _tail(scope: Scope) -> Iterator[Advice]:
    base = next((way for way in scope.ways if way.yardstick), None)
    slow = _p95(base)
    for way in scope.ways:
        found = _p95(way)
        if way.label.startswith("batched") and found is not None and slow:
            yield Advice(
                "O3",
                scope.title,
                "each reply has to come in time",
                way.label,
                f"p95 of a whole reply is {found:.3g} s, against {slow:.3g} s one after the other"
                f" ({found / slow:.2f} ×)",
            )


def _p95(way: Way | None) -> float | None:
    found = way.performance.whole if way is not None and way.performance is not None else None
    return found.p95.value if found is not None else None


def _prefix(scope: Scope) -> Iterator[Advice]:
    for way in scope.ways:
        hits = way.performance.prefix_hits if way.performance is not None else None
        if "prefix_cache" not in way.label:
            continue
        if hits is None or hits.value is None:
            told, choice = "the engine does not tell how much came from the cache", "unknown"
        elif hits.value < LEAST_HITS:
            told, choice = (
                f"{hits.value:.1%} of the prompt tokens came from the cache: prompts share too little",
                "leave",
            )
        else:
            choice = "use" if gained(way.first) else "leave"
            told = f"{hits.value:.1%} of the prompt tokens came from the cache"
            told += f", the first token {ratio_text(way.first)} as soon"
        yield Advice("O4", scope.title, "prompts share their beginning", f"{choice} {way.label}", told)


def _guessing(scope: Scope) -> Iterator[Advice]:
    for way in scope.ways:
        if "speculative" in way.label and way.speed is not None:
            choice = "use" if gained(way.speed) else "leave"
            why = "" if gained(way.speed) else ": slower" if lost(way.speed) else ": no gain shown"
            told = f"{ratio_text(way.speed)} the tokens/s{why}"
            yield Advice("O5", scope.title, "one reply at a time has to be quick", f"{choice} {way.label}", told)


def _stored(scope: Scope) -> Iterator[Advice]:
    for way in scope.ways:
        whole = way.performance.whole if way.performance is not None else None
        if way.label == "response_cache" and whole is not None and whole.p50.value is not None:
            told = f"a look-up takes {1000 * whole.p50.value:.3g} ms and no call"
            yield Advice("O6", scope.title, "the same questions come again", way.label, told)


def _other(scope: Scope) -> Iterator[Advice]:
    for way in scope.ways:
        if way.differs and way.comparison is not None:
            points = signed(100 * (way.comparison.difference.value or 0.0))
            told = f"its scores are shown to differ by {points} points: {way.comparison.verdict}"
            yield Advice("O7", scope.title, "scores are reported", f"do not use {way.label}", told)


_RULES: tuple[Callable[[Scope], Iterator[Advice]], ...] = (_many, _soon, _tail, _prefix, _guessing, _stored, _other)
