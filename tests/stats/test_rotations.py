"""Options turned around: letters that a model loves, answers that it keeps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.rotations import original, rotations

LIGHT = settings(deadline=None, database=None, max_examples=40)


def test_by_hand() -> None:
    found = rotations([[0, 0, 0], [1, 2, 1], [2, 2, None]], right=[0, 1, 2], options=3)
    assert found.consistency.value == 0.5
    assert found.always_right.value == 0.5
    assert (found.consistency.n, found.consistency.n_missing) == (2, 1)
    assert found.score.over_prompts.value == pytest.approx(5 / 6)
    assert [estimate.value for _, estimate in found.score.prompts] == [1.0, 0.5, 1.0]


def test_a_model_that_always_says_the_first_letter() -> None:
    chosen = [[original(0, turn, 4) for turn in range(4)] for _ in range(12)]
    found = rotations(chosen, right=[0, 1, 2, 3] * 3, options=4)
    assert found.consistency.value == 0.0
    assert found.letters[0].value == 1.0
    assert found.score.over_prompts.value == 0.25


def test_a_model_that_knows_loves_no_letter() -> None:
    found = rotations([[answer] * 4 for answer in (0, 1, 2, 3)], right=[0, 1, 2, 3], options=4)
    assert found.consistency.value == found.always_right.value == 1.0
    assert found.consistency.low is not None and found.consistency.low < 0.6
    assert [letter.value for letter in found.letters] == [0.25] * 4


def test_nothing_and_nonsense() -> None:
    assert rotations([], [], 4).consistency.value is None
    assert rotations([[None, 1]], [1], 2).score.over_prompts.value is None
    with pytest.raises(ValueError, match="option 4 is none of the 4 from 0 to 3"):
        rotations([[4, 0]], [0], 4)
    with pytest.raises(ValueError, match="items of 1 and of 2 rotations"):
        rotations([[0], [0, 1]], [0, 0], 2)
    with pytest.raises(ValueError, match="1 items with 2 right"):
        rotations([[0]], [0, 1], 2)


@LIGHT
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=1, max_size=10))
def test_laws(chosen: list[list[int]]) -> None:
    found = rotations(chosen, [0] * len(chosen), 4)
    assert found.always_right.value is not None and found.consistency.value is not None
    assert found.always_right.value <= found.consistency.value
    assert sum(letter.value or 0.0 for letter in found.letters) == pytest.approx(1.0)
