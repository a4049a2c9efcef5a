"""Groups of prompts that begin alike, and the order in which a lane is asked."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.prompts import shared_beginning
from bakeoff.core.protocols import EngineLimits
from bakeoff.core.types import Message, Sample
from bakeoff.runner.order import Ordering, arranged, ordering_of, prompt_text, side_by_side
from bakeoff.runner.prefixes import LEAST_SHARED, alike, groups
from tests.runner.fakes import PlainBenchmark, PlainTask, sample

CONTEXTS = {name: f"Context {name}. " + f"{name} fact. " * 60 for name in "ABC"}


@given(st.text(max_size=40), st.text(max_size=40))
def test_shared_is_the_common_beginning(a: str, b: str) -> None:
    count = shared_beginning(a, b)
    assert a[:count] == b[:count]
    assert count in (len(a), len(b)) or a[count] != b[count]


def test_prompts_of_one_context_are_one_group() -> None:
    asked = [(name, f"{CONTEXTS[name]} question {i}") for i in range(4) for name in "CAB"]
    found = groups([prompt for _, prompt in asked])
    assert [{asked[place][0] for place in group} for group in found] == [{"C"}, {"A"}, {"B"}]
    assert all(len(group) == 4 for group in found)


def test_the_group_with_the_longest_prompt_comes_first() -> None:
    prompts = [CONTEXTS["A"] + "x", CONTEXTS["B"] + "y", CONTEXTS["B"] + "y" * 100, CONTEXTS["A"] + "z"]
    assert [set(group) for group in groups(prompts)] == [{1, 2}, {0, 3}]


def test_a_short_head_that_all_share_makes_no_group() -> None:
    head = "You are kind. " * 5
    assert len(head) < LEAST_SHARED
    assert len(groups([head + "a" * 300, head + "b" * 300])) == 2
    long_head = "You are kind. " * 30
    assert not alike(long_head + "a" * 2000, long_head + "b" * 2000)  # less than half of it
    assert alike(long_head + "a" * 20, long_head + "b" * 20)


def test_side_by_side_gives_each_slot_a_group() -> None:
    assert list(side_by_side([[0, 1, 2], [3, 4], [5]], 1)) == [0, 1, 2, 3, 4, 5]
    assert list(side_by_side([[0, 1, 2], [3, 4], [5]], 0)) == [0, 1, 2, 3, 4, 5]
    assert list(side_by_side([[0, 1, 2], [3, 4], [5]], 2)) == [0, 3, 1, 4, 2, 5]
    assert list(side_by_side([], 2)) == []


@settings(max_examples=50)
@given(st.lists(st.text("ab", max_size=6), max_size=40), st.integers(1, 7), st.booleans(), st.integers(0, 3))
def test_every_trial_once_and_within_its_window(texts: list[str], window: int, by_prefix: bool, width: int) -> None:
    trials = list(enumerate(texts))
    found = list(arranged(trials, lambda trial: trial[1], Ordering(window, by_prefix, width)))
    assert sorted(found) == trials
    for place, (number, _) in enumerate(found):
        assert place // window == number // window


def test_long_prompts_first_where_the_engine_runs_here() -> None:
    ordering = ordering_of(EngineLimits(in_process=True), 4)
    assert ordering is not None and not ordering.by_prefix
    assert list(arranged(["aa", "a", "aaaa", "bb"], str, ordering)) == ["aaaa", "aa", "bb", "a"]


def test_what_is_known_of_an_engine_decides_its_order() -> None:
    assert ordering_of(EngineLimits(), 8) is None
    assert ordering_of(EngineLimits(prefix_cache="shared"), 8) == Ordering(256, True, 0)
    assert ordering_of(EngineLimits(prefix_cache="slot", slots=4), 8) == Ordering(256, True, 4)


def test_the_order_does_not_depend_on_how_they_came() -> None:
    prompts = [f"{CONTEXTS[name]} {i}" for i in range(5) for name in "ABC"]
    shuffled = random.Random(7).sample(prompts, len(prompts))
    orders = [[[given[place] for place in group] for group in groups(given)] for given in (prompts, shuffled)]
    assert sorted(orders[0]) == sorted(orders[1])


def test_a_prompt_that_cannot_be_made_is_told_by_its_trial() -> None:
    class Fails:
        name = "fails"

        def prompt(self, sample: Sample, task: object) -> tuple[Message, ...]:
            raise ValueError("no passage")

    task = PlainTask(PlainBenchmark(1))
    assert prompt_text(Fails(), sample(1), task) == ""  # type: ignore[arg-type] # no more of a method is needed
