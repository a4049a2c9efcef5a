"""Many models on the same items: ranks, groups, and what they do when nothing differs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bakeoff.stats.paired import compare_binary, compare_means
from bakeoff.stats.ranking import Ranking, _letters, rank

LIGHT = settings(deadline=None, database=None, max_examples=30)
NAMES = ["a", "b", "c", "d"]
BINARY = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 4), st.integers(1, 30)), elements=st.sampled_from([0.0, 1.0])
)


def by_name(found: Ranking) -> dict[str, tuple[int, int, int]]:
    return {model.name: (model.rank, model.rank_low, model.rank_high) for model in found.models}


def draws(rates: list[float], items: int, seed: int = 0) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return (np.random.default_rng(seed).random((len(rates), items)) < np.array(rates)[:, None]).astype(float)


class TestRank:
    def test_a_clear_order_is_certain(self) -> None:
        found = rank(NAMES, draws([0.2, 0.9, 0.5, 0.7], 600))
        assert by_name(found) == {"b": (1, 1, 1), "d": (2, 2, 2), "c": (3, 3, 3), "a": (4, 4, 4)}
        assert [model.groups for model in found.models] == ["a", "b", "c", "d"]
        assert [model.p_best for model in found.models] == [1.0, 0.0, 0.0, 0.0]
        assert found.leader == "b"

    def test_models_that_answer_alike_share_everything(self) -> None:
        found = rank(["a", "b", "c"], [[1, 0, 1, 1, 0]] * 3)
        assert by_name(found) == dict.fromkeys("abc", (1, 1, 3))
        assert [model.groups for model in found.models] == ["a", "a", "a"]
        assert [model.p_best for model in found.models] == pytest.approx([1 / 3] * 3)
        assert found.leader is None

    def test_the_middle_of_three_may_belong_to_both_sides(self) -> None:
        found = rank(["a", "b", "c"], draws([0.6, 0.54, 0.48], 300, seed=1))
        assert [model.groups for model in found.models] == ["a", "a b", "b"]
        assert found.leader is None

    def test_pairs_are_those_of_the_paired_tests(self) -> None:
        table = draws([0.6, 0.4, 0.5], 80)
        found = rank(["a", "b", "c"], table)
        first, second = table[0].astype(int), table[1].astype(int)
        counts = [int(((first == x) & (second == y)).sum()) for x, y in ((1, 1), (1, 0), (0, 1), (0, 0))]
        wanted = compare_binary(*counts)
        assert found.difference("a", "b") == wanted.difference
        pair = next(pair for pair in found.pairs if {pair.a, pair.b} == {"a", "b"})
        assert pair.p == wanted.p_mid
        assert pair.p_adjusted is not None and pair.p is not None and pair.p_adjusted >= pair.p

    def test_graded_scores_get_the_paired_t(self) -> None:
        table = np.random.default_rng(1).random((2, 40))
        table[0] = table[0] * 0.5
        found = rank(["a", "b"], table)
        wanted = compare_means(table[1].tolist(), table[0].tolist())
        assert found.difference("b", "a").value == pytest.approx(wanted.difference.value)
        assert found.pairs[0].p == pytest.approx(wanted.p)

    def test_the_seed_repeats_it(self) -> None:
        table = draws([0.55, 0.5, 0.45], 60)
        assert rank(NAMES[:3], table, seed=5) == rank(NAMES[:3], table, seed=5)
        assert rank(NAMES[:3], table, seed=5).models != rank(NAMES[:3], table, seed=6).models

    def test_bad_input_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no finite numbers"):
            rank(["a"], [[1.0, float("nan")]])
        with pytest.raises(ValueError, match="rows of 1 and of 2"):
            rank(["a", "b"], [[1.0], [1.0, 0.0]])
        with pytest.raises(ValueError, match="from 0 to 1"):
            rank(["a"], [[35.0, 20.0]])
        with pytest.raises(ValueError, match="same name"):
            rank(["a", "a"], [[1.0], [0.0]])
        with pytest.raises(ValueError, match="1 names for the scores of 2"):
            rank(["a"], [[1.0], [0.0]])
        assert rank([], []).models == ()
        with pytest.raises(ValueError, match="no two models"):
            rank(["a", "b"], [[1.0], [0.0]]).difference("a", "z")

    def test_one_item_shows_nothing(self) -> None:
        found = rank(["a", "b"], [[1.0], [0.0]])
        assert found.leader is None
        assert found.difference("a", "b").low == pytest.approx(-1.0, abs=0.01)

    @LIGHT
    @given(BINARY, st.randoms(use_true_random=False))
    def test_laws(self, table: np.ndarray[tuple[int, int], np.dtype[np.float64]], order: object) -> None:
        models = len(table)
        found = rank(NAMES[:models], table, resamples=200)
        assert sum(model.p_best for model in found.models) == pytest.approx(1.0)
        assert found.models[0].rank == 1
        for model in found.models:
            assert 1 <= model.rank_low <= model.rank_high <= models
        swapped = rank(NAMES[:models][::-1], table[::-1], resamples=200)
        assert by_name(swapped) == by_name(found)
        for a, b in itertools.combinations(NAMES[:models], 2):
            one, other = found.difference(a, b), found.difference(b, a)
            assert one.value == -(other.value or 0.0)
            assert (one.low, one.high) == (-(other.high or 0.0), -(other.low or 0.0))


class TestLetters:
    @LIGHT
    @given(st.integers(1, 7), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
    def test_two_share_a_letter_exactly_if_they_were_not_told_apart(
        self, models: int, told: set[tuple[int, int]]
    ) -> None:
        differing = sorted({(min(p), max(p)) for p in told if p[0] != p[1] and max(p) < models})
        letters = [set(groups.split()) for groups in _letters(models, differing)]
        assert all(letters)
        for i, j in itertools.combinations(range(models), 2):
            assert bool(letters[i] & letters[j]) == ((i, j) not in differing)


@pytest.mark.statistical
def test_models_of_one_skill_are_told_apart_in_five_percent_at_most() -> None:
    """Four models that differ in nothing: the chance of any false claim among six pairs."""
    false = 0
    for seed in range(200):
        found = rank(NAMES, draws([0.6] * 4, 100, seed), resamples=1)
        false += any(pair.differs() for pair in found.pairs)
    assert false / 200 <= 0.08


@pytest.mark.statistical
def test_the_rank_interval_holds_the_true_rank() -> None:
    """Four models 4 points apart on 300 items; each interval is to hold the rank that skill gives, 95 %."""
    rates = [0.66, 0.62, 0.58, 0.54]
    held = [
        low <= place <= high
        for seed in range(120)
        for place, (_, low, high) in zip(range(1, 5), _in_order(rates, seed), strict=True)
    ]
    assert sum(held) / len(held) >= 0.94


def _in_order(rates: list[float], seed: int) -> list[tuple[int, int, int]]:
    places = by_name(rank(NAMES, draws(rates, 300, seed), seed=seed, resamples=300))
    return [places[name] for name in NAMES]
