"""Ablations: effects by hand, by regression, and how often nothing is called something."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.factorial import factorial
from bakeoff.stats.paired import compare_means

LIGHT = settings(deadline=None, database=None, max_examples=30)
TWO = {"method": ["naive", "cot"], "context": ["none", "rag"]}
THREE = {"shots": ["0", "4", "8"], "method": ["naive", "cot"], "temperature": ["0", "0.7"]}


def answers(factors: dict[str, list[str]], items: int, seed: int) -> dict[tuple[str, ...], list[float]]:
    draw = np.random.default_rng(seed)
    skill = draw.uniform(0.2, 0.8, items)
    return {levels: (draw.random(items) < skill).astype(float).tolist() for levels in product(*factors.values())}


class TestEffects:
    def test_two_by_two_by_hand(self) -> None:
        scores: dict[tuple[str, ...], list[float]] = {
            ("naive", "none"): [0.0, 0, 0, 0],
            ("cot", "none"): [1.0, 0, 0, 0],
            ("naive", "rag"): [0.0, 1, 0, 0],
            ("cot", "rag"): [1.0, 1, 1, 0],
        }
        found = factorial(TWO, scores)
        assert [effect.factors for effect in found.effects] == [("method",), ("context",), ("method", "context")]
        assert found.effect("cot").difference.value == pytest.approx((0.25 + 0.5) / 2)
        assert found.effect("rag").difference.value == pytest.approx((0.25 + 0.5) / 2)
        together = found.effect("rag", "cot")  # cot adds .25 more where rag is on
        assert together.difference.value == pytest.approx(0.25)
        assert found.items == 4
        with pytest.raises(ValueError, match="no effect of dog"):
            found.effect("dog")

    def test_main_effects_and_interactions_are_those_of_a_regression(self) -> None:
        scores = answers(THREE, 60, 1)
        found = factorial(THREE, scores)
        y: list[float] = []
        centre = {"shots": 1 / 3, "method": 1 / 2, "temperature": 1 / 2}
        rows: list[list[float]] = []
        for levels, row in scores.items():
            at = dict(zip(THREE, levels, strict=True))
            code = {
                (name, level): (at[name] == level) - centre[name]
                for name, known in THREE.items()
                for level in known[1:]
            }
            terms = [
                float(np.prod([code[name, level] for name, level in zip(effect.factors, effect.levels, strict=True)]))
                for effect in found.effects
            ]
            rows.append([1.0, *terms])
            y.append(float(np.mean(row)))
        # order two of three factors: the design has 12 cells and 10 terms
        weights = sm.OLS(np.array(y), np.array(rows)).fit().params[1:]
        assert len(found.effects) == 4 + 5
        assert [effect.difference.value for effect in found.effects] == pytest.approx(weights.tolist(), abs=1e-9)

    def test_one_factor_of_two_levels_is_the_paired_t(self) -> None:
        scores = answers({"method": ["a", "b"]}, 50, 2)
        wanted = compare_means(scores["a",], scores["b",])
        effect = factorial({"method": ["a", "b"]}, scores).effects[0]
        assert effect.difference == wanted.difference
        assert effect.p == effect.p_adjusted == wanted.p

    def test_order_limits_the_interactions(self) -> None:
        scores = answers(THREE, 20, 3)
        assert len(factorial(THREE, scores, order=1).effects) == 4
        assert len(factorial(THREE, scores, order=3).effects) == 4 + 5 + 2

    def test_an_interaction_may_exceed_one(self) -> None:
        scores: dict[tuple[str, ...], list[float]] = {
            ("naive", "none"): [1.0] * 8,
            ("cot", "none"): [0.0] * 8,
            ("naive", "rag"): [0.0] * 8,
            ("cot", "rag"): [1.0] * 8,
        }
        together = factorial(TWO, scores).effect("cot", "rag").difference
        assert (together.value, together.high) == (2.0, 2.0)
        assert together.low is not None and together.low < 1.5

    def test_an_effect_is_shown_only_after_correction(self) -> None:
        scores = answers(TWO, 400, 4)
        for context in TWO["context"]:
            scores["cot", context] = [
                max(a, b) for a, b in zip(scores["cot", context], scores["naive", context], strict=True)
            ]
        found = factorial(TWO, scores)
        assert found.effect("cot").shown()
        assert not found.effect("rag").shown()
        for effect in found.effects:
            assert effect.p is not None and effect.p_adjusted is not None and effect.p <= effect.p_adjusted


class TestRefusals:
    def test_incomplete_designs(self) -> None:
        scores = answers(TWO, 4, 0)
        with pytest.raises(ValueError, match="'cot × rag' is missing: the design has 4 combinations"):
            factorial(TWO, {levels: row for levels, row in scores.items() if levels != ("cot", "rag")})
        with pytest.raises(ValueError, match="'cot × web' is no combination"):
            factorial(TWO, {**scores, ("cot", "web"): [1.0] * 4})
        with pytest.raises(ValueError, match="did not answer the same items"):
            factorial(TWO, {**scores, ("cot", "rag"): [1.0]})
        with pytest.raises(ValueError, match="factor 'method' needs two"):
            factorial({"method": ["a"]}, {("a",): [1.0]})
        with pytest.raises(ValueError, match="needs a factor"):
            factorial({}, {})
        with pytest.raises(ValueError, match="cot × rag: 1 of 4 numbers"):
            factorial(TWO, {**scores, ("cot", "rag"): [1.0, 0.0, float("nan"), 1.0]})

    def test_no_items(self) -> None:
        found = factorial(TWO, {levels: [] for levels in product(*TWO.values())})
        assert found.items == 0
        assert all(effect.difference.value is None and effect.p_adjusted is None for effect in found.effects)


@LIGHT
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_laws(seed: int, items: int) -> None:
    """Turning a factor's levels around turns its effects around, and no others."""
    scores = answers(TWO, items, seed)
    found = factorial(TWO, scores)
    turned = factorial({"method": ["cot", "naive"], "context": ["none", "rag"]}, scores)
    assert turned.effect("naive").difference.value == pytest.approx(-(found.effect("cot").difference.value or 0.0))
    assert turned.effect("rag").difference.value == pytest.approx(found.effect("rag").difference.value)
    assert turned.effect("naive", "rag").difference.value == pytest.approx(
        -(found.effect("cot", "rag").difference.value or 0.0)
    )


@pytest.mark.statistical
def test_nothing_is_called_an_effect_in_five_percent_at_most() -> None:
    called = [
        any(effect.shown() for effect in factorial(THREE, answers(THREE, 80, seed)).effects) for seed in range(400)
    ]
    assert sum(called) / 400 <= 0.07
