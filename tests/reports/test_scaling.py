"""A scaling study: the published pair, what is not known stays so, and laws that hold for any numbers."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.console import Console

from bakeoff.core.types import Estimate, Price
from bakeoff.reports.scaling.items import Table, shared
from bakeoff.reports.scaling.markdown import render_markdown
from bakeoff.reports.scaling.model import Ask, Pair, Study
from bakeoff.reports.scaling.page import render_html
from bakeoff.reports.scaling.strata import pooled_difference, pooled_p
from bakeoff.reports.scaling.study import study
from bakeoff.reports.scaling.terminal import print_study
from bakeoff.stats.paired import compare_binary
from bakeoff.stats.scaling import icer, logit_slope
from tests.reports.scaling_rows import SWE_BENCH, answers, measured, of_two, rows, sized, trial

LIGHT = settings(deadline=None, database=None, max_examples=8)


def _interval(found: Estimate) -> tuple[float, float, float]:
    assert found.value is not None and found.low is not None and found.high is not None
    return found.value, found.low, found.high


def _only(found: Study) -> Pair:
    (pair,) = found.whole.pairs
    return pair


@pytest.fixture(scope="module")
def published() -> Study:
    """The costs are made up to have the published means: $0.035 and $0.558 an item."""
    a, b = answers(SWE_BENCH)
    spread = np.random.default_rng(1).gamma(2.0, 0.5, (2, 500))
    costs = [mean * row / row.mean() for mean, row in zip((0.0354, 0.5584), spread, strict=True)]
    return of_two(
        rows(a, costs[0].tolist(), (1 + spread[0]).tolist(), 100),
        rows(b, costs[1].tolist(), (2 + 2 * spread[1]).tolist(), 100),
        Ask(worth=10.0),
    )


class TestPublishedPair:
    def test_the_difference(self, published: Study) -> None:
        pair = _only(published)
        assert _interval(pair.difference) == pytest.approx((0.108, 0.070, 0.148), abs=5e-4)
        assert pair.difference.method == "tango95"
        assert pair.p_mid is not None and pair.p_mid < 1e-6
        assert pair.e is not None and pair.e > 1e4
        assert pair.better == 1

    def test_what_it_comes_to(self, published: Study) -> None:
        pair = _only(published)
        assert _interval(pair.quantity("risk_ratio").estimate) == pytest.approx((1.181, 1.110, 1.256), abs=6e-4)
        assert pair.quantity("error_cut").estimate.value == pytest.approx((201 - 147) / 201)
        assert pair.quantity("slope").estimate == logit_slope(SWE_BENCH, 8, 14)
        assert pair.quantity("size_efficiency").estimate.value == pytest.approx(353 / 299 * 8 / 14)
        assert pair.quantities[-1].secondary

    def test_the_price(self, published: Study) -> None:
        pair = _only(published)
        assert pair.quantity("usd_difference").estimate.value == pytest.approx(0.523)
        value, low, high = _interval(pair.quantity("icer").estimate)
        assert value == pytest.approx(4.843, abs=0.001)
        assert (low, high) == pytest.approx((3.52, 7.46), rel=0.06)
        small, large = published.whole.standings
        assert small.quantity("per_usd").estimate.value == pytest.approx(16.9, abs=0.05)
        assert large.quantity("per_usd").estimate.value == pytest.approx(1.26, abs=0.005)
        assert large.quantity("usd_per_solved").estimate.value == pytest.approx(1 / 1.26, abs=0.005)

    def test_it_is_worth_ten_dollars_and_not_one(self, published: Study) -> None:
        (said,) = published.recommendations
        assert (said.rule, said.take) == ("R2", "large")
        assert said.sentence.startswith(
            "Take 'large' rather than 'small': it scores higher (10.8 points [7.0, 14.8]) at $4.84"
        )

    def test_speed(self, published: Study) -> None:
        pair = _only(published)
        seconds = pair.quantity("seconds_ratio").estimate.value
        assert seconds == pytest.approx(2.0, abs=0.15)
        assert seconds is not None
        assert pair.quantity("throughput_ratio").estimate.value == pytest.approx(1 / seconds)
        for name in ("p50_ratio", "p95_ratio"):
            value, low, high = _interval(pair.quantity(name).estimate)
            assert low <= value <= high

    def test_memory_is_an_estimate(self, published: Study) -> None:
        ratio = _only(published).quantity("memory_ratio")
        assert ratio.estimated and ratio.estimate.value == 14 / 8 and ratio.estimate.low is None
        gb = published.whole.standings[0].quantity("weights_gb")
        assert (gb.estimate.value, gb.estimated) == (16.0, True)
        assert any("memory is estimated" in note for note in published.notes)


def test_the_price_is_that_of_stats() -> None:
    a, b = answers((30, 4, 20, 26))
    costs = (np.random.default_rng(2).uniform(0.1, 0.2, 80), np.random.default_rng(3).uniform(0.4, 0.8, 80))
    ours = _only(of_two(rows(a, costs[0].tolist()), rows(b, costs[1].tolist()))).quantity("icer").estimate
    theirs = icer(a, b, costs[0], costs[1]).icer
    assert ours.value == pytest.approx(theirs.value)
    assert _interval(ours) == pytest.approx(_interval(theirs), rel=0.05)


# ---------------------------------------------------------------- what is not known


def test_what_is_not_known_has_no_value_and_a_reason() -> None:
    a, b = answers((10, 2, 8, 10))
    found = study(
        sized(("small", None), ("large", 14)), [measured("bench", ("small", "large"), (rows(a), rows(b)))], Ask()
    )
    pair = _only(found)
    for name in ("slope", "size_efficiency", "memory_ratio", "icer", "usd_ratio", "usd_difference", "seconds_ratio"):
        quantity = pair.quantity(name)
        assert quantity.estimate.value is None and quantity.gap, name
    assert pair.quantity("slope").gap == "the size of 'small' is not known: --size small=8"
    assert pair.quantity("icer").gap == "no cost of 'small' is known in 'bench'"
    assert pair.quantity("seconds_ratio").gap == "no time of 'small' is known in 'bench'"
    small = found.whole.standings[0]
    for name in ("p50_s", "tokens_per_s", "per_usd", "usd_per_item", "weights_gb", "per_gb", "per_1k_tokens"):
        assert small.quantity(name).estimate.value is None and small.quantity(name).gap, name
    assert all(front.gap for front in found.whole.fronts)
    assert "the cost of 'small', 'large' is not known" in " ".join(found.notes)


def test_a_cell_that_took_no_time_was_not_timed() -> None:
    a, b = answers((10, 2, 8, 10))
    found = of_two(rows(a, seconds=0.0, tokens=9), rows(b, seconds=2.0, tokens=9))
    assert _only(found).quantity("throughput_ratio").gap == "no time of 'small' is known in 'bench'"
    assert found.whole.standings[1].quantity("tokens_per_s").estimate.value == pytest.approx(4.5)


def test_what_was_charged_nothing_has_no_price() -> None:
    a, b = answers((10, 2, 18, 10))
    found = of_two(rows(a, 0.0), rows(b, 0.0))
    assert _only(found).quantity("icer").gap == "nothing was charged for either"
    assert found.whole.standings[0].quantity("per_usd").gap == "nothing was charged for it"


def test_free_against_paid_has_a_price_and_no_ratio() -> None:
    a, b = answers((10, 2, 28, 10))
    pair = _only(of_two(rows(a, 0.0), rows(b, 0.5)))
    assert pair.quantity("usd_ratio").estimate.value is None and pair.quantity("usd_ratio").gap
    assert pair.quantity("icer").estimate.value == pytest.approx(0.5 / 0.52)


def test_nothing_graded_at_all() -> None:
    found = of_two(rows([None] * 5), rows([None] * 5))
    assert _only(found).difference.value is None
    (said,) = found.recommendations
    assert (said.rule, said.kind) == ("R8", "cannot_tell")


def test_a_fault_of_the_machinery_is_not_a_wrong_answer() -> None:
    a, b = answers((10, 2, 8, 10))
    plain = of_two(rows(a, 0.1, 1.0, 5), rows(b, 0.2, 2.0, 5))
    more = of_two([*rows(a, 0.1, 1.0, 5), trial(99, None)], [*rows(b, 0.2, 2.0, 5), trial(99, 1.0, 0.2, 2.0, 5)])
    for name in ("risk_ratio", "usd_difference", "icer", "seconds_ratio"):
        assert _only(more).quantity(name).estimate.value == pytest.approx(_only(plain).quantity(name).estimate.value)
    assert _only(more).difference.value == _only(plain).difference.value
    assert _only(more).difference.n_missing == 1
    quality = more.whole.standings[0].quantity("quality").estimate
    assert (quality.n, quality.n_missing, quality.lowest) == (30, 1, 12 / 31)


def test_a_price_takes_the_place_of_what_is_stored() -> None:
    a, b = rows([1.0, 0.0], 9.0, tokens=100), rows([1.0, 1.0], None, tokens=100)
    first, second = shared([a, b], [Price(1.0, 2.0), Price(0.0, 1e6)])
    assert first.usd == second.usd
    assert list(first.usd) == pytest.approx([210e-6, 100.0])
    (unknown,) = shared([rows([1.0])], [Price(1.0, 1.0)])
    assert unknown.usd == (None,)
    with pytest.raises(ValueError, match="as many prices"):
        shared([a, b], [None])


def test_the_same_size_makes_no_slope() -> None:
    a, b = answers((10, 2, 8, 10))
    assert _only(of_two(rows(a), rows(b), sizes=(8, 8))).quantity("slope").gap.startswith("both have 8 B weights")


def test_repeats_count_an_item_once() -> None:
    twice = [
        [trial(i, float(i % 3 == 0 or (i % 2 == r and m)), repeat=r) for i in range(30) for r in (0, 1)] for m in (0, 1)
    ]
    found = of_two(twice[0], twice[1])
    pair = _only(found)
    assert (pair.difference.n, pair.counts, found.whole.graded) == (30, None, True)
    assert pair.quantity("risk_ratio").estimate.value == pytest.approx((10 + 10) / 10)


def test_chance() -> None:
    a, b = answers((40, 10, 20, 30))
    found = study(
        sized(("small", 8), ("large", 14)), [measured("m", ("small", "large"), (rows(a), rows(b)), choices=4)], Ask()
    )
    assert found.whole.standings[0].quantity("above_chance").estimate.value == pytest.approx((0.5 - 0.25) / 0.75)


# ---------------------------------------------------------------- several benchmarks, several models


def _two_benchmarks(swap: bool = False) -> Study:
    sides = [answers((20, 3, 12, 5)), answers((100, 20, 60, 20))]
    names, sizes = (("large", "small"), (14.0, 8.0)) if swap else (("small", "large"), (8.0, 14.0))
    found = []
    for place, (a, b) in enumerate(sides):
        pair = [rows(a, 0.1, 1.0 + place, 10), rows(b, 0.3, 2.0 + place, 10)]
        found.append(measured(f"bench{place}", names, pair[::-1] if swap else pair))
    return study(sized(*zip(names, sizes, strict=True)), found, Ask())


def test_benchmarks_count_alike_however_many_items_they_have() -> None:
    found = _two_benchmarks()
    assert found.pooled is not None
    (pooled,) = found.pooled.pairs
    assert pooled.difference.value == pytest.approx((9 / 40 + 40 / 200) / 2)
    assert pooled.difference.n == 240
    assert found.pooled.standings[0].quantity("quality").estimate.value == pytest.approx((23 / 40 + 120 / 200) / 2)
    assert pooled.quantity("risk_ratio").estimate.value == pytest.approx((32 / 40 + 160 / 200) / (23 / 40 + 120 / 200))
    gain = (9 / 40 + 40 / 200) / 2
    assert pooled.quantity("icer").estimate.value == pytest.approx(0.2 / gain)
    assert pooled.better == 1 and pooled.test == "sign flips within benchmarks"


def test_holm_is_over_benchmarks() -> None:
    pairs = [scope.pairs[0] for scope in _two_benchmarks().scopes]
    assert {pair.family for pair in pairs} == {2}
    raw = sorted(pair.p for pair in pairs if pair.p is not None)
    assert sorted(pair.p_adjusted for pair in pairs if pair.p_adjusted is not None) == [
        2 * raw[0],
        max(2 * raw[0], raw[1]),
    ]


def test_one_benchmark_pooled_is_that_benchmark() -> None:
    alone = compare_binary(20, 3, 12, 5).difference
    pooled = pooled_difference([alone])
    assert _interval(pooled) == pytest.approx(_interval(alone))
    assert pooled_difference([alone, Estimate(None, None, None, 0, 3, "tango95")]).value is None
    assert pooled_p([]) is None


def test_four_sizes_make_a_fit_and_three_do_not() -> None:
    rng = np.random.default_rng(4)
    names, sizes = ("s1", "s2", "s4", "s8"), (1.0, 2.0, 4.0, 8.0)
    trials = [
        rows((rng.uniform(size=400) < 1 / (1 + math.exp(-0.5 * place))).astype(float).tolist()) for place in range(4)
    ]
    found = study(sized(*zip(names, sizes, strict=True)), [measured("b", names, trials)], Ask())
    assert found.whole.fit is not None
    value, low, high = _interval(found.whole.fit.estimate)
    assert low < 0.5 < high and low < value < high
    assert "no law" in found.whole.fit.note
    assert len(found.whole.pairs) == 3 and {pair.family for pair in found.whole.pairs} == {3}
    three = study(sized(*zip(names[:3], sizes[:3], strict=True)), [measured("b", names[:3], trials[:3])], Ask())
    assert three.whole.fit is None


def test_families_are_told() -> None:
    a, b = answers((10, 2, 8, 10))
    one, other = sized(("small", 8), ("large", 14))
    mixed = [one, type(other)(other.name, 14, "given", 2.0, "assumed", "G")]
    found = study(mixed, [measured("bench", ("small", "large"), (rows(a), rows(b)))], Ask())
    assert any(note.startswith("the models are of several families (F, G)") for note in found.notes)


def test_one_model_is_no_study() -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        study(sized(("a", 1)), [], Ask())


def test_hostile_names_stay_names() -> None:
    a, b = answers((10, 2, 8, 10))
    names = ("<b>\x1b[2J|", "<script>alert(1)</script>")
    found = study(
        sized((names[0], 8), (names[1], 14)), [measured("be|nch", names, (rows(a, 0.1), rows(b, 0.2)))], Ask()
    )
    page, text = render_html(found, "0"), render_markdown(found)
    assert "<script" not in page and "<b>\x1b" not in page and "\x1b" not in page
    assert "\x1b" not in text and not re.search(r"(?<!\\)<", text)
    columns = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("| GB of weights")}
    assert columns == {4}
    console = Console(file=io.StringIO(), width=80)
    print_study(found, console)
    assert isinstance(console.file, io.StringIO) and "\x1b[2J" not in console.file.getvalue()


# ---------------------------------------------------------------- laws

_ITEM = st.tuples(
    st.booleans(), st.booleans(), st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 5), st.floats(0.1, 5)
)


def _pair_of(items: list[tuple[bool, bool, float, float, float, float]], ask: Ask, swap: bool) -> Study:
    sides = [
        rows([float(i[m]) for i in items], [i[2 + m] for i in items], [i[4 + m] for i in items], 20) for m in (0, 1)
    ]
    names, sizes = ("small", "large"), (8.0, 14.0)
    if swap:
        sides, names, sizes = sides[::-1], names[::-1], sizes[::-1]
    return study(sized(*zip(names, sizes, strict=True)), [measured("bench", names, sides)], ask)


@LIGHT
@given(st.lists(_ITEM, min_size=2, max_size=40), st.sampled_from([None, 0.05, 2.0]), st.sampled_from([None, 0.1, 0.5]))
def test_naming_the_other_first_mirrors_everything(
    items: list[tuple[bool, bool, float, float, float, float]], worth: float | None, margin: float | None
) -> None:
    one, other = (_pair_of(items, Ask(worth, margin), swap) for swap in (False, True))
    a, b = _only(one), _only(other)
    _mirrored(a.difference, b.difference, lambda x: -x)
    for name in ("usd_difference", "seconds_difference"):
        _mirrored(a.quantity(name).estimate, b.quantity(name).estimate, lambda x: -x)
    for name in ("risk_ratio", "usd_ratio", "seconds_ratio", "throughput_ratio", "memory_ratio"):
        _mirrored(a.quantity(name).estimate, b.quantity(name).estimate, lambda x: 1 / x)
    for name in ("icer", "slope"):
        first, second = a.quantity(name).estimate, b.quantity(name).estimate
        assert (first.value is None) == (second.value is None)
        assert first.value is None or _numbers(first) == pytest.approx(_numbers(second))
    assert (a.p, a.p_mid, a.e, a.better) == (b.p, b.p_mid, b.e, -b.better)
    assert [(r.rule, r.kind, r.take, r.sentence, r.change) for r in one.recommendations] == [
        (r.rule, r.kind, r.take, r.sentence, r.change) for r in other.recommendations
    ]


def _numbers(found: Estimate) -> list[float]:
    return [number for number in (found.value, found.low, found.high) if number is not None]


def _mirrored(one: Estimate, other: Estimate, turn: Callable[[float], float]) -> None:
    if one.value is None or other.value is None:
        return
    negated = turn(1.0) == -1.0
    if not negated and not (one.value > 0 and other.value > 0):
        return  # the inverse of nothing
    assert other.value == pytest.approx(turn(one.value), abs=1e-9)
    bounds = (one.low, one.high, other.low, other.high)
    if any(bound is None or (not negated and bound <= 0) for bound in bounds):
        return
    low, high, other_low, other_high = (bound or 0.0 for bound in bounds)
    # percentiles are interpolated between neighbours, so a ratio's inverse is so but for that step
    assert (other_low, other_high) == pytest.approx((turn(high), turn(low)), rel=1e-2, abs=1e-9)


def test_pooled_is_mirrored_too() -> None:
    one, other = _two_benchmarks(), _two_benchmarks(swap=True)
    assert one.pooled is not None and other.pooled is not None
    _mirrored(one.pooled.pairs[0].difference, other.pooled.pairs[0].difference, lambda x: -x)
    assert one.pooled.pairs[0].p == other.pooled.pairs[0].p
    assert [r.sentence for r in one.recommendations] == [r.sentence for r in other.recommendations]


@settings(LIGHT, max_examples=4)
@given(st.permutations(range(30)))
def test_the_order_of_the_trials_does_not_matter(order: list[int]) -> None:
    a, b = answers((10, 2, 8, 10))
    sides = rows(a, 0.1, 1.0, 5), rows(b, 0.2, 2.0, 5)
    mixed = of_two(sides[0], [sides[1][i] for i in order])
    assert _only(mixed) == _only(of_two(*sides))


def _table(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> Table:
    return Table([[float(x), float(y)] for x, y in zip(a, b, strict=True)], 0)


@pytest.mark.statistical
def test_coverage_and_size_of_the_pooled_difference() -> None:
    """Three benchmarks of unlike size and gain; the null has no gain anywhere."""
    rng = np.random.default_rng(5)
    covered, false, experiments = 0, 0, 400
    for _ in range(experiments):
        for gain in (0.1, 0.0):
            tables, parts = [], []
            for n, base in ((40, 0.4), (80, 0.6), (300, 0.7)):
                shared_part = rng.uniform(size=n)
                luck = rng.uniform(size=(2, n)) < 0.5
                a = np.where(luck[0], shared_part, rng.uniform(size=n)) < base
                b = np.where(luck[1], shared_part, rng.uniform(size=n)) < base + gain
                tables.append(_table(a, b))
                both, only_a, only_b = int((a & b).sum()), int((a & ~b).sum()), int((b & ~a).sum())
                parts.append(compare_binary(both, only_a, only_b, n - both - only_a - only_b).difference)
            _, low, high = _interval(pooled_difference(parts))
            if gain:
                covered += low <= gain <= high
            else:
                p = pooled_p(tables)
                assert p is not None
                false += p < 0.05 and not low <= 0 <= high
    assert 0.92 <= covered / experiments <= 0.985
    assert false / experiments <= 0.075


def test_a_reply_from_the_store_has_no_time_of_this_run() -> None:
    fresh, stored = rows([1.0] * 4, seconds=2.0, tokens=5), rows([1.0] * 4, seconds=2.0, tokens=5)
    for one in stored[1:]:
        one.cached = 1
    items = shared([fresh, stored], [None, None])
    assert [item.seconds for item in items] == [(2.0, 2.0), (2.0, None), (2.0, None), (2.0, None)]
    assert all(item.tokens == (5.0, 5.0) and item.score == (1.0, 1.0) for item in items)
