"""Scores as numpy arrays, checked once: finite numbers, rows of one length, no reshaping by surprise.

NaN would run through every mean and come out as a number that nobody measured, so it is refused at
the door. Example:

    matrix([[1, 0], [1, 1]], "scores").shape      # (2, 2)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vector: TypeAlias = "Sequence[float] | NDArray[np.float64]"
Matrix: TypeAlias = "Sequence[Sequence[float]] | NDArray[np.float64]"


def vector(values: Vector, what: str) -> NDArray[np.float64]:
    """One row of finite numbers, shape (n,). ValueError for NaN, infinity or another shape."""
    import numpy as np

    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ValueError(f"{what}: a row of numbers is wanted, not an array of shape {numbers.shape}")
    _finite(numbers, what)
    return numbers


def matrix(rows: Matrix, what: str) -> NDArray[np.float64]:
    """Rows of equal length of finite numbers, shape (rows, columns); (0, 0) for none."""
    import numpy as np

    lengths = {len(row) for row in rows}
    if len(lengths) > 1:
        raise ValueError(f"{what}: rows of {min(lengths)} and of {max(lengths)} numbers are no table")
    numbers = np.asarray(rows, dtype=np.float64)
    if not lengths:
        return numbers.reshape(0, 0)
    if numbers.ndim != 2:
        raise ValueError(f"{what}: rows of numbers are wanted, not an array of shape {numbers.shape}")
    _finite(numbers, what)
    return numbers


def shares(numbers: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    """The same numbers, all of which have to be within [0, 1]."""
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1):
        raise ValueError(f"{what}: scores from 0 to 1 are wanted, these go from {numbers.min():g} to {numbers.max():g}")
    return numbers


def _finite(numbers: NDArray[np.float64], what: str) -> None:
    import numpy as np

    wrong = ~np.isfinite(numbers)
    if wrong.any():
        first = numbers[wrong][0]
        raise ValueError(f"{what}: {int(wrong.sum())} of {numbers.size} numbers are no finite numbers, such as {first}")
