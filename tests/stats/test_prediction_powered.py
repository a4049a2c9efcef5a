"""Few human labels and a judge: coverage, what the judge adds, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.types import Estimate
from bakeoff.stats.prediction_powered import PredictionPowered, prediction_powered

LIGHT = settings(deadline=None, database=None, max_examples=30)
TRUE = 0.6


def judged(sensitivity: float, specificity: float, labels: int, items: int = 1319, seed: int = 0) -> PredictionPowered:
    draw = np.random.default_rng(seed)
    truth = draw.random(items) < TRUE
    said = np.where(truth, draw.random(items) < sensitivity, draw.random(items) < 1 - specificity).astype(float)
    return prediction_powered(truth[:labels].astype(float), said[:labels], said[labels:])


def holds(estimate: Estimate | None, value: float = TRUE) -> bool:
    return (
        estimate is not None
        and estimate.low is not None
        and estimate.high is not None
        and estimate.low <= value <= estimate.high
    )


def width(estimate: Estimate) -> float:
    assert estimate.low is not None and estimate.high is not None
    return estimate.high - estimate.low


class TestEstimate:
    def test_by_the_formula(self) -> None:
        human, judge, rest = [1.0, 0, 1, 0, 1] * 24, [1.0, 0, 1, 1, 0] * 24, [1.0, 1, 0] * 200
        found = prediction_powered(human, judge, rest)
        y, j, u = np.array(human), np.array(judge), np.array(rest)
        weight = np.cov(y, j)[0, 1] / (np.concatenate([j, u]).var(ddof=1) * (1 + 120 / 600))
        assert found.weight == pytest.approx(weight)
        assert found.estimate.value == pytest.approx(weight * u.mean() + (y - weight * j).mean())
        error = math.sqrt(weight**2 * u.var(ddof=1) / 600 + (y - weight * j).var(ddof=1) / 120)
        assert width(found.estimate) == pytest.approx(2 * 1.959963985 * error)
        assert found.estimate.n == 720

    def test_a_good_judge_narrows_the_interval_and_a_useless_one_is_left_out(self) -> None:
        good = judged(0.95, 0.9, 100)
        assert width(good.estimate) < 0.8 * width(good.human_only)
        draw = np.random.default_rng(1)
        human, noise = (draw.random(200) < 0.6).astype(float), (draw.random(1200) < 0.5).astype(float)
        useless = prediction_powered(human, noise[:200], noise[200:])
        assert useless.weight == pytest.approx(0.0, abs=0.12)
        assert useless.estimate.value == pytest.approx(human.mean(), abs=0.02)

    def test_a_judge_that_says_one_thing_only_is_not_used(self) -> None:
        found = prediction_powered([1.0, 0.0] * 60, [1.0] * 120, [1.0] * 500)
        assert found.weight == 0.0
        assert found.estimate.value == 0.5

    def test_a_judge_without_a_seen_error_is_not_taken_for_perfect(self) -> None:
        """No error in 100 leaves up to 3 % unseen: the interval is that much wider on both sides."""
        labels = [1.0, 0.0] * 50
        found = prediction_powered(labels, labels, [1.0, 0.0] * 5000)
        assert width(found.estimate) > 2 * (1 - 0.05 ** (1 / 100))

    def test_scores_between_zero_and_one(self) -> None:
        draw = np.random.default_rng(2)
        truth = draw.random(1000)
        said = np.clip(truth + draw.normal(0.1, 0.1, 1000), 0, 1)
        found = prediction_powered(truth[:150], said[:150], said[150:])
        assert holds(found.estimate, float(truth.mean()))
        assert found.rogan_gladen is None
        assert found.judge_bias.low is not None and found.judge_bias.low > 0.05


class TestCautions:
    def test_a_biased_judge_is_named(self) -> None:
        found = judged(0.97, 0.6, 200)
        assert found.judge_only.method == "judge-uncorrected-wilson95"
        assert "the judge alone is biased: it says" in found.cautions[-1]
        assert found.judge_bias.low is not None and found.judge_bias.low > 0

    def test_few_labels(self) -> None:
        found = judged(0.9, 0.9, 60)
        assert found.cautions[0] == "only 60 human labels: 100 or more make the interval dependable"
        wider = judged(0.9, 0.9, 100)
        assert not wider.cautions[0].startswith("only")

    def test_too_few_labels_have_no_estimate(self) -> None:
        found = judged(0.9, 0.9, 19)
        assert found.estimate.value is None
        assert found.cautions == ("19 human labels are too few to correct a judge with: 20 at least, better 100",)
        assert found.human_only.value is not None
        assert prediction_powered([], [], [1.0]).estimate.value is None

    def test_everything_labelled(self) -> None:
        found = prediction_powered([1.0, 0.0] * 20, [1.0] * 40, [])
        assert found.estimate == found.human_only
        assert found.cautions == ("people labelled every item: the score is theirs, and the judge adds nothing",)

    def test_refusals(self) -> None:
        with pytest.raises(ValueError, match="no pairs"):
            prediction_powered([1.0], [1.0, 0.0], [])
        with pytest.raises(ValueError, match="no finite numbers"):
            prediction_powered([1.0], [math.nan], [])
        with pytest.raises(ValueError, match="from 0 to 1"):
            prediction_powered([1.0], [3.0], [])

    def test_rogan_gladen_has_no_value_for_a_coin(self) -> None:
        found = prediction_powered([1.0, 1.0, 0.0, 0.0] * 30, [1.0, 0.0] * 60, [1.0, 0.0] * 300)
        assert found.rogan_gladen is None


@LIGHT
@given(st.integers(0, 10_000), st.floats(0.5, 1), st.floats(0.5, 1), st.integers(20, 200))
def test_laws(seed: int, sensitivity: float, specificity: float, labels: int) -> None:
    found = judged(sensitivity, specificity, labels, items=400, seed=seed)
    estimate, weight = found.estimate, found.weight
    assert estimate.value is not None and estimate.low is not None and estimate.high is not None and weight is not None
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    assert estimate.low < estimate.high
    assert 0 <= weight <= 1


@pytest.mark.statistical
def test_coverage_and_what_the_judge_alone_would_have_said() -> None:
    """1,319 items, 100 labels, sensitivity .95 and specificity .85: measured .937, the judge alone .38."""
    runs = [judged(0.95, 0.85, 100, seed=seed) for seed in range(1000)]
    assert sum(holds(run.estimate) for run in runs) / 1000 >= 0.925
    assert sum(holds(run.judge_only) for run in runs) / 1000 <= 0.5
    assert all(any("the judge alone" in caution for caution in run.cautions) for run in runs)
    errors = {
        name: math.sqrt(math.fsum(((estimate.value or 0.0) - TRUE) ** 2 for estimate in found) / len(found))
        for name, found in (
            ("ppi", [run.estimate for run in runs]),
            ("human", [run.human_only for run in runs]),
        )
    }
    assert errors["human"] ** 2 / errors["ppi"] ** 2 >= 2.0  # as good as twice the labels


@pytest.mark.statistical
def test_rogan_gladen_is_worse_than_labels_alone_under_a_poor_judge() -> None:
    runs = [judged(0.8, 0.8, 100, seed=seed) for seed in range(400)]
    assert sum(holds(run.estimate) for run in runs) / 400 >= 0.92
    plug_in = [run.rogan_gladen for run in runs if run.rogan_gladen is not None]
    spread = {
        "plug-in": np.std([estimate.value for estimate in plug_in if estimate.value is not None]),
        "labels": np.std([run.human_only.value for run in runs if run.human_only.value is not None]),
        "ppi": np.std([run.estimate.value for run in runs if run.estimate.value is not None]),
    }
    assert spread["ppi"] < spread["labels"] < spread["plug-in"]
