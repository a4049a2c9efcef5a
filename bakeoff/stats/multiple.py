"""Several tests at once: p values corrected for how many there are.

Holm 1979 (https://www.jstor.org/stable/4615733), which controls the chance of any false claim and
assumes nothing of how the tests depend on each other. Example:

    holm([0.01, 0.04, 0.03, 0.005])      # [0.03, 0.06, 0.06, 0.02]
"""

from __future__ import annotations

from collections.abc import Sequence


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p values in the order given; None stays None and counts for nothing."""
    ranked = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    most = 0.0
    for rank, (p, i) in enumerate(ranked):
        most = max(most, min(1.0, p * (len(ranked) - rank)))
        adjusted[i] = most
    return adjusted
