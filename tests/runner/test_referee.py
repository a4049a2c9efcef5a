"""The referee: one order for all arms, looks that depend on the trials alone, nobody left waiting."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.arms import counted
from bakeoff.core.types import Outcome
from bakeoff.runner.referee import AHEAD, Referee, Row, Turn, in_turn


class Looker:
    """A contest that notes what it is shown, drops arms and decides when it is told to."""

    def __init__(self, arms: int, drops: dict[int, int] | None = None, decide_after: int | None = None) -> None:
        self.seen: list[list[Row]] = []
        self._arms = arms
        self._drops = drops or {}
        self._decide_after = decide_after

    @property
    def decided(self) -> bool:
        return self._decide_after is not None and len(self.seen) >= self._decide_after

    @property
    def alive(self) -> frozenset[int]:
        out = {arm for arm, after in self._drops.items() if len(self.seen) >= after}
        return frozenset(range(self._arms)) - out

    def look(self, rows: Sequence[Row]) -> None:
        self.seen.append(list(rows))


def noted(referee: Referee, cell: int, place: int, right: bool = True, repeat: int = 0) -> None:
    outcome = Outcome.CORRECT if right else Outcome.INCORRECT
    referee.note(Turn(cell, place, repeat), outcome, float(right))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5))
@settings(deadline=None)
def test_every_prefix_has_the_mix_of_the_whole(sizes: list[int]) -> None:
    order = list(in_turn(sizes))
    assert Counter(order) == {i: size for i, size in enumerate(sizes)}
    seen: Counter[int] = Counter()
    for place, which in enumerate(order, 1):
        seen[which] += 1
        for i, size in enumerate(sizes):
            assert abs(seen[i] - place * size / sum(sizes)) <= len(sizes)


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=50)
def test_what_a_look_sees_does_not_depend_on_who_answers_first(dice: random.Random) -> None:
    turns = [(cell, place) for cell in (7, 8) for place in range(10)]
    dice.shuffle(turns)
    looker = Looker(2)
    referee = Referee(looker, {7: 0, 8: 1}, batch=4, items=10)
    for cell, place in turns:
        noted(referee, cell, place, (place * cell) % 3 > 0)
    wanted = [tuple(float((place * cell) % 3 > 0) for cell in (7, 8)) for place in range(10)]
    assert looker.seen == [wanted[:4], wanted[4:8], wanted[8:]]


def test_a_look_waits_for_every_arm_and_every_repeat() -> None:
    looker = Looker(2)
    referee = Referee(looker, {1: 0, 2: 1}, batch=1, items=2, repeats=2)
    noted(referee, 1, 0, True, 0)
    noted(referee, 1, 0, False, 1)
    noted(referee, 2, 0, True, 0)
    assert looker.seen == []
    noted(referee, 2, 0, True, 1)
    assert looker.seen == [[(0.5, 1.0)]]


def test_an_arm_that_is_out_is_waited_for_no_more() -> None:
    looker = Looker(3, drops={2: 1})
    referee = Referee(looker, {1: 0, 2: 1, 3: 2}, batch=1, items=3)
    for cell in (1, 2, 3):
        noted(referee, cell, 0)
    noted(referee, 3, 1)  # was under way already
    noted(referee, 1, 1)
    noted(referee, 2, 1)
    assert looker.seen[1][0][:2] == (1.0, 1.0)
    assert not asyncio.run(referee.admits(Turn(3, 2, 0)))
    assert asyncio.run(referee.admits(Turn(1, 2, 0)))


def test_at_most_one_batch_is_under_way_beside_the_one_that_is_waited_for() -> None:
    async def scene() -> None:
        referee = Referee(Looker(2), {1: 0, 2: 1}, batch=2, items=20)
        assert await referee.admits(Turn(1, 2 * (AHEAD + 1) - 1, 0))
        later = asyncio.create_task(referee.admits(Turn(1, 2 * (AHEAD + 1), 0)))
        await asyncio.sleep(0)
        assert not later.done()
        for cell in (1, 2):
            for place in (0, 1):
                noted(referee, cell, place)
        assert await asyncio.wait_for(later, 1)

    asyncio.run(scene())


@pytest.mark.parametrize("ending", ["close", "decide"])
def test_whoever_waits_is_told_when_it_is_over(ending: str) -> None:
    async def scene() -> None:
        referee = Referee(Looker(2, decide_after=1 if ending == "decide" else None), {1: 0, 2: 1}, batch=1, items=9)
        waiting = asyncio.create_task(referee.admits(Turn(1, 8, 0)))
        await asyncio.sleep(0)
        if ending == "close":
            referee.close()
        else:
            noted(referee, 1, 0)
            noted(referee, 2, 0)
        assert not await asyncio.wait_for(waiting, 1)
        assert referee.over and referee.decided == (ending == "decide")

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("outcome", "value", "as_missing", "as_wrong"),
    [
        (Outcome.CORRECT, 1.0, 1.0, 1.0),
        (Outcome.INCORRECT, 0.0, 0.0, 0.0),
        (Outcome.SCORED, 0.4, 0.4, 0.4),
        (Outcome.TRUNCATED, None, None, 0.0),
        (Outcome.UNPARSED, None, None, 0.0),
        (Outcome.REFUSED, None, None, 0.0),
        (Outcome.ERROR, None, None, None),
    ],
)
def test_an_error_is_never_a_wrong_answer(
    outcome: Outcome, value: float | None, as_missing: float | None, as_wrong: float | None
) -> None:
    assert counted(outcome, value, unanswered_wrong=False) == as_missing
    assert counted(outcome, value, unanswered_wrong=True) == as_wrong
