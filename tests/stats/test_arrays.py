"""What counts as a row or a table of numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bakeoff.stats.arrays import matrix, shares, vector


def test_lists_and_arrays_alike() -> None:
    assert vector([1, 0.5], "x").tolist() == vector(np.array([1, 0.5]), "x").tolist() == [1.0, 0.5]
    assert matrix([[1, 0]], "x").shape == matrix(np.ones((1, 2)), "x").shape == (1, 2)
    assert vector([], "x").shape == (0,)
    assert matrix([], "x").shape == (0, 0)
    assert matrix([[], []], "x").shape == (2, 0)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_by_name(wrong: float) -> None:
    with pytest.raises(ValueError, match="scores: 1 of 2 numbers are no finite numbers, such as"):
        vector([1.0, wrong], "scores")
    with pytest.raises(ValueError, match="scores: 1 of 2"):
        matrix([[1.0], [wrong]], "scores")


def test_shapes() -> None:
    with pytest.raises(ValueError, match=r"a row of numbers is wanted, not an array of shape \(1, 2\)"):
        vector(np.ones((1, 2)), "x")
    with pytest.raises(ValueError, match="rows of 1 and of 2 numbers are no table"):
        matrix([[1], [1, 2]], "x")
    with pytest.raises(ValueError, match="rows of numbers are wanted"):
        matrix(np.ones((1, 2, 3)), "x")


def test_shares() -> None:
    assert shares(vector([0, 1], "x"), "x").tolist() == [0.0, 1.0]
    with pytest.raises(ValueError, match=r"x: scores from 0 to 1 are wanted, these go from -0\.5 to 7"):
        shares(vector([7, -0.5], "x"), "x")
