"""Strengths from votes: choix's values, statsmodels' covariance, and votes that have no answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.stats.bradley_terry import BradleyTerry, Vote, bradley_terry

LIGHT = settings(deadline=None, database=None, max_examples=25)
PAIRS = [("a", "b"), ("b", "c"), ("a", "c")]
WINS = [[0, 8, 9], [4, 0, 7], [3, 5, 0]]


def votes_of(wins: list[list[int]], prompts: int = 12) -> list[Vote]:
    names = "abc"
    told = [(names[i], names[j]) for i, row in enumerate(wins) for j, count in enumerate(row) for _ in range(count)]
    return [Vote(a, b, 1.0, f"q{k % prompts}") for k, (a, b) in enumerate(told)]


def strengths(found: BradleyTerry) -> dict[str, float]:
    return {model.name: model.strength.value or 0.0 for model in found.models}


def test_seven_to_three() -> None:
    found = strengths(bradley_terry([Vote("a", "b", 1.0)] * 7 + [Vote("a", "b", 0.0)] * 3))
    assert found["a"] - found["b"] == pytest.approx(0.8472978604, abs=1e-6)  # ln(7/3)
    assert found["a"] + found["b"] == pytest.approx(0.0, abs=1e-9)


def test_reference_values_of_three_models() -> None:
    found = strengths(bradley_terry(votes_of(WINS)))
    assert found == pytest.approx({"a": 0.5959633, "b": -0.1195443, "c": -0.4764189}, abs=1e-6)


def test_the_elo_scale() -> None:
    found = bradley_terry(votes_of(WINS))
    top = found.models[0]
    assert top.elo.value == pytest.approx(1000 + 400 / math.log(10) * 0.5959633, abs=1e-3)
    assert top.elo.low is not None and top.strength.low is not None
    assert top.elo.low == pytest.approx(1000 + 400 / math.log(10) * top.strength.low)
    assert top.votes == 24


def test_a_tie_is_half_a_win_each() -> None:
    ties = bradley_terry([Vote("a", "b", 0.5)] * 4 + [Vote("a", "b", 1.0)])
    halves = bradley_terry([Vote("a", "b", 1.0)] * 3 + [Vote("b", "a", 1.0)] * 2)
    assert strengths(ties) == pytest.approx(strengths(halves), abs=1e-6)


def test_covariance_is_the_clustered_one_of_statsmodels() -> None:
    draw = np.random.default_rng(3)
    votes = []
    for prompt in range(40):
        for _ in range(3):
            i, j = draw.choice(3, 2, replace=False)
            votes.append(Vote("abc"[i], "abc"[j], float(draw.random() < 0.5 + 0.1 * (j - i)), f"q{prompt}"))
    found = bradley_terry(votes)
    order = [model.name for model in found.models]
    design = np.array([[(v.first == n) - (v.second == n) for n in "bc"] for v in votes], dtype=float)
    wins = np.array([vote.share for vote in votes])
    fitted = sm.GLM(wins, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(40), 3), "use_correction": False}
    )
    values = strengths(found)
    assert [values[n] - values["a"] for n in "bc"] == pytest.approx(fitted.params.tolist(), abs=1e-5)
    assert found.covariance is not None
    spread = np.array(found.covariance)[np.ix_([order.index(n) for n in "abc"], [order.index(n) for n in "abc"])]
    contrast = np.array([[-1, 1, 0], [-1, 0, 1]])
    assert contrast @ spread @ contrast.T == pytest.approx(fitted.cov_params() * 40 / 39, rel=1e-4)


def test_simultaneous_intervals_are_wider_and_say_so() -> None:
    plain, together = bradley_terry(votes_of(WINS)), bradley_terry(votes_of(WINS), simultaneous=True)
    assert plain.quantile is not None and together.quantile is not None
    assert together.quantile > plain.quantile
    assert plain.models[0].strength.method == "bradley-terry-sandwich-plain95"
    assert together.models[0].strength.method == "bradley-terry-sandwich-simultaneous95"
    assert together == bradley_terry(votes_of(WINS), simultaneous=True)


def test_a_predicted_win_rate() -> None:
    found = bradley_terry(votes_of(WINS))
    rate, turned = found.win_rate("a", "b"), found.win_rate("b", "a")
    assert rate.value == pytest.approx(1 / (1 + math.exp(-(0.5959633 + 0.1195443))), abs=1e-6)
    assert rate.value is not None and rate.low is not None and rate.high is not None
    assert 0 < rate.low < rate.value < rate.high < 1
    assert turned.value == pytest.approx(1 - rate.value)
    assert turned.low == pytest.approx(1 - rate.high)


def test_votes_without_a_finite_answer_are_refused() -> None:
    with pytest.raises(ValueError, match=r"never met, so they have no common scale: 'a', 'b'; 'c', 'd'"):
        bradley_terry([Vote("a", "b", 0.5), Vote("c", "d", 0.5)])
    with pytest.raises(ValueError, match="'a' won every vote against the others"):
        bradley_terry([Vote("a", "b", 1.0), Vote("b", "c", 0.5), Vote("a", "c", 1.0)])
    with pytest.raises(ValueError, match="'a' and itself"):
        bradley_terry([Vote("a", "a", 1.0)])
    with pytest.raises(ValueError, match="nan of a win"):
        bradley_terry([Vote("a", "b", math.nan)])


def test_few_prompts_have_no_interval() -> None:
    found = bradley_terry([Vote("a", "b", 1.0, "q1"), Vote("a", "b", 0.0, "q2")])
    assert found.covariance is None
    assert found.models[0].strength.low is None
    assert found.win_rate("a", "b").value == pytest.approx(0.5)
    assert found.win_rate("a", "b").low is None
    assert bradley_terry([]).models == ()


@LIGHT
@given(st.lists(st.tuples(st.sampled_from(PAIRS), st.sampled_from([0.0, 0.5, 1.0])), max_size=30))
def test_laws(told: list[tuple[tuple[str, str], float]]) -> None:
    votes = [Vote(a, b, share, f"q{i}") for i, ((a, b), share) in enumerate(told)]
    votes += [Vote(a, b, 0.5, f"r{a}{b}") for a, b in PAIRS]  # so that all are connected
    found = bradley_terry(votes)
    assert math.fsum(strengths(found).values()) == pytest.approx(0.0, abs=1e-6)
    turned = bradley_terry([Vote(v.second, v.first, 1 - v.share, v.prompt) for v in reversed(votes)])
    assert strengths(turned) == pytest.approx(strengths(found), abs=1e-6)
    # the fitted wins of each model are those it had
    for name in "abc":
        won = sum(v.share if v.first == name else 1 - v.share for v in votes if name in (v.first, v.second))
        rivals = [v.second if v.first == name else v.first for v in votes if name in (v.first, v.second)]
        assert sum(found.win_rate(name, rival).value or 0.0 for rival in rivals) == pytest.approx(won, abs=1e-4)


@pytest.mark.statistical
def test_coverage_when_votes_of_a_prompt_hang_together() -> None:
    """Eight votes on each of 40 prompts that share one leaning: clustered intervals hold, single votes' do not."""
    draw = np.random.default_rng(8)
    held = {"clustered": 0, "single": 0}
    for _ in range(100):
        votes = []
        for prompt in range(40):
            leaning = 0.2 if draw.random() < 0.5 else 0.8
            votes += [Vote("a", "b", float(draw.random() < leaning), f"q{prompt}") for _ in range(8)]
        for kind, given_votes in (("clustered", votes), ("single", [vote._replace(prompt="") for vote in votes])):
            rate = bradley_terry(given_votes).win_rate("a", "b")
            assert rate.low is not None and rate.high is not None
            held[kind] += rate.low <= 0.5 <= rate.high
    assert held["clustered"] / 100 >= 0.91
    assert held["single"] / 100 <= 0.85
