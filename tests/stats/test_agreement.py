"""Agreement: the libraries' values, the degenerate cases, and intervals that hold."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Literal

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa as statsmodels_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from bakeoff.core.errors import MissingExtra
from bakeoff.core.types import Estimate
from bakeoff.stats.agreement import (
    Agreement,
    Level,
    _counted,
    _distances,
    _fixed,
    _ordinal,
    against_humans,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    trust,
)

LIGHT = settings(deadline=None, database=None, max_examples=25)
GAP = None
STANDARD: list[list[float | None]] = [  # Krippendorff 2011: 4 observers, 12 units
    [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
    [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
]
FLEISS = [  # Wikipedia's example: 10 items, 14 raters, 5 categories
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
FIRST = ["yes"] * 25 + ["no"] * 25
SECOND = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15  # the table [[20, 5], [10, 15]]
SCHEMES: list[Literal["linear", "quadratic"] | None] = [None, "linear", "quadratic"]
MEASURES: list[Callable[[Sequence[str], Sequence[str]], Agreement]] = [
    cohen_kappa,
    lambda a, b: fleiss_kappa([a, b]),
    lambda a, b: gwet_ac1([a, b]),
    lambda a, b: krippendorff_alpha([a, b]),
]
LEVELS: list[Level] = ["nominal", "ordinal", "interval", "ratio"]


def raters_of(counts: list[list[int]]) -> list[list[float | None]]:
    items = [[category for category, times in enumerate(row) for _ in range(times)] for row in counts]
    return [[float(item[rater]) for item in items] for rater in range(len(items[0]))]


def found_at(value: float, low: float) -> Agreement:
    return Agreement(Estimate(value, low, 1.0, 50, 0, "made up"), 2)


class TestReferenceValues:
    def test_cohen(self) -> None:
        found = cohen_kappa(FIRST, SECOND)
        assert found.estimate.value == pytest.approx(0.4)
        assert found.standard_error == pytest.approx(0.126996, abs=5e-7)
        assert found.estimate.low is not None and found.estimate.high is not None
        width = (found.estimate.high - found.estimate.low) / (2 * 1.96 * 0.126996)
        assert 0.9 < width < 1.1

    @pytest.mark.parametrize(
        ("level", "value"), [("nominal", 0.743421), ("ordinal", 0.815388), ("interval", 0.849107), ("ratio", 0.797403)]
    )
    def test_krippendorff(self, level: Level, value: float) -> None:
        found = krippendorff_alpha(STANDARD, level)
        assert found.estimate.value == pytest.approx(value, abs=1e-6)
        assert (found.estimate.n, found.estimate.n_missing, found.raters) == (11, 1, 4)

    def test_fleiss(self) -> None:
        assert fleiss_kappa(raters_of(FLEISS)).estimate.value == pytest.approx(0.209931, abs=1e-6)
        assert statsmodels_fleiss(np.array(FLEISS)) == pytest.approx(0.209931, abs=1e-6)

    def test_gwet(self) -> None:
        """By hand: 35 of 50 agree, 55 % of the ratings are yes, chance is 2 x .55 x .45."""
        assert gwet_ac1([FIRST, SECOND]).estimate.value == pytest.approx((0.7 - 0.495) / (1 - 0.495))

    def test_raw_and_against_people(self) -> None:
        assert raw_agreement(FIRST, SECOND).value == 0.7
        assert raw_agreement([1, None, 2], [1, 1, None]).n_missing == 2
        found = against_humans([True, True, False, False, None], [True, False, True, False, True])
        assert (found.sensitivity.value, found.specificity.value, found.agreement.value) == (0.5, 0.5, 0.5)
        assert found.agreement.n_missing == 1
        assert against_humans([True], [True]).specificity.value is None


class TestParity:
    @LIGHT
    @given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=40))
    def test_weighted_kappa_is_statsmodels(self, pairs: list[tuple[int, int]]) -> None:
        assume(len({rating for pair in pairs for rating in pair}) == 4)
        table = np.zeros((4, 4))
        for a, b in pairs:
            table[a, b] += 1
        first, second = [a for a, _ in pairs], [b for _, b in pairs]
        for weights in SCHEMES:
            wanted = float(statsmodels_kappa(table, wt=weights, return_results=False))
            if math.isfinite(wanted):
                assert cohen_kappa(first, second, weights).estimate.value == pytest.approx(wanted, abs=1e-9)

    @LIGHT
    @given(
        st.lists(st.lists(st.sampled_from([None, 1.0, 2.0, 4.0, 7.0]), min_size=3, max_size=3), min_size=2, max_size=25)
    )
    def test_resampled_alpha_is_the_librarys(self, items: list[list[float | None]]) -> None:
        """The formula that the bootstrap uses gives krippendorff's value of the items as they are."""
        known, counts, _ = _counted([[item[rater] for item in items] for rater in range(3)])
        assume(len(counts) and (counts.sum(axis=0) > 0).sum() > 1)
        domain = np.array(list(known), dtype=float)
        for level in LEVELS:
            wanted = krippendorff.alpha(
                value_counts=counts.astype(int), value_domain=domain, level_of_measurement=level
            )
            code = _ordinal(counts) if level == "ordinal" else _fixed(counts, _distances(domain, level))
            assert code(np.ones((1, len(counts))))[0][0] == pytest.approx(float(wanted), abs=1e-9)


