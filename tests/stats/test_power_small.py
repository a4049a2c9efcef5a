"""Power where few pairs differ: the count of all tables, beside scipy, and never more than the formula."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bakeoff.stats.paired import mcnemar_mid_p
from bakeoff.stats.power import paired_power
from bakeoff.stats.power_small import FEW, paired_chance


def by_scipy(n: int, delta: float, psi: float, alpha: float) -> float:
    share = (psi + delta) / (2 * psi)
    found = 0.0
    for m in range(1, n + 1):
        shown = [s for s in range(m + 1) if mcnemar_mid_p(m - s, s) <= alpha]
        found += float(binom.pmf(m, n, psi)) * float(binom.pmf(shown, m, share).sum())
    return found


@pytest.mark.parametrize(
    ("n", "delta", "psi", "alpha"),
    [(1, 0.16, 0.3, 0.05), (5, 0.3, 0.3, 0.05), (44, 0.03, 0.03, 0.05), (20, 0.16, 0.3, 0.05), (30, 0.2, 0.3, 0.01)],
)
def test_every_table_is_counted(n: int, delta: float, psi: float, alpha: float) -> None:
    assert paired_chance(n, delta, psi, alpha) == pytest.approx(by_scipy(n, delta, psi, alpha), abs=1e-9)


def test_what_cannot_be_shown_has_no_power() -> None:
    assert paired_chance(1, 0.16, 0.3) == 0
    assert paired_chance(4, 1.0, 1.0) == 0  # four of four: mid-p is 0.0625
    assert paired_chance(5, 1.0, 1.0) == 1  # five of five: 0.031
    assert paired_power(44, 0.03, 0.03) > 0.2 and paired_chance(44, 0.03, 0.03) < 0.02


@given(n=st.integers(1, 3000), psi=st.floats(0.001, 1.0), part=st.floats(0.01, 1.0))
@settings(max_examples=200, deadline=None)
def test_it_is_a_chance_and_never_more_than_the_formula(n: int, psi: float, part: float) -> None:
    chance, formula = paired_chance(n, part * psi, psi), paired_power(n, part * psi, psi)
    assert 0 <= chance <= formula <= 1
    assert n * psi < FEW or chance == formula


def test_what_is_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="out of reach"):
        paired_chance(10, 0.3, 0.2)
