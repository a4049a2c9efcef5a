"""Average ranks over data sets: Demšar's printed ranks, scipy, and the refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import f as f_distribution
from scipy.stats import friedmanchisquare, rankdata

from bakeoff.stats.friedman import critical_difference, friedman, from_average_ranks

VARIANTS = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]


def test_ranks_and_chi_square_are_scipys() -> None:
    scores = np.random.default_rng(2).integers(0, 6, (4, 14)) / 5  # with ties
    found = friedman(VARIANTS, scores)
    assert found.average_ranks == pytest.approx(rankdata(-scores, axis=0).mean(axis=1))
    assert found.data_sets == 14
    assert found.chi_square == pytest.approx(friedmanchisquare(*scores).statistic)
    assert found.p == pytest.approx(friedmanchisquare(*scores).pvalue)


def test_reference_values_of_the_printed_ranks() -> None:
    """Demšar 2006, section 3.2.2: C4.5 and three variants on 14 data sets."""
    found = from_average_ranks(VARIANTS, [3.143, 2.000, 2.893, 1.964], 14)
    assert found.chi_square == pytest.approx(9.2836, abs=5e-5)
    assert found.f == pytest.approx(3.6889, abs=5e-5)
    assert found.p_f == pytest.approx(f_distribution.sf(3.6889, 3, 39), rel=1e-3)
    assert found.critical_difference == pytest.approx(1.25356, abs=5e-6)
    assert critical_difference(4, 14) / math.sqrt(4 * 5 / (6 * 14)) == pytest.approx(2.569032, abs=5e-7)
    assert not found.differs("C4.5", "C4.5+m")  # 1.143 apart, as he concludes at 5 %


def test_a_clear_order_differs() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (3, 20))
    found = friedman(["a", "b", "c"], noise + np.array([[0.9], [0.5], [0.1]]))
    assert found.average_ranks == (1.0, 2.0, 3.0)
    assert found.differs("a", "c")
    assert found.differs("c", "a")
    assert found.f is None  # every data set agrees
    assert found.p_f == pytest.approx(6.0**-19)
    flipped = friedman(["a", "b", "c"], noise + np.array([[0.9], [0.5], [0.1]]), higher_is_better=False)
    assert flipped.average_ranks == (3.0, 2.0, 1.0)


def test_models_that_are_equal_everywhere_do_not_differ() -> None:
    found = friedman(["a", "b", "c"], [[0.5] * 12] * 3)
    assert (found.chi_square, found.p, found.f) == (0.0, 1.0, 0.0)
    assert not found.differs("a", "b")


def test_refusals() -> None:
    with pytest.raises(ValueError, match="9 data sets are too few for a Friedman test, which needs 10"):
        friedman(["a", "b", "c"], [[0.1] * 9] * 3)
    with pytest.raises(ValueError, match="2 models are too few"):
        friedman(["a", "b"], [[0.1] * 10] * 2)
    with pytest.raises(ValueError, match="2 names for 3"):
        friedman(["a", "b"], [[0.1] * 10] * 3)
    with pytest.raises(ValueError, match="no finite numbers"):
        friedman(["a", "b", "c"], [[0.1] * 10, [0.1] * 10, [math.inf] * 10])
    with pytest.raises(ValueError, match="add up to 6, not 5"):
        from_average_ranks(["a", "b", "c"], [1, 2, 2], 12)


@pytest.mark.statistical
def test_size_on_ten_data_sets() -> None:
    """Five models that differ in nothing: F rejects in about 5 %."""
    draw = np.random.default_rng(4)
    rejected = [friedman(list("abcde"), draw.random((5, 10))).p_f <= 0.05 for _ in range(500)]
    assert sum(rejected) / 500 <= 0.075
