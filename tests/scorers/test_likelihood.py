"""Log-probabilities of choices: which is the best by which length, ties, several right ones, faults."""

from __future__ import annotations

import math

import orjson
import pytest

from bakeoff.core.types import Json, Sample, Score
from bakeoff.scorers.likelihood import Likelihood, Metric


def sample(choices: tuple[str, ...], target: str = "A", **meta: Json) -> Sample:
    labels = tuple("ABCDEFGHIJ"[: len(choices)])
    return Sample("1", "q", target, target, labels=labels, choices=choices, meta=meta)


def score(asked: Sample, found: list[tuple[str, float, int]], metric: Metric = "acc", among: str = "") -> Score:
    return Likelihood(metric, among).score(asked, orjson.dumps(found).decode())


class TestMetrics:
    # Sums favour A, characters B, bytes C (é is two bytes, and B has many), tokens D.
    ASKED = sample(("ab", "éééééééé", "abcdefghijklmn", "abcde"))
    FOUND = [(" ab", -2.0, 1), (" éééééééé", -4.0, 2), (" abcdefghijklmn", -7.4, 2), (" abcde", -6.0, 20)]

    @pytest.mark.parametrize(
        ("metric", "chosen"), [("acc", "A"), ("acc_norm", "B"), ("acc_bytes", "B"), ("acc_tokens", "D")]
    )
    def test_each_has_a_best_choice_of_its_own(self, metric: Metric, chosen: str) -> None:
        found = score(self.ASKED, self.FOUND, metric)
        assert found.chosen == chosen
        assert found.value == float(chosen == "A") == found.parts[metric]
        assert not found.continuous

    def test_bytes_are_not_characters(self) -> None:
        asked = sample(("éééé", "abcde"))  # per character -1 and -0.9; per byte -0.5 and -0.9
        found = [(" éééé", -4.0, 1), (" abcde", -4.5, 1)]
        assert score(asked, found, "acc_norm").chosen == "B"
        assert score(asked, found, "acc_bytes").chosen == "A"

    def test_the_space_before_a_choice_has_no_length_but_a_second_one_has(self) -> None:
        asked = sample(("ab", " ab"))
        assert score(asked, [(" ab", -2.0, 1), ("  ab", -2.9, 1)], "acc_norm").chosen == "B"  # -1.00, -0.97

    def test_all_are_in_the_parts_whichever_is_the_score(self) -> None:
        parts = score(self.ASKED, self.FOUND, "acc_norm").parts
        assert {name: parts[name] for name in ("acc", "acc_norm", "acc_tokens")} == {
            "acc": 1.0,
            "acc_norm": 0.0,
            "acc_tokens": 0.0,
        }

    def test_the_confidence_is_that_of_the_choice_that_counts(self) -> None:
        masses = {"A": math.exp(-2.0), "B": math.exp(-4.0), "C": math.exp(-7.4), "D": math.exp(-6.0)}
        taken: list[tuple[Metric, str]] = [("acc", "A"), ("acc_norm", "B"), ("acc_tokens", "D")]
        for metric, chosen in taken:
            found = score(self.ASKED, self.FOUND, metric)
            assert found.parts["confidence"] == pytest.approx(masses[chosen] / sum(masses.values()))

    def test_a_choice_without_length_is_not_the_best_by_length(self) -> None:
        found = [(" ", -0.1, 0), (" b", -9.0, 1)]
        assert score(sample(("", "b")), found).chosen == "A"
        for metric in ("acc_norm", "acc_bytes", "acc_tokens"):
            assert score(sample(("", "b")), found, metric).chosen == "B"


class TestTies:
    @pytest.mark.parametrize("metric", ["acc", "acc_norm", "acc_bytes", "acc_tokens"])
    def test_the_first_of_equal_ones_counts(self, metric: Metric) -> None:
        found = [(" x", -3.0, 1), (" y", -1.0, 1), (" z", -1.0, 1)]
        assert score(sample(("x", "y", "z"), "B"), found, metric).value == 1.0
        assert score(sample(("x", "y", "z"), "C"), found, metric).value == 0.0


class TestSeveralRight:
    def test_mc2_is_the_share_of_the_right_ones(self) -> None:
        asked = sample(("a", "b", "c"), right=[0, 2])
        found = score(asked, [(" a", math.log(0.1), 1), (" b", math.log(0.3), 1), (" c", math.log(0.2), 1)], "mc2")
        assert found.value == pytest.approx(0.5)
        assert found.continuous and "confidence" not in found.parts

    def test_long_texts_do_not_vanish(self) -> None:
        """exp(-2000) is 0: lm-eval divides 0 by 0 there."""
        found = score(sample(("a", "b"), right=[0]), [(" a", -2000.0, 1), (" b", -2000.0 - math.log(3), 1)], "mc2")
        assert found.value == pytest.approx(0.75)

    def test_another_list_of_choices(self) -> None:
        other: Json = {"choices": ["x", "y", "z"], "right": [1, 2], "labels": ["1", "2", "3"]}
        asked = sample(("a", "b"), other=other)
        found = score(asked, [(" x", -5.0, 1), (" y", -1.0, 1), (" z", -2.0, 1)], among="other")
        assert (found.value, found.chosen) == (1.0, "2")
        with pytest.raises(ValueError, match="3 log-probabilities for 2 choices"):
            score(asked, [(" x", -5.0, 1), (" y", -1.0, 1), (" z", -2.0, 1)])


class TestFaults:
    def test_one_too_few(self) -> None:
        with pytest.raises(ValueError, match="1 log-probabilities for 2 choices"):
            score(sample(("a", "b")), [(" a", -1.0, 1)])

    def test_what_is_no_number_is_no_wrong_answer(self) -> None:
        with pytest.raises(ValueError, match="1 log-probabilities for 2 choices"):
            score(sample(("a", "b")), [(" a", float("nan"), 1), (" b", -1.0, 1)])

    def test_the_reason_stays_short(self) -> None:
        many = tuple("abcdefghij")
        told = score(sample(many), [(f" {text}", -1.0, 1) for text in many]).reason
        assert told.endswith(" and 2 more")
