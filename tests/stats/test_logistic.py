"""The regression under votes and win rates, beside statsmodels'."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bakeoff.stats.logistic import fit, sandwich


def drawn(seed: int, n: int = 120) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    draw = np.random.default_rng(seed)
    design = np.column_stack([np.ones(n), draw.normal(size=(n, 2))])
    wins = draw.binomial(2, 1 / (1 + np.exp(-(design @ [0.3, 1.0, -0.5]))), n) / 2
    return design, wins


def test_shares_are_fitted_as_statsmodels_does() -> None:
    design, wins = drawn(1)
    groups = np.repeat(np.arange(30), 4)
    found = fit(design, wins)
    wanted = sm.GLM(wins, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    assert found.settled
    assert found.weights == pytest.approx(wanted.params, abs=1e-8)
    assert sandwich(design, wins, found, groups) == pytest.approx(wanted.cov_params() * 30 / 29, rel=1e-6)


@settings(deadline=None, database=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_the_slope_of_the_likelihood_is_zero(seed: int) -> None:
    design, wins = drawn(seed)
    found = fit(design, wins, ridge=0.1)
    assert design.T @ (wins - found.fitted) == pytest.approx(0.1 * found.weights, abs=1e-7)


def test_separated_wins_do_not_settle_or_run_away() -> None:
    design = np.column_stack([np.ones(10), np.arange(10) - 4.5])
    found = fit(design, (np.arange(10) > 4).astype(float))
    assert not found.settled or float(np.abs(found.weights).max()) > 15
