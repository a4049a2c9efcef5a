"""What a verdict says: no winner that was not shown, and sentences that read well in 80 columns."""

from __future__ import annotations

import io
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bakeoff.core.records import RunStatus
from bakeoff.core.types import Estimate
from bakeoff.reports.judging import judge
from bakeoff.reports.verdict import GuardResult, Verdict, VerdictKind
from bakeoff.reports.verdict_text import print_verdict
from bakeoff.reports.verdict_words import count, level
from bakeoff.stats.contest import Contest, Row, Rule

RuleName = Literal["difference", "not_worse", "equivalent"]


def told(verdict: Verdict) -> str:
    """As a terminal of 80 columns has it."""
    stream = io.StringIO()
    print_verdict(verdict, Console(file=stream, width=80))
    return stream.getvalue()


def rows(both: int, only_a: int, only_b: int, neither: int = 0) -> list[Row]:
    """Samples of two arms, by who was right, well mixed."""
    found: list[Row] = [
        *[(1.0, 1.0)] * both,
        *[(1.0, 0.0)] * only_a,
        *[(0.0, 1.0)] * only_b,
        *[(0.0, 0.0)] * neither,
    ]
    random.Random(1).shuffle(found)
    return found


def verdict_of(
    rule: Rule,
    answers: Sequence[Row],
    status: RunStatus,
    planned: int = 640,
    labels: Sequence[str] = ("naive", "cot"),
    guards: Sequence[GuardResult] = (),
) -> Verdict:
    graded = any(value not in (0.0, 1.0, None) for row in answers for value in row)
    contest = Contest(len(labels), replace(rule, graded=graded))
    for start in range(0, len(answers), 32):
        contest.look(answers[start : start + 32])
    return judge(contest, list(labels), status, planned, guards)


def slow(high: float) -> GuardResult:
    return GuardResult("latency", "cot", 1.2, Estimate(high - 0.1, high - 0.2, high, 64, 0, "bootstrap95"), False)


