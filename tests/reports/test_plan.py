"""Plans: each design's three numbers, what is said to beware of, and what nobody could plan."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bakeoff.core.types import Estimate
from bakeoff.reports.designs import DESIGNS, Ask, DesignPlan, Discordance, assumed
from bakeoff.reports.plan import Cost, Plan, percent, plan_of, points
from bakeoff.reports.plan_text import plan_json, print_plan
from bakeoff.stats.power import discordance, mde, noninferiority_n, paired_n, paired_power, unpaired_n
from bakeoff.stats.stopping import expected_stop, horizon

LIGHT = settings(deadline=None, database=None, max_examples=30)
KNOWN = Discordance("given", "as given", 0.5, 0.3)
ALL = Ask(effect=0.05, margin=0.03, cluster_size=5, icc=0.3, repeats=3, prompts=5, prompt_sd=0.01)


def _of(plan: Plan, design: str) -> DesignPlan:
    return next(found for found in plan.designs if found.design == design)


def _text(plan: Plan, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_plan(plan, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class TestNumbers:
    def test_they_are_the_formulas(self) -> None:
        plan = plan_of(ALL, KNOWN, items=1319)
        paired = _of(plan, "paired")
        assert paired.items == math.ceil(paired_n(0.05, 0.3))
        assert paired.power == paired_power(1319, 0.05, 0.3)
        assert paired.shows == mde(1319, 0.3)
        assert _of(plan, "unpaired").items == math.ceil(unpaired_n(0.475, 0.525))
        assert _of(plan, "clustered").items == math.ceil(2.2 * paired_n(0.05, 0.3))
        assert _of(plan, "non-inferiority").items == math.ceil(noninferiority_n(0.03, 0.3))
        assert _of(plan, "sequential").items == horizon(0.05, 0.3)
        stopping = expected_stop(1319, 0.05, 0.3)
        assert (plan.stopping, _of(plan, "sequential").power) == (stopping, stopping.power)

    def test_several_answers_to_an_item(self) -> None:
        plan = plan_of(ALL, KNOWN)
        repeats, crossed = _of(plan, "repeats"), _of(plan, "crossed")
        assert repeats.items is not None and crossed.items is not None
        assert (repeats.answers, crossed.answers) == (3 * repeats.items, 5 * crossed.items)
        paired = _of(plan, "paired").items
        assert paired is not None
        assert repeats.items < paired < 3 * repeats.items
        alone = plan_of(replace(ALL, prompt_sd=0.0), KNOWN)
        assert (_of(alone, "crossed").items or 0) < crossed.items

    def test_several_comparisons(self) -> None:
        one, four = plan_of(ALL, KNOWN, 1319), plan_of(replace(ALL, comparisons=4), KNOWN, 1319)
        assert _of(four, "paired").items == math.ceil(paired_n(0.05, 0.3, alpha=0.0125))
        for design in DESIGNS:
            assert (_of(four, design).items or 0) > (_of(one, design).items or 0)
            assert (_of(four, design).power or 0) < (_of(one, design).power or 0)

    def test_without_an_effect(self) -> None:
        plan = plan_of(Ask(), assumed(), items=164)
        assert _of(plan, "paired").items is None
        assert _of(plan, "paired").shows == mde(164, discordance(0.5, 0.5))
        assert [chance.effect for chance in plan.chances] == [0.02, 0.05, 0.10, 0.16]
        powers = [chance.power for chance in plan.chances]
        assert powers == sorted(powers)
        assert plan.remarks == ("Stopping early saves little for differences of 16 points and less.",)

    @LIGHT
    @given(st.floats(0.01, 0.2), st.integers(20, 3000), st.floats(0.2, 0.6))
    def test_enough_items_have_the_power(self, effect: float, items: int, psi: float) -> None:
        ask = replace(ALL, effect=effect, designs=("paired", "unpaired", "clustered", "repeats", "non-inferiority"))
        for design in plan_of(ask, replace(KNOWN, share=psi), items).designs:
            assert design.items is not None and design.power is not None
            assert (design.items <= items) == (design.power >= 0.8)
            if design.shows is not None and design.design in ("paired", "clustered"):
                assert (design.shows <= effect) == (design.items <= items)


class TestDiscordance:
    def test_assumed_follows_the_accuracies(self) -> None:
        assert assumed(0.5, 0.4).at(0.0) == pytest.approx(0.3)
        assert assumed(0.5, 0.3).at(0.16) == pytest.approx(0.36664)
        assert assumed(0.98).accuracies(0.1) == pytest.approx((0.9, 1.0))
        assert assumed(0.5).at(0.9) >= 0.9  # no more correlation than such accuracies can have

    @LIGHT
    @given(st.floats(0, 1), st.floats(0.001, 0.999))
    def test_there_is_always_room_for_the_difference(self, accuracy: float, delta: float) -> None:
        known = assumed(accuracy)
        low, high = known.accuracies(delta)
        assert 0 <= low <= high <= 1 + 1e-12
        assert delta - 1e-9 <= known.at(delta) <= 1

    def test_graded_scores_are_not_stopped_early(self) -> None:
        plan = plan_of(ALL, replace(KNOWN, graded=True), 1319)
        assert plan.stopping is None
        assert "scores in between" in (_of(plan, "sequential").reason or "")


class TestRemarks:
    def test_five_points_on_1319_items_save_little(self) -> None:
        (said,) = plan_of(Ask(effect=0.05), assumed(), 1319).remarks
        assert said.startswith("Stopping early saves little here, 32 % of 1,319 items on average")

    def test_sixteen_points_save_much(self) -> None:
        assert plan_of(Ask(effect=0.16), assumed(), 1319).remarks == ()

    def test_too_few_items(self) -> None:
        said = plan_of(Ask(effect=0.02), assumed(), 1319, "gsm8k", 1319).remarks
        assert said[0] == "No design here has enough items: the benchmark has 1,319, and 5,890 are needed."
        assert "would be missed in 74 % of runs" in said[1]

    def test_a_measured_discordance_is_not_exact(self) -> None:
        known = replace(KNOWN, estimate=Estimate(0.3, 0.2, 0.4, 80, 0, "wilson95"))
        low, high = math.ceil(paired_n(0.1, 0.2)), math.ceil(paired_n(0.1, 0.4))
        assert plan_of(Ask(effect=0.1), known, 1319).remarks[0] == (
            f"Over the interval of the discordance, paired takes {low} to {high} items."
        )


class TestOutOfReach:
    def test_a_design_says_why_and_the_others_go_on(self) -> None:
        plan = plan_of(replace(ALL, prompt_sd=0.2), KNOWN)
        assert "take more prompts" in (_of(plan, "crossed").reason or "")
        assert _of(plan, "paired").items is not None

    @pytest.mark.parametrize(
        ("ask", "words"),
        [
            (Ask(effect=0.4, designs=("paired",)), "out of reach"),
            (Ask(effect=0.05, designs=("clustered",)), "--cluster-size"),
            (Ask(effect=0.05, designs=("repeats",)), "--repeats 3"),
            (Ask(effect=0.05, designs=("crossed",)), "--prompts 5"),
            (Ask(effect=0.05, designs=("non-inferiority",)), "--margin 3pt"),
        ],
    )
    def test_nothing_else_was_asked(self, ask: Ask, words: str) -> None:
        with pytest.raises(ValueError, match=words):
            plan_of(ask, KNOWN)

    def test_too_many_to_simulate(self) -> None:
        plan = plan_of(Ask(effect=0.002), KNOWN)
        assert plan.stopping is None
        assert "not simulated" in (_of(plan, "sequential").reason or "")


class TestText:
    COST = Cost(1319, 2638, 100_000, 50_000, 1.319, 900.0, bound=True)

    def test_it_fits(self) -> None:
        plan = replace(plan_of(ALL, assumed(), 1319, "gsm8k", 1319), cost=self.COST)
        for width in (40, 80, 120):
            assert max(map(len, _text(plan, width).splitlines())) <= width

    def test_what_it_says(self) -> None:
        plan = replace(plan_of(ALL, assumed(), 1319, "gsm8k", 1319), cost=self.COST)
        said = " ".join(_text(plan).split())
        for words in (
            "gsm8k · 1,319 items a difference of 5 points, power 80 %, alpha 0.05",
            "discordance 30.2 %: assumed, from accuracies around 50 % and a correlation of 0.4",
            "paired 945 ≤ $0.9450 91.2 % 4.23 points",
            "repeats 627 × 3 ≤ $1.88 98.2 % 3.45 points",
            "sequential: batches of 32, at most 1,319 items; stops after 902 on average, ≤ $0.9017 (32 % saved)",
            "all 1,319 items once: 2,638 calls, about 100,000 prompt tokens, at most 50,000 output tokens"
            " (bounded by its limit), at most $1.32, about 900.0 s",
        ):
            assert words in said

    def test_an_unknown_price_is_not_nothing(self) -> None:
        plan = replace(plan_of(ALL, assumed(), 1319), cost=replace(self.COST, usd=None, seconds=None))
        assert "$" not in _text(plan)
        assert "cost unknown, time unknown" in " ".join(_text(plan).split())

    def test_a_run_that_never_stops_early(self) -> None:
        assert "0.4 % of runs stop early" in _text(plan_of(Ask(effect=0.1), assumed(), 44))

    def test_columns_of_what_was_not_asked_are_left_out(self) -> None:
        assert "stops after" in _text(plan_of(Ask(), assumed(), 500))
        paired = _text(plan_of(Ask(designs=("paired",)), assumed(), 500))
        assert "is shown in" in paired and "stops after" not in paired
        assert "is shown in" not in _text(plan_of(Ask(designs=("unpaired",)), assumed(), 500))

    def test_words(self) -> None:
        assert [points(0.05), points(0.01), points(0.0456), points(None)] == ["5 points", "1 point", "4.56 points", "–"]
        assert [percent(0.8), percent(0.915), percent(0.317, 0)] == ["80 %", "91.5 %", "32 %"]

    def test_json_holds_all_of_it(self) -> None:
        found = plan_json(replace(plan_of(ALL, assumed(), 1319, "gsm8k"), cost=self.COST))
        designs = found["designs"]
        assert isinstance(designs, list) and len(designs) == len(DESIGNS)
        assert found["discordance"] == {
            "source": "assumed",
            "told": assumed().told,
            "accuracy": 0.5,
            "share": assumed().at(0.05),
            "phi": 0.4,
            "estimate": None,
            "graded": False,
        }


def test_a_few_items_are_not_said_to_show_what_they_cannot() -> None:
    """One pair is no table that McNemar's test could find anything in, and six are next to none."""
    one = plan_of(Ask(), assumed(), 1)
    assert one.chances and all(chance.power == 0 for chance in one.chances)
    few = plan_of(Ask(effect=0.03, designs=("paired",)), Discordance("given", "as given", 0.5, 0.03), 44)
    assert few.designs[0].power == pytest.approx(0.0096, abs=0.001)


def test_accuracies_that_leave_no_room_for_the_effect_are_told() -> None:
    told = "There is no room for 5 points around 99 %, so accuracies of 95 % and 100 % are planned with."
    assert told in plan_of(Ask(effect=0.05), assumed(0.99)).remarks
    assert told not in plan_of(Ask(effect=0.05), assumed(0.9)).remarks
    given_share = Discordance("given", "as given", 0.99, 0.2)
    assert told not in plan_of(Ask(effect=0.05, designs=("paired",)), given_share).remarks
