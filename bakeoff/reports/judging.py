"""From a contest to its verdict: every duel with its numbers, the order of the arms, the sentence. Pure.

Early in a run p and interval are those that hold at any look; at the planned end the rest of alpha is spent
in one exact test of the pairs that differ. Example:

    verdict = judge(contest, ["naive", "cot"], RunStatus.DECIDED, planned=1319)
    verdict.kind, verdict.sentence
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bakeoff.core.records import RunStatus
from bakeoff.reports.verdict import ArmResult, DuelResult, GuardResult, Stop, Verdict, VerdictKind
from bakeoff.reports.verdict_words import conclude, unanswered_words
from bakeoff.stats.contest import Contest, Duel, Rule
from bakeoff.stats.multiple import holm
from bakeoff.stats.paired import PairedBinary
from bakeoff.stats.sequential import terminal_p

_STOPS: dict[RunStatus, Stop] = {
    RunStatus.COMPLETE: "end",
    RunStatus.DECIDED: "decided",
    RunStatus.BUDGET: "budget",
    RunStatus.STOPPED: "engine",
    RunStatus.RUNNING: "running",
    RunStatus.INTERRUPTED: "interrupted",
}

MUCH_MISSING = 0.1  # of the samples: more is told


def judge(
    contest: Contest,
    labels: Sequence[str],
    status: RunStatus,
    planned: int,
    guards: Sequence[GuardResult] = (),
    notes: Sequence[str] = (),
    counted_wrong: Sequence[int] | None = None,
) -> Verdict:
    """The verdict on a contest, whose run ended as `status` says, of `planned` samples.

    `counted_wrong`: of each arm the replies that the rule counts as wrong for want of an answer; None: as missing.
    """
    stop: Stop = "decided" if contest.decided else "end" if contest.items >= planned else _STOPS[status]
    at_end = stop == "end" or contest.items >= planned
    duels = duels_of(contest, labels, at_end)
    arms = _arms(contest, labels, duels, at_end)
    if counted_wrong is not None:
        arms = [replace(arm, counted_wrong=count) for arm, count in zip(arms, counted_wrong, strict=True)]
    blank = Verdict(
        VerdictKind.NOTHING, "", None, stop, contest.rule, contest.items, planned, arms, duels, guards, notes
    )
    kind, winner, sentence = conclude(blank, contest.all_equivalent)
    if counted_wrong is not None:
        sentence += unanswered_words(list(zip(labels, counted_wrong, strict=True)))
    said = replace(blank, kind=kind, winner=winner, sentence=sentence)
    return replace(said, notes=[*notes, *_notes(said)])


def _notes(verdict: Verdict) -> list[str]:
    """What a reader has to know to read the numbers right."""
    found = []
    if verdict.early and (leaning := _leaning(verdict)):
        found.append(f"Stopped early: the difference {leaning} on average; its interval holds.")
    shown = [duel.difference for duel in verdict.duels if duel.winner is not None]
    if any((one.low or 0) <= 0 <= (one.high or 0) for one in shown):
        found.append("The interval holds for every difference at once and is wider than the test: it may reach 0.")
    if any(_reaches_margin(verdict, arm) for arm in verdict.arms):
        found.append("That an arm is not worse is shown one-sided; the interval is two-sided and may reach the margin.")
    unpaired = max((duel.difference.n_missing for duel in verdict.duels), default=0)
    if verdict.kind is not VerdictKind.NOTHING and unpaired > MUCH_MISSING * verdict.asked:
        found.append(
            f"Up to {unpaired:,} of {verdict.asked:,} samples lack an answer in one arm and are left out;"
            " 'unanswered: wrong' in the decision rule counts all but errors as wrong."
        )
    return found


def _leaning(verdict: Verdict) -> str:
    """How an early stop has moved the difference; nothing where small differences stop a run as well."""
    standings = {arm.standing for arm in verdict.arms}
    if verdict.rule.name == "difference":
        return "" if verdict.kind is VerdictKind.EQUIVALENT else "is too large"
    if standings & {"worse", "outside"}:
        return "is too large"
    return "looks better than it is" if "not_worse" in standings else ""


def _reaches_margin(verdict: Verdict, arm: ArmResult) -> bool:
    """Whether an arm was shown not to be worse while its two-sided interval still has the margin in it."""
    lows = [duel.difference.low for duel in verdict.duels if duel.b == arm.label]
    return arm.standing == "not_worse" and any((low or 0) <= -(verdict.rule.margin or 0) for low in lows)


Final = tuple[float, Literal["a", "b"] | None]  # the p value of the one test at the end, and who won it


def duels_of(contest: Contest, labels: Sequence[str], at_end: bool = False) -> list[DuelResult]:
    """How every two arms stand now, or `at_end` after the one test that is made there; the baseline is an A."""
    finals = _finals(contest) if at_end and contest.rule.name == "difference" else [None] * len(contest.duels)
    once = at_end and not contest.rule.early
    found = []
    for ((a, b), duel), final in zip(contest.duels.items(), finals, strict=True):
        one = replace(_duel(duel, (labels[a], labels[b]), contest.rule, final, once), claimed=contest.claimed(a, b))
        found.append(one.turned if b == contest.rule.baseline else one)
    return found


def _finals(contest: Contest) -> list[Final | None]:
    """For each duel the test at the planned end; None where a look had decided it, or there is nothing to test."""
    duels, alive = list(contest.duels.values()), contest.alive
    if contest.rule.early:
        left = [a in alive and b in alive for a, b in contest.duels]
        return [_terminal(duel, contest.rule) if both else None for duel, both in zip(duels, left, strict=True)]
    tests = [duel.fixed() if duel.n else None for duel in duels]
    raw = [None if test is None else test.p_exact if isinstance(test, PairedBinary) else test.p for test in tests]
    found: list[Final | None] = []
    for duel, p in zip(duels, holm(raw), strict=True):
        ahead: Literal["a", "b"] = "b" if (duel.difference or 0) > 0 else "a"
        found.append(None if p is None else (p, ahead if p <= contest.rule.alpha else None))
    return found


def _terminal(duel: Duel, rule: Rule) -> Final | None:
    """The exact test that spends what the looks have left of alpha."""
    if duel.winner is not None or duel.graded or not duel.n:
        return None
    m, s = duel.process.m, duel.process.s
    p = terminal_p(m, s, duel.alpha, rule.prior)
    return p, ("b" if 2 * s > m else "a") if p <= duel.alpha else None


def _duel(duel: Duel, names: tuple[str, str], rule: Rule, final: Final | None, once: bool) -> DuelResult:
    """`once`: all was asked and nobody looked before, so that the usual interval and test hold."""
    side = final[1] if final is not None else duel.winner if rule.early else None
    alpha = rule.alpha if once and rule.name == "difference" else duel.alpha
    return DuelResult(
        *names,
        difference=duel.fixed(1 - alpha).difference if once else duel.estimate,
        only_a=None if duel.graded else duel.process.m - duel.process.s,
        only_b=None if duel.graded else duel.process.s,
        e=None if duel.graded or not rule.early else duel.process.e,
        p=final[0] if final is not None else duel.p if rule.early else None,
        alpha=alpha,
        final=final is not None or once,
        winner=None if side is None else names[side == "b"],
        p_not_worse=duel.gate.p if duel.gate is not None and rule.name == "not_worse" and rule.early else None,
    )


def _arms(contest: Contest, labels: Sequence[str], duels: Sequence[DuelResult], at_end: bool) -> list[ArmResult]:
    if contest.rule.name == "difference":
        return _ranked(contest, labels, duels)
    standing = contest.standing_at_end if at_end else contest.standing
    found = []
    for index, label in enumerate(labels):
        _, after = contest.out.get(index, (None, None))
        base = index == contest.rule.baseline
        found.append(ArmResult(label, None, after, "baseline" if base else standing(index)))
    return found


def _ranked(contest: Contest, labels: Sequence[str], duels: Sequence[DuelResult]) -> list[ArmResult]:
    """Who was beaten by whom. Where each that is left was beaten by another, in a circle, none of them is out."""
    beaten: dict[str, str] = {}
    for duel in duels:
        if duel.winner is not None:
            beaten.setdefault(duel.a if duel.winner == duel.b else duel.b, duel.winner)
    circle = beaten.keys() >= {labels[arm] for arm in contest.alive}
    found = []
    for index, label in enumerate(labels):
        by, after = contest.out.get(index, (None, None))
        name = labels[by] if by is not None else None if circle else beaten.get(label)
        found.append(ArmResult(label, name, after, "worse" if name is not None else "open"))
    return found