class TestLaws:
    @LIGHT
    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=30))
    def test_order_of_raters_and_names_of_categories_do_not_matter(self, pairs: list[tuple[str, str]]) -> None:
        first, second = [a for a, _ in pairs], [b for _, b in pairs]
        renamed = (
            [{"a": "z", "b": "y", "c": "x"}[a] for a in first],
            [{"a": "z", "b": "y", "c": "x"}[b] for b in second],
        )
        for coefficient in MEASURES:
            found = coefficient(first, second).estimate
            if found.value is None:
                continue
            assert found.value <= 1 + 1e-12
            if found.low is not None and found.high is not None:
                assert found.low <= found.value <= found.high
            assert coefficient(second, first).estimate.value == pytest.approx(found.value)
            assert coefficient(*renamed).estimate.value == pytest.approx(found.value)

    def test_the_seed_repeats_it(self) -> None:
        assert krippendorff_alpha(STANDARD, seed=4) == krippendorff_alpha(STANDARD, seed=4)


class TestLittleToSay:
    def test_one_rating_only_is_no_agreement_beyond_chance(self) -> None:
        same = ["yes"] * 6
        for found in (
            cohen_kappa(same, same),
            fleiss_kappa([same] * 2),
            krippendorff_alpha([same] * 3),
            gwet_ac1([same] * 2),
        ):
            assert found.estimate.value is None
            assert found.estimate.n == 6
            assert found.reason == "every rating is the same, so agreement beyond chance is not defined"
        assert gwet_ac1([same, same], categories=["yes", "no"]).estimate.value == 1.0

    def test_perfect_agreement_is_not_certain(self) -> None:
        for found in (
            cohen_kappa(FIRST, FIRST),
            fleiss_kappa([FIRST] * 2),
            gwet_ac1([FIRST] * 2),
            krippendorff_alpha([FIRST] * 2),
        ):
            assert found.estimate.value == 1.0
            # the rule of three lets 5.8 % of items disagree, half of them more than chance would
            assert found.estimate.low == pytest.approx(1 - 2 * (1 - 0.05 ** (1 / 50)), abs=2e-3)

    def test_nothing_rated_twice(self) -> None:
        found = krippendorff_alpha([[1, None], [None, 2]])
        assert (found.estimate.n, found.estimate.n_missing, found.reason) == (0, 2, "no item was rated twice")
        assert cohen_kappa([], []).estimate.value is None
        assert trust(found) == "not measured: no item was rated twice"

    def test_a_missing_extra_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "krippendorff", None)
        monkeypatch.setitem(sys.modules, "statsmodels.stats.inter_rater", None)
        with pytest.raises(MissingExtra, match=r"pip install 'bakeoff\[stats\]'"):
            krippendorff_alpha([[1, 2], [1, 2]])
        with pytest.raises(MissingExtra):
            cohen_kappa([1, 2], [1, 2])
        assert gwet_ac1([[1, 2], [1, 2]]).estimate.value == 1.0  # needs none

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            cohen_kappa([1], [1, 2])
        with pytest.raises(ValueError, match="a rating is nan"):
            krippendorff_alpha([[1.0, math.nan], [1.0, 2.0]])
        with pytest.raises(ValueError, match="texts have no ordinal scale"):
            krippendorff_alpha([["good", "bad"], ["good", "good"]], "ordinal")
        with pytest.raises(ValueError, match="from 2 to 3 ratings"):
            fleiss_kappa([[1, 2], [1, 2], [1, None]])
        with pytest.raises(ValueError, match="do not rate the same items"):
            gwet_ac1([[1, 2], [1]])


class TestTrust:
    def test_bounds(self) -> None:
        assert trust(found_at(0.80, 0.80)).startswith("firm")
        assert trust(found_at(0.79, 0.70)).startswith("tentative")
        assert trust(found_at(0.66, 0.50)).startswith("not reliable")

    def test_an_interval_that_reaches_further_down_is_told(self) -> None:
        assert trust(found_at(0.85, 0.60)).endswith("its interval reaches down to 0.60, which would be not reliable")


@pytest.mark.statistical
def test_interval_of_kappa_and_alpha_hold_the_true_value() -> None:
    """Two raters at 85 % of a truth that is even: both coefficients are .49 in the long run."""
    draw, held = np.random.default_rng(6), {"cohen": 0, "krippendorff": 0}
    wanted = 1 - 2 * (2 * 0.85 * 0.15)
    for seed in range(200):
        truth = draw.random(120) < 0.5
        first, second = ((truth ^ (draw.random(120) < 0.15)).astype(float).tolist() for _ in range(2))
        for name, found in (
            ("cohen", cohen_kappa(first, second, seed=seed)),
            ("krippendorff", krippendorff_alpha([first, second], seed=seed)),
        ):
            assert found.estimate.low is not None and found.estimate.high is not None
            held[name] += found.estimate.low <= wanted <= found.estimate.high
    assert held["cohen"] / 200 >= 0.91
    assert held["krippendorff"] / 200 >= 0.91
