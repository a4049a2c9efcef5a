"""The rules of a scaling study: each fires on the numbers that support it, and on no others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.reports.scaling.model import Ask, Recommendation, Study, sign
from bakeoff.reports.scaling.rules import RULES
from bakeoff.reports.scaling.study import study
from tests.reports.scaling_rows import answers, measured, of_two, rows, sized

CLEAR = (40, 2, 40, 18)  # 'large' is 38 points better
UNCLEAR = (50, 10, 13, 27)
ALIKE = (300, 3, 3, 94)


def said(
    counts: tuple[int, int, int, int], usd: tuple[float, float] | None, ask: Ask, looked: str = ""
) -> Recommendation:
    """What is said of 'small' and 'large' with these answers and these dollars an item."""
    a, b = answers(counts)
    costs = usd or (None, None)
    found = of_two(rows(a, costs[0]), rows(b, costs[1]), ask, looked=looked)
    (one,) = found.recommendations
    return one


NOTHING = Ask()


@pytest.mark.parametrize(
    ("counts", "usd", "ask", "rule", "kind", "take"),
    [
        (CLEAR, (2.0, 1.0), NOTHING, "R1", "take", "large"),
        (CLEAR, (1.0, 1.0), NOTHING, "R1", "take", "large"),
        (CLEAR, (1.0, 2.0), Ask(worth=100.0), "R2", "take", "large"),
        (CLEAR, (1.0, 2.0), Ask(worth=0.01), "R3", "take", "small"),
        (CLEAR, (1.0, 2.0), Ask(worth=2.6), "R4", "depends", None),
        (CLEAR, (1.0, 2.0), NOTHING, "R4", "depends", None),
        (CLEAR, None, Ask(worth=100.0), "R4", "depends", None),
        (ALIKE, (1.0, 2.0), Ask(margin=0.03), "R5", "take", "small"),
        (ALIKE, (2.0, 1.0), Ask(margin=0.03), "R5", "take", "large"),
        (ALIKE, None, Ask(margin=0.03), "R6", "either", None),
        (ALIKE, (1.0, 1.0), Ask(margin=0.03), "R6", "either", None),
        (UNCLEAR, (1.0, 2.0), NOTHING, "R7", "lean", "small"),
        (UNCLEAR, (1.0, 2.0), Ask(margin=0.03), "R8", "cannot_tell", None),
        (UNCLEAR, None, NOTHING, "R8", "cannot_tell", None),
    ],
)
def test_each_rule(
    counts: tuple[int, int, int, int], usd: tuple[float, float] | None, ask: Ask, rule: str, kind: str, take: str | None
) -> None:
    one = said(counts, usd, ask)
    assert (one.rule, one.kind, one.take) == (rule, kind, take), one.sentence
    assert one.rests_on[0].id == "difference"
    assert one.change


def test_more_items_are_told() -> None:
    one = said(UNCLEAR, None, NOTHING)
    found = re.fullmatch(
        r"about ([\d,]+) more items for a difference as large as the one seen;"
        r" 100 items show a difference of (\d+\.\d) points or more",
        one.change,
    )
    assert found, one.change
    assert int(found[1].replace(",", "")) == pytest.approx((1.959964 + 0.841621) ** 2 * 0.23 / 0.03**2 - 100, abs=1.5)
    assert float(found[2]) == pytest.approx(100 * (1.959964 + 0.841621) * (0.23 / 100) ** 0.5, abs=0.06)
    margin = said(UNCLEAR, None, Ask(margin=0.05)).change
    assert "for a margin of 5 points" in margin


@pytest.mark.parametrize(("counts", "told"), [((0, 1, 0, 0), "1 is"), ((0, 2, 1, 0), "3 are")])
def test_no_difference_of_more_than_all_points_is_told(counts: tuple[int, int, int, int], told: str) -> None:
    one = said(counts, None, NOTHING)
    assert one.rule == "R8"
    assert one.change == f"more items: {told} too few for any difference, at a power of 80 %"


def test_a_cost_that_is_not_known_is_not_called_no_lower() -> None:
    assert said(UNCLEAR, None, NOTHING).sentence.endswith("and what either costs is not known.")
    assert said(UNCLEAR, (1.0, 1.0), NOTHING).sentence.endswith("nor a lower cost.")
    assert "a difference of 1 point is" in said(UNCLEAR, None, Ask(margin=0.01)).sentence


def test_models_that_answer_alike_throughout() -> None:
    one = said((20, 0, 0, 20), None, NOTHING)
    assert (one.rule, one.change) == ("R8", "items on which the two do not answer alike")


def test_a_run_that_was_looked_at_has_no_price() -> None:
    one = said(CLEAR, (1.0, 2.0), Ask(worth=100.0), looked="run 'x' has a decision rule")
    assert (one.rule, one.kind) == ("R4", "depends")
    assert "was looked at while it went on" in one.sentence
    a, b = answers(CLEAR)
    found = of_two(rows(a, 1.0), rows(b, 2.0), looked="run 'x' has a decision rule")
    (pair,) = found.whole.pairs
    assert pair.test == "anytime test" and pair.better == 1
    assert all(q.estimate.low is None for q in pair.quantities)
    assert pair.quantity("icer").gap.startswith("the run was looked at")
    assert all("decision rule" in front.gap for front in found.whole.fronts)


def test_where_dollars_are_not_known_time_is_weighed() -> None:
    a, b = answers(ALIKE)
    one = of_two(rows(a, seconds=1.0), rows(b, seconds=2.0), Ask(margin=0.03)).recommendations[0]
    assert (one.rule, one.take) == ("R5", "small")
    assert one.sentence.startswith("Take 'small' rather than 'large': it answers faster")


def test_benchmarks_that_disagree() -> None:
    up, down = answers(CLEAR), answers((40, 40, 2, 18))
    names = ("small", "large")
    pairs = [measured(name, names, (rows(a), rows(b))) for name, (a, b) in (("x", up), ("y", down))]
    found = study(sized(("small", 8), ("large", 14)), pairs, Ask())
    one = next(r for r in found.recommendations if r.rule == "R9")
    assert one.sentence == "Choose for each benchmark: 'large' is better in 'x', 'small' is better in 'y'."
    assert [q.label for q in one.rests_on] == ["'large' minus 'small', x", "'large' minus 'small', y"]


def _three(costs: tuple[float, float, float]) -> Study:
    a, b = answers(CLEAR)
    names = ("small", "large", "vain")
    trials = [rows(a, costs[0]), rows(b, costs[1]), rows(a, costs[2])]
    return study(sized(("small", 1), ("large", 2), ("vain", 4)), [measured("x", names, trials)], Ask())


def test_a_model_that_is_beaten_is_left_out() -> None:
    found = _three((1.0, 2.0, 3.0))
    left = [r for r in found.recommendations if r.rule == "R10"]
    assert [(r.models, r.take) for r in left] == [(("vain", "small"), "small")]
    assert [front.names for front in found.whole.fronts if not front.gap] == [("small", "large")]
    alike = [r.models for r in _three((1.0, 1.0, 1.0)).recommendations if r.rule == "R10"]
    assert alike == [("small", "large"), ("vain", "large")]


_CASE = st.tuples(
    st.tuples(*[st.integers(0, 40)] * 4).filter(lambda counts: sum(counts) > 1),
    st.tuples(st.floats(0.01, 3), st.floats(0.01, 3)) | st.none(),
    st.floats(0.01, 20) | st.none(),
    st.floats(0.01, 0.5) | st.none(),
)


@settings(deadline=None, database=None, max_examples=15)
@given(_CASE)
def test_no_rule_fires_on_an_interval_that_does_not_support_it(
    case: tuple[tuple[int, int, int, int], tuple[float, float] | None, float | None, float | None],
) -> None:
    counts, usd, worth, margin = case
    a, b = answers(counts)
    costs = usd or (None, None)
    found = of_two(rows(a, costs[0]), rows(b, costs[1]), Ask(worth, margin))
    (one,), (pair,) = found.recommendations, found.whole.pairs
    price, cost = pair.quantity("icer").estimate, sign(pair.quantity("usd_difference").estimate)
    side = {"small": -1, "large": 1, None: 0}[one.take]
    low, high = pair.difference.low, pair.difference.high
    assert low is not None and high is not None
    if one.rule in ("R1", "R2"):
        assert pair.better == side
    if one.rule == "R1":
        assert cost * side <= 0 and usd is not None
    if one.rule == "R2":
        assert worth is not None and price.high is not None and price.high <= worth
    if one.rule == "R3":
        assert pair.better == -side and worth is not None and price.low is not None and price.low > worth
    if one.rule in ("R5", "R6"):
        assert margin is not None and not pair.better
        assert side == -1 or low > -margin
        assert side == 1 or high < margin
    if one.rule in ("R5", "R7"):
        assert cost == -side
    if one.kind == "cannot_tell":
        assert not pair.better


def test_the_page_states_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(encoding="utf-8")
    told = " ".join(page.split())
    assert [rule for rule, text in RULES.items() if f"**{rule}** {text}" not in told] == []
