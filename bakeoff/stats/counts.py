"""What counts have to be before anything is made of them: finite, and none below 0.

NaN passes every comparison with `<`, and would end in an interval that nobody can tell from a real one. Example:

    check_counts("pairs", 36, 12, 2, 0)
    check_counts("pairs", 36, float("nan"))      # ValueError
"""

from __future__ import annotations

import math


def check_counts(what: str, *counts: float) -> None:
    """Raise ValueError unless each is a finite number of at least 0; an expected count may be a fraction."""
    for count in counts:
        if not (math.isfinite(count) and count >= 0):
            raise ValueError(f"{what}: {count!r} is no count; give a number of at least 0")


def check_pairs(both: float, only_a: float, only_b: float, neither: float) -> None:
    """Raise ValueError unless these are the four counts of a table of pairs with a pair in it."""
    check_counts("pairs", both, only_a, only_b, neither)
    if not both + only_a + only_b + neither:
        raise ValueError("pairs: there is none, so nothing can be said of their difference")
