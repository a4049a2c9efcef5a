"""The sentence of a verdict: what was shown, after how many samples, with which numbers. Pure.

The word "winner" stands only where there is one; what was not shown is called open. Example:

    kind, winner, sentence = conclude(verdict, all_equivalent=False)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bakeoff.core.types import Estimate
from bakeoff.reports.compare import format_p
from bakeoff.reports.points import signed
from bakeoff.reports.verdict import DuelResult, Verdict, VerdictKind

Conclusion = tuple[VerdictKind, str | None, str]  # the kind, the winner, the sentence
_ENDED = {
    "budget": "Stopped by the budget",
    "interrupted": "Interrupted",
    "engine": "Stopped by a dead engine",
    "running": "Still running",
}


def conclude(verdict: Verdict, all_equivalent: bool) -> Conclusion:
    """What a verdict comes to, whose numbers are known. `all_equivalent`: the arms that are left, within the margin."""
    if not any(duel.difference.n for duel in verdict.duels):
        return VerdictKind.NOTHING, None, _nothing(verdict)
    if verdict.rule.name == "difference":
        return _of_difference(verdict, all_equivalent)
    return _of_margin(verdict)


def unanswered_words(counts: Sequence[tuple[str, int]]) -> str:
    """What a rule with `unanswered: wrong` did: ` Replies without an answer count as wrong: 58 of 'a', 3 of 'b'.`"""
    told = ", ".join(f"{count:,} of '{label}'" for label, count in counts if count)
    return f" Replies without an answer count as wrong: {told or 'there were none'}."


def _nothing(verdict: Verdict) -> str:
    ended = _ENDED.get(verdict.stop)
    if not verdict.asked:
        return f"{ended or 'Ended'} before the first look: nothing to compare yet."
    where = count(verdict.asked, verdict.planned)
    return f"{ended + ' after' if ended else 'After'} {where}: nothing to compare, as none was graded in two arms."


def _of_difference(verdict: Verdict, all_equivalent: bool) -> Conclusion:
    left = [arm.label for arm in verdict.arms if arm.beaten_by is None]
    if len(left) == 1:
        return _won(verdict, left[0])
    where = f"after {count(verdict.asked, verdict.planned)}"
    behind = _behind(verdict)
    if all_equivalent:
        margin = _points(verdict.rule.margin or 0)
        said = f"{_names(left)} are equivalent within {margin}, {where} ({_closest(verdict, left)}).{behind}"
        return VerdictKind.EQUIVALENT, None, said
    if verdict.stop in _ENDED:
        kind = VerdictKind.BUDGET if verdict.stop == "budget" else VerdictKind.UNFINISHED
        told = f"no difference shown yet ({_closest(verdict, left)})"
        return kind, None, f"{_ENDED[verdict.stop]} {where}: {told}.{behind}"
    if all(any(duel.winner not in (None, name) for duel in _of(verdict, name)) for name in left):
        said = f"None of {_names(left)} is shown to be the best {where}: each is behind another.{behind}"
        return VerdictKind.NO_DIFFERENCE, None, said
    told = f"No difference shown between {_names(left)} {where} ({_closest(verdict, left)})"
    return VerdictKind.NO_DIFFERENCE, None, f"{told}.{behind}"


def _of(verdict: Verdict, name: str) -> list[DuelResult]:
    return [duel for duel in verdict.duels if name in (duel.a, duel.b)]


def _behind(verdict: Verdict, winner: str | None = None) -> str:
    """Who was beaten, but for those whom the sentence names as beaten by the winner."""
    leads = [duel for duel in verdict.duels if winner is not None and duel.winner == winner]
    told = {label for duel in leads for label in (duel.a, duel.b)}
    beaten = [arm.label for arm in verdict.arms if arm.beaten_by is not None and arm.label not in told]
    return f" {_names(beaten)} {'is' if len(beaten) == 1 else 'are'} behind." if beaten else ""


def _won(verdict: Verdict, name: str) -> Conclusion:
    leads = [duel for duel in verdict.duels if duel.winner == name]
    told = "; ".join(_lead(duel, name) for duel in leads)
    where = f"after {count(verdict.asked, verdict.planned)}"
    behind = _behind(verdict, name)
    against = [guard.said for guard in verdict.guards if guard.arm == name and guard.holds is not True]
    if against:
        said = f"'{name}' scores higher, {where} ({told}), but it is not to be taken: {'; '.join(against)}.{behind}"
        return VerdictKind.GUARDED, None, said
    return VerdictKind.WINNER, name, f"Winner: '{name}', {where} ({told}).{behind}"


def _lead(duel: DuelResult, winner: str) -> str:
    """How far a winner is ahead of one arm."""
    loser, sign = (duel.a, 1) if winner == duel.b else (duel.b, -1)
    low, high = _bounds(duel.difference, sign)
    value = sign * 100 * (duel.difference.value or 0)
    return f"{signed(value)} points over '{loser}', {_interval(duel)} {signed(low)} to {signed(high)}{_test(duel)}"


def _test(duel: DuelResult) -> str:
    if duel.p is None:
        return ""
    return f", {format_p(duel.p)}{' at the end' if duel.final else ''}"


def _closest(verdict: Verdict, left: Sequence[str]) -> str:
    """The duel of those left that came nearest to a difference."""
    duels = [duel for duel in verdict.duels if duel.a in left and duel.b in left and duel.difference.n]
    if not duels:
        return "nothing was graded in two of them"
    duel = min(duels, key=lambda one: 1.0 if one.p is None else one.p)
    low, high = _bounds(duel.difference, 1)
    value = 100 * (duel.difference.value or 0)
    told = f"{signed(value)} points, {_interval(duel)} {signed(low)} to {signed(high)}{_test(duel)}"
    # of several arms each pair has a part of alpha only: a p below alpha, with no difference shown, says why
    short = duel.p is not None and duel.alpha < duel.p <= verdict.rule.alpha
    return f"'{duel.b}' against '{duel.a}' {told}{f', of {duel.alpha:.2g} needed' if short else ''}"


def _of_margin(verdict: Verdict) -> Conclusion:
    base = next(arm.label for arm in verdict.arms if arm.standing == "baseline")
    parts = []
    for arm in verdict.arms:
        if arm.standing != "baseline":
            duel = next(one for one in verdict.duels if one.b == arm.label)
            low, high = _bounds(duel.difference, 1)
            said = _standing(arm.standing, arm.label, base, verdict)
            p = duel.p_not_worse if arm.standing == "not_worse" else None
            test = "" if p is None else f"one-sided {format_p(p)}; "
            parts.append(f"{said} ({test}{_interval(duel)} {signed(low)} to {signed(high)})")
    kinds = {arm.standing for arm in verdict.arms if arm.standing != "baseline"}
    where = f"fter {count(verdict.asked, verdict.planned)}: "
    ended = _ENDED.get(verdict.stop) if "open" in kinds else None
    broken = [guard.said for guard in verdict.guards if guard.holds is not True]
    tail = f" But {'; '.join(broken)}." if broken else ""
    sentence = f"{f'{ended} a' if ended else 'A'}{where}{'; '.join(parts)}.{tail}"
    return _kind_of(kinds, verdict, bool(broken)), None, sentence


def _standing(standing: str, name: str, base: str, verdict: Verdict) -> str:
    margin = _points(verdict.rule.margin or 0)
    if standing == "open" and verdict.rule.name == "equivalent":
        return f"it is open whether '{name}' is within {margin} of '{base}'"
    return {
        "not_worse": f"'{name}' is not worse than '{base}' by {margin} or more",
        "worse": f"'{name}' is worse than '{base}' by more than {margin}",
        "equivalent": f"'{name}' is equivalent to '{base}' within {margin}",
        "outside": f"'{name}' differs from '{base}' by more than {margin}",
        "open": f"it is open whether '{name}' is worse than '{base}' by {margin} or more",
    }[standing]


def _kind_of(standings: set[str], verdict: Verdict, broken: bool) -> VerdictKind:
    if "worse" in standings:
        return VerdictKind.WORSE
    if "outside" in standings:
        return VerdictKind.DIFFERENT
    if "open" in standings:
        if verdict.stop == "budget":
            return VerdictKind.BUDGET
        return VerdictKind.NO_DIFFERENCE if verdict.stop in ("end", "decided") else VerdictKind.UNFINISHED
    if broken:
        return VerdictKind.GUARDED
    return VerdictKind.NOT_WORSE if "not_worse" in standings else VerdictKind.EQUIVALENT


def _interval(duel: DuelResult) -> str:
    kind = "anytime interval" if duel.difference.method.startswith("confidence-sequence") else "interval"
    return f"{level(duel.alpha)} % {kind}"


def level(alpha: float) -> str:
    """How sure, in percent, with as many digits as keep it below 100: `95`, `97.5`, `99.999`."""
    digits = max(1, 1 - math.floor(math.log10(100 * alpha)))
    return f"{round(100 * (1 - alpha), digits):.{digits}f}".rstrip("0").rstrip(".")


def _bounds(difference: Estimate, sign: int) -> tuple[float, float]:
    low, high = difference.low, difference.high
    ends = (-100.0 if low is None else 100 * low, 100.0 if high is None else 100 * high)
    return ends if sign > 0 else (-ends[1], -ends[0])


def _points(share: float) -> str:
    return f"{100 * share:g} point{'' if share == 0.01 else 's'}"


def count(asked: int, planned: int) -> str:
    """`64 of 640 samples`, `all 640 samples`, or `the only sample`."""
    if planned == 1:
        return "the only sample"
    return f"{asked:,} of {planned:,} samples" if asked < planned else f"all {planned:,} samples"


def _names(labels: Sequence[str]) -> str:
    quoted = [f"'{label}'" for label in labels]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