CLEAR = rows(20, 2, 42)
EVEN = rows(30, 17, 17)
SMALL = Rule(alpha=1e-6)
GATE = Rule("not_worse", margin=0.1)
SAME = Rule("equivalent", margin=0.1)
GOLDEN: dict[str, tuple[Verdict, VerdictKind, str]] = {
    "decided": (
        verdict_of(Rule(), CLEAR, RunStatus.DECIDED),
        VerdictKind.WINNER,
        """\
Winner: 'cot', after 32 of 640 samples (+59.4 points over 'naive', 95 % anytime
interval +21.2 to +84.3, p = 0.0027).
  cot against naive: +59.4 points [+21.2, +84.3], n 32, won 20, lost 1, E 371
  (needs 20), p = 0.0027
  Stopped early: the difference is too large on average; its interval holds.
""",
    ),
    "at the end": (
        verdict_of(Rule(), rows(27, 9, 28), RunStatus.COMPLETE, 64),
        VerdictKind.WINNER,
        """\
Winner: 'cot', after all 64 samples (+29.7 points over 'naive', 95 % anytime
interval +0.5 to +55.6, p = 0.0388).
  cot against naive: +29.7 points [+0.5, +55.6], n 64, won 28, lost 9, E 25.8
  (needs 20), p = 0.0388
""",
    ),
    "even": (
        verdict_of(Rule(), EVEN, RunStatus.COMPLETE, 64),
        VerdictKind.NO_DIFFERENCE,
        """\
No difference shown between 'naive' and 'cot' after all 64 samples ('cot'
against 'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000 at
the end).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "one sample": (
        verdict_of(SMALL, [(1.0, 0.0)], RunStatus.COMPLETE, 1),
        VerdictKind.NO_DIFFERENCE,
        """\
No difference shown between 'naive' and 'cot' after the only sample ('cot'
against 'naive' -100.0 points, 99.9999 % anytime interval -100.0 to +100.0,
p = 1.0000 at the end).
  cot against naive: -100.0 points [-100.0, +100.0], n 1, won 0, lost 1, E 1
  (needs 1,000,000), p = 1.0000
""",
    ),
    "asked in full": (
        verdict_of(Rule(alpha=0.01, early=False), EVEN, RunStatus.COMPLETE, 64),
        VerdictKind.NO_DIFFERENCE,
        """\
No difference shown between 'naive' and 'cot' after all 64 samples ('cot'
against 'naive' +0.0 points, 99 % interval -23.2 to +23.2, p = 1.0000 at the
end).
  cot against naive: +0.0 points [-23.2, +23.2], n 64, won 17, lost 17,
  p = 1.0000
""",
    ),
    "a graded score, asked in full": (
        verdict_of(Rule(early=False), [(0.25, 0.75), (0.5, 0.75)] * 32, RunStatus.COMPLETE, 64),
        VerdictKind.WINNER,
        """\
Winner: 'cot', after all 64 samples (+37.5 points over 'naive', 95 % interval
+34.4 to +40.6, p < 0.0001 at the end).
  cot against naive: +37.5 points [+34.4, +40.6], n 64, p < 0.0001
""",
    ),
    "equal within a margin": (
        verdict_of(Rule(margin=0.2), rows(560, 10, 10), RunStatus.DECIDED),
        VerdictKind.EQUIVALENT,
        """\
'naive' and 'cot' are equivalent within 20 points, after 64 of 640 samples
('cot' against 'naive' +0.0 points, 95 % anytime interval -11.5 to +11.5,
p = 1.0000).
  cot against naive: +0.0 points [-11.5, +11.5], n 64, won 1, lost 1, E 0.909
  (needs 20), p = 1.0000
""",
    ),
    "budget": (
        verdict_of(Rule(), EVEN, RunStatus.BUDGET),
        VerdictKind.BUDGET,
        """\
Stopped by the budget after 64 of 640 samples: no difference shown yet ('cot'
against 'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "budget, and all was asked": (
        verdict_of(Rule(), EVEN, RunStatus.BUDGET, 64),
        VerdictKind.NO_DIFFERENCE,
        """\
No difference shown between 'naive' and 'cot' after all 64 samples ('cot'
against 'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000 at
the end).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "interrupted": (
        verdict_of(Rule(), EVEN, RunStatus.INTERRUPTED),
        VerdictKind.UNFINISHED,
        """\
Interrupted after 64 of 640 samples: no difference shown yet ('cot' against
'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "interrupted at once": (
        verdict_of(Rule(), [], RunStatus.INTERRUPTED),
        VerdictKind.NOTHING,
        """\
Interrupted before the first look: nothing to compare yet.
  cot against naive: no sample graded in both
""",
    ),
    "nothing graded": (
        verdict_of(Rule(), [(None, 1.0)] * 64, RunStatus.COMPLETE, 64),
        VerdictKind.NOTHING,
        """\
After all 64 samples: nothing to compare, as none was graded in two arms.
  cot against naive: no sample graded in both
""",
    ),
    "an engine is dead": (
        verdict_of(Rule(), EVEN, RunStatus.STOPPED),
        VerdictKind.UNFINISHED,
        """\
Stopped by a dead engine after 64 of 640 samples: no difference shown yet ('cot'
against 'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "running": (
        verdict_of(Rule(), EVEN, RunStatus.RUNNING),
        VerdictKind.UNFINISHED,
        """\
Still running after 64 of 640 samples: no difference shown yet ('cot' against
'naive' +0.0 points, 95 % anytime interval -28.6 to +28.6, p = 1.0000).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "guarded": (
        verdict_of(Rule(), CLEAR, RunStatus.DECIDED, guards=[slow(2.0)]),
        VerdictKind.GUARDED,
        """\
'cot' scores higher, after 32 of 640 samples (+59.4 points over 'naive', 95 %
anytime interval +21.2 to +84.3, p = 0.0027), but it is not to be taken: guard
latency (at most 1.2 x) is broken for 'cot': 1.90 x [1.80, 2.00].
  cot against naive: +59.4 points [+21.2, +84.3], n 32, won 20, lost 1, E 371
  (needs 20), p = 0.0027
  guard latency (at most 1.2 x) is broken for 'cot': 1.90 x [1.80, 2.00]
  Stopped early: the difference is too large on average; its interval holds.
""",
    ),
    "not worse": (
        verdict_of(GATE, rows(300, 10, 18), RunStatus.DECIDED),
        VerdictKind.NOT_WORSE,
        """\
After 96 of 640 samples: 'cot' is not worse than 'naive' by 10 points or more
(one-sided p = 0.0096; 95 % anytime interval -8.6 to +13.4).
  cot against naive: +2.1 points [-8.6, +13.4], n 96, won 5, lost 3, E 0.829
  (needs 20), p = 0.9167
  Stopped early: the difference looks better than it is on average; its interval
  holds.
""",
    ),
    "worse": (
        verdict_of(GATE, rows(20, 42, 2), RunStatus.DECIDED),
        VerdictKind.WORSE,
        """\
After 32 of 640 samples: 'cot' is worse than 'naive' by more than 10 points
(95 % anytime interval -84.3 to -21.2).
  cot against naive: -59.4 points [-84.3, -21.2], n 32, won 1, lost 20, E 371
  (needs 20), p = 0.0027
  Stopped early: the difference is too large on average; its interval holds.
""",
    ),
    "open": (
        verdict_of(GATE, EVEN, RunStatus.COMPLETE, 64),
        VerdictKind.NO_DIFFERENCE,
        """\
After all 64 samples: it is open whether 'cot' is worse than 'naive' by 10
points or more (95 % anytime interval -28.6 to +28.6).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "not worse, asked in full": (
        verdict_of(Rule("not_worse", margin=0.1, early=False), rows(150, 3, 5), RunStatus.COMPLETE, 158),
        VerdictKind.NOT_WORSE,
        """\
After all 158 samples: 'cot' is not worse than 'naive' by 10 points or more
(95 % interval -2.7 to +5.6).
  cot against naive: +1.3 points [-2.7, +5.6], n 158, won 5, lost 3
""",
    ),
    "equivalent": (
        verdict_of(SAME, rows(560, 10, 10), RunStatus.DECIDED),
        VerdictKind.EQUIVALENT,
        """\
After 96 of 640 samples: 'cot' is equivalent to 'naive' within 10 points (95 %
anytime interval -9.0 to +9.0).
  cot against naive: +0.0 points [-9.0, +9.0], n 96, won 2, lost 2, E 0.839
  (needs 20), p = 1.0000
""",
    ),
    "different": (
        verdict_of(SAME, rows(20, 2, 42), RunStatus.DECIDED),
        VerdictKind.DIFFERENT,
        """\
After 32 of 640 samples: 'cot' differs from 'naive' by more than 10 points (95 %
anytime interval +21.2 to +84.3).
  cot against naive: +59.4 points [+21.2, +84.3], n 32, won 20, lost 1, E 371
  (needs 20), p = 0.0027
  Stopped early: the difference is too large on average; its interval holds.
""",
    ),
    "open whether equivalent": (
        verdict_of(SAME, EVEN, RunStatus.BUDGET),
        VerdictKind.BUDGET,
        """\
Stopped by the budget after 64 of 640 samples: it is open whether 'cot' is
within 10 points of 'naive' (95 % anytime interval -28.6 to +28.6).
  cot against naive: +0.0 points [-28.6, +28.6], n 64, won 17, lost 17, E 0.468
  (needs 20), p = 1.0000
""",
    ),
    "three arms": (
        verdict_of(
            Rule(),
            [(0.0, 1.0, 1.0)] * 24 + [(1.0, 1.0, 1.0)] * 8 + [(1.0, 0.0, 1.0)] * 16 + [(0.0, 0.0, 1.0)] * 16,
            RunStatus.DECIDED,
            labels=["naive", "cot", "rag"],
        ),
        VerdictKind.WINNER,
        """\
Winner: 'rag', after 64 of 640 samples (+75.0 points over 'naive', 97.5 %
anytime interval +35.2 to +93.8, p = 0.0001; +50.0 points over 'cot', 97.5 %
anytime interval +27.6 to +70.5, p < 0.0001).
  cot against naive: +75.0 points [+35.2, +93.8], n 32, won 24, lost 0, E 8,907
  (needs 40), p = 0.0001
  rag against naive: +75.0 points [+35.2, +93.8], n 32, won 24, lost 0, E 8,907
  (needs 40), p = 0.0001
  rag against cot: +50.0 points [+27.6, +70.5], n 64, won 32, lost 0, E 722,134
  (needs 40), p < 0.0001
  Stopped early: the difference is too large on average; its interval holds.
""",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    verdict, kind, text = GOLDEN[name]
    assert verdict.kind is kind
    assert told(verdict) == text
    assert max(map(len, text.splitlines())) <= 80


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Of contests between random arms, with missing answers, ended in any way."""
    arms = draw(st.integers(2, 4))
    name: RuleName = draw(st.sampled_from(["difference", "not_worse", "equivalent"]))
    margin = draw(st.sampled_from([0.01, 0.3])) if name != "difference" else draw(st.sampled_from([None, 0.3]))
    rule = Rule(name, draw(st.sampled_from([0.05, 0.4])), margin, 5.0, draw(st.integers(0, arms - 1)))
    if draw(st.booleans()):
        rule = replace(rule, early=False)
    dice = random.Random(draw(st.integers(0, 2**32)))
    shares = [draw(st.sampled_from([0.0, 0.1, 0.5, 1.0])) for _ in range(arms)]
    gaps = draw(st.sampled_from([0.0, 0.3, 0.98]))
    graded = draw(st.booleans())

    def value(share: float) -> float | None:
        if dice.random() < gaps:
            return None
        return dice.random() * share if graded else float(dice.random() < share)

    answers = [tuple(value(share) for share in shares) for _ in range(draw(st.integers(0, 200)))]
    planned = max(1, len(answers) + draw(st.sampled_from([0, 1, 500])))
    limits = st.sampled_from([None, 0.5, 1.1, 2.0])
    guards = [
        GuardResult("latency", f"arm {arm}", 1.2, Estimate(low, low, low, 9, 0, "bootstrap95"), False)
        for arm in range(arms)
        for low in [draw(limits)]
    ]
    status = RunStatus.COMPLETE if planned == len(answers) else draw(st.sampled_from(RunStatus))
    return verdict_of(rule, answers, status, planned, [f"arm {arm}" for arm in range(arms)], guards)


@given(verdicts())
@settings(deadline=None, max_examples=200)
def test_the_word_stands_only_where_a_winner_was_shown(verdict: Verdict) -> None:
    """And who won beats the others in what is shown beside the sentence."""
    said = told(verdict)
    assert ("winner" in said.lower()) == (verdict.winner is not None) == (verdict.kind is VerdictKind.WINNER)
    assert max(map(len, said.splitlines())) <= 80
    assert not re.search(r"\bnan\b", said) and "inf" not in said.replace("info", "") and "  " not in verdict.sentence
    if verdict.winner is not None:
        others = [arm for arm in verdict.arms if arm.label != verdict.winner]
        assert all(arm.beaten_by is not None for arm in others)
        assert any(duel.winner == verdict.winner for duel in verdict.duels)
        assert not any(guard.holds is not True for guard in verdict.guards if guard.arm == verdict.winner)
    if verdict.kind is VerdictKind.NOTHING:
        assert not any(duel.difference.n for duel in verdict.duels)


def test_arms_that_beat_each_other_in_a_circle_leave_no_winner() -> None:
    beats: list[Row] = [(1.0, 0.0, None)] * 40 + [(None, 1.0, 0.0)] * 40 + [(0.0, None, 1.0)] * 40
    contest = Contest(3, Rule(alpha=0.4, prior=1))
    contest.look(beats)
    for status, planned in ((RunStatus.COMPLETE, 120), (RunStatus.BUDGET, 640)):
        verdict = judge(contest, ["a", "b", "c"], status, planned)
        assert verdict.winner is None and not any(arm.beaten_by for arm in verdict.arms)
    assert (
        "None of 'a', 'b' and 'c' is shown to be the best"
        in judge(contest, ["a", "b", "c"], RunStatus.COMPLETE, 120).sentence
    )


@pytest.mark.parametrize(
    ("alpha", "text"), [(0.05, "95"), (0.025, "97.5"), (0.05 / 3, "98.3"), (0.01, "99"), (1e-6, "99.9999"), (0.4, "60")]
)
def test_a_level_is_never_rounded_to_a_hundred(alpha: float, text: str) -> None:
    assert level(alpha) == text


def test_counts_are_in_good_english() -> None:
    assert [count(1, 1), count(1, 2), count(2, 2)] == ["the only sample", "1 of 2 samples", "all 2 samples"]


def test_an_arm_that_is_out_is_tested_no_more_at_the_end() -> None:
    """What it answered is what it had answered when it fell behind: the test of the end is for those who came there."""
    contest = Contest(3, Rule())
    contest.look([(0.0, 1.0, 1.0)] * 24 + [(1.0, 1.0, 0.0)] * 4 + [(1.0, 1.0, 1.0)] * 4)
    contest.look([(None, 1.0, 1.0)] * 32)
    verdict = judge(contest, ["a", "b", "c"], RunStatus.COMPLETE, 64)
    assert contest.out.keys() == {0}
    assert [(duel.a, duel.b) for duel in verdict.duels if duel.final] == [("b", "c")]


def test_an_interval_that_reaches_the_margin_is_explained() -> None:
    verdict = verdict_of(Rule("not_worse", margin=0.05), rows(400, 20, 20), RunStatus.DECIDED)
    (duel,) = verdict.duels
    assert verdict.kind is VerdictKind.NOT_WORSE
    assert duel.difference.low is not None and duel.difference.low < -0.05
    assert duel.p_not_worse is not None and duel.p_not_worse <= 0.05
    assert f"one-sided p = {duel.p_not_worse:.4f}; 95 % anytime interval" in verdict.sentence
    assert any("shown one-sided" in note for note in verdict.notes)


def test_an_early_stop_by_a_small_difference_is_not_called_too_large() -> None:
    verdict = verdict_of(GATE, rows(300, 0, 0), RunStatus.DECIDED)
    assert verdict.kind is VerdictKind.NOT_WORSE and verdict.early
    assert not any("too large" in note for note in verdict.notes)
    broken = verdict_of(SAME, rows(560, 10, 10), RunStatus.DECIDED, guards=[slow(2.0)])
    assert broken.kind is VerdictKind.GUARDED and not any("Stopped early" in note for note in broken.notes)


def test_a_p_below_alpha_that_shows_nothing_says_what_it_needs() -> None:
    answers = [(1.0, float(i % 20 > 0), 1.0, 1.0) for i in range(120)]  # 6 lost and none won: p = 0.031
    verdict = verdict_of(Rule(), answers, RunStatus.COMPLETE, 120, ["a", "b", "c", "d"])
    assert verdict.kind is VerdictKind.NO_DIFFERENCE
    assert "p = 0.0312 at the end, of 0.017 needed" in verdict.sentence
    alone = verdict_of(Rule(), [(1.0, 1.0)] * 60, RunStatus.COMPLETE, 60)
    assert "needed" not in alone.sentence


@pytest.mark.parametrize("early", [True, False])
def test_the_others_are_seen_against_the_baseline(early: bool) -> None:
    answers = rows(20, 42, 2)
    status = RunStatus.DECIDED if early else RunStatus.COMPLETE
    (plain,) = verdict_of(Rule(early=early), answers, status, 64).duels
    verdict = verdict_of(Rule(early=early, baseline=1), answers, status, 64)
    (duel,) = verdict.duels
    assert (duel.a, duel.b) == ("cot", "naive") == (plain.b, plain.a)
    assert (duel.only_a, duel.only_b) == (plain.only_b, plain.only_a)
    ends = [plain.difference.value, plain.difference.high, plain.difference.low]
    assert [duel.difference.value, duel.difference.low, duel.difference.high] == [-(x or 0.0) for x in ends]
    assert (duel.p, duel.e, duel.winner) == (plain.p, plain.e, plain.winner)
    assert verdict.winner == "naive" and " points over 'cot'" in verdict.sentence
    assert "naive against cot: +" in told(verdict)


def test_a_guard_without_a_ratio_says_why() -> None:
    free = GuardResult("cost", "cot", 1.1, Estimate(None, None, None, 112, 0, "bootstrap95-unbounded"), False)
    assert free.said == "guard cost of 'cot' could not be measured as times the baseline's, which may be 0"
    unknown = replace(free, found=Estimate(None, None, None, 0, 112, "bootstrap95"))
    assert unknown.said == "guard cost of 'cot' could not be measured"
    verdict = verdict_of(Rule(), CLEAR, RunStatus.DECIDED, guards=[free])
    assert verdict.kind is VerdictKind.GUARDED and "which may be 0" in verdict.sentence
