"""Counts and values that are none: one clear ValueError each, and never a made-up interval."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bakeoff.stats.alternatives import (
    bonett_price,
    mcnemar_chi2,
    newcombe,
    outcomes,
    paired_difference,
    tango_many,
)
from bakeoff.stats.blocks import block_mean
from bakeoff.stats.effects import cohens_g, cohens_h, error_cut, relative_risk
from bakeoff.stats.intervals import mean, mean_of_sums, proportion
from bakeoff.stats.paired import compare_binary, tango

NAN = float("nan")
OF_PAIRS: list[Callable[..., object]] = [
    *(compare_binary, tango, bonett_price, newcombe, relative_risk, error_cut, cohens_h),
    lambda *counts: paired_difference(counts),
    lambda *counts: tango_many([counts]),
]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("wrong", [NAN, float("inf"), -1])
@pytest.mark.parametrize("of", OF_PAIRS)
def test_what_is_no_count_of_pairs_is_refused(of: Callable[..., object], wrong: float, place: int) -> None:
    counts: list[float] = [3, 2, 1, 4]
    counts[place] = wrong
    with pytest.raises(ValueError, match="count"):
        of(*counts)


@pytest.mark.parametrize("of", [tango, bonett_price, newcombe])
def test_no_pair_has_no_interval(of: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="there is none"):
        of(0, 0, 0, 0)
    assert compare_binary(0, 0, 0, 0).difference.value is None  # an estimate can say that there is none


def test_counts_of_other_tables_are_checked_too() -> None:
    for wrong in (NAN, -1):
        with pytest.raises(ValueError, match="is no count"):
            mcnemar_chi2(wrong, 1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="is no count"):
            cohens_g(1, wrong)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="is no count"):
            outcomes([wrong, 1], [wrong, 1])  # type: ignore[list-item]


@pytest.mark.parametrize(("right", "n", "missing"), [(5, 5, -3), (0, 1, -1), (0, NAN, 0), (NAN, 5, 0)])
def test_a_proportion_is_of_counts(right: int, n: int, missing: int) -> None:
    with pytest.raises(ValueError, match="is no count"):
        proportion(right, n, missing)


def test_a_mean_is_of_finite_values() -> None:
    for values in ([1e308, 1e308, -1e308], [NAN, 1.0], [float("inf"), float("-inf")]):
        with pytest.raises(ValueError, match="no finite number"):
            mean(values, 0)
        with pytest.raises(ValueError, match="no finite number"):
            block_mean(values)
    with pytest.raises(ValueError, match="is no count"):
        mean([0.5, 0.6], -1)
    with pytest.raises(ValueError, match="no finite number"):
        mean_of_sums(2, NAN, 1.0, 0)
