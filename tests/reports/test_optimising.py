"""Optimisations side by side: ratios with intervals, whether answers stayed the same, and the rules of the guide."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from rich.console import Console

from bakeoff.core.records import CellRecord
from bakeoff.core.types import Estimate, ModelIdentity, Outcome
from bakeoff.core.usage import Usage
from bakeoff.reports.compare import Comparison
from bakeoff.reports.optimising import Place, Sameness, Scope, Study, Told, Way, sameness, times
from bakeoff.reports.optimising_figure import speed_up
from bakeoff.reports.optimising_guide import RULES, guide, ratio_text
from bakeoff.reports.optimising_json import study_json
from bakeoff.reports.optimising_page import render_html
from bakeoff.reports.optimising_text import bars, markdown, print_study, warnings
from bakeoff.reports.performance import Machine, Performance, Quantiles
from bakeoff.stats.intervals import proportion

HIGH = Estimate(0.8, 0.7, 0.9, 100, 0, "wilson95")


def estimate(value: float, low: float | None = None, high: float | None = None, n: int = 50) -> Estimate:
    return Estimate(value, low, high, n, 0, "blocks-t95")


def cell(label: str, position: int = 0) -> CellRecord:
    identity = ModelIdentity("fake", "a", measured=f"{label}#1")
    return CellRecord(
        position, position, "fake/a", "balanced", "gsm8k", "cot", "bakeoff", identity, "r", "d", 100, "line", label
    )


def performance(
    rate: float, first: float = 0.1, p95: float = 1.0, peak: int = 100, hits: float | None = None
) -> Performance:
    quantiles = [Quantiles(estimate(v, v * 0.9, v * 1.1), estimate(p95), estimate(p95)) for v in (first, p95 / 2)]
    return Performance(
        100,
        100,
        first_token=quantiles[0],
        whole=quantiles[1],
        output_per_s=estimate(rate, rate * 0.9, rate * 1.1),
        prefix_hits=None if hits is None else estimate(hits, 0.0, 1.0),
        machine=Machine((Usage(0.0, 1.0, host_peak=peak << 20),), 1),
    )


SAME = Sameness(proportion(100, 100, 0), proportion(100, 100, 0))


def way(label: str, found: Performance, base: Performance, comparison: Comparison | None = None) -> Way:
    assert base.first_token is not None and found.first_token is not None
    return Way(
        cell(label),
        HIGH,
        found,
        times(found.output_per_s, base.output_per_s),
        times(base.first_token.p50, found.first_token.p50),
        SAME,
        comparison,
    )


def differing() -> Comparison:
    a, b = cell("sequential"), cell("batched:4")
    difference = Estimate(-0.2, -0.3, -0.1, 100, 0, "tango95")
    return Comparison(
        "sequential", "batched:4", a, b, difference, "exact McNemar", 0.001, None, 60, 0, 20, 20, (), 0.002
    )


def scope(*others: Way, base: Performance) -> Scope:
    return Scope("fake/a", "balanced", "gsm8k", "cot", [Way(cell("sequential"), HIGH, base), *others])


def choices(found: Scope) -> dict[str, str]:
    return {one.rule: one.choice for one in guide([found])}


BASE = performance(100.0)


def test_a_ratio_has_the_interval_of_both() -> None:
    found = times(estimate(300.0, 270.0, 333.3), estimate(100.0, 90.0, 111.1))
    assert found is not None and found.low is not None and found.high is not None
    assert found.value == pytest.approx(3.0)
    assert found.low == pytest.approx(3.0 / found.high * 3.0, rel=1e-3)
    assert 2.5 < found.low < 2.7 and 3.4 < found.high < 3.6
    assert times(estimate(3.0), estimate(1.0, 0.9, 1.1)) == Estimate(3.0, None, None, 50, 0, "log-ratio95")
    assert times(None, estimate(1.0)) is None and times(estimate(1.0), estimate(0.0)) is None


def answers(texts: Sequence[str], outcome: Outcome = Outcome.CORRECT, repeat: int = 0) -> Mapping[Place, Told]:
    return {(str(i), repeat): Told(text.encode(), outcome) for i, text in enumerate(texts)}


def test_sameness_is_paired_by_sample_and_repeat() -> None:
    found = sameness(answers("aaaa"), answers("aabb"))
    assert found is not None
    assert (found.texts.value, found.outcomes.value, found.noise, found.p) == (0.5, 1.0, None, None)
    assert not found.beyond_noise
    assert sameness(answers("ab"), {}) is None


def test_an_error_says_nothing_of_the_answers() -> None:
    found = sameness(answers("ab"), {**answers("ab"), ("0", 0): Told(b"", Outcome.ERROR)})
    assert found is not None and found.texts.n == 1


def test_texts_are_held_against_the_engines_own_noise() -> None:
    steady = {**answers("a" * 40), **answers("a" * 40, repeat=1)}
    other = {**answers("b" * 40), **answers("b" * 40, repeat=1)}
    found = sameness(steady, other)
    assert found is not None and found.noise is not None
    assert (found.noise.value, found.beyond_noise) == (0.0, True)
    noisy = {**answers("a" * 40), **answers("c" * 40, repeat=1)}  # never says the same twice
    again = sameness(noisy, other)
    assert again is not None and again.noise is not None
    assert (again.noise.value, again.beyond_noise) == (1.0, False)


def test_the_fastest_whose_scores_hold_is_for_many_questions() -> None:
    fast, faster = way("batched:4", performance(300.0), BASE), way("batched:16", performance(900.0), BASE)
    assert choices(scope(fast, faster, base=BASE))["O1"] == "batched:16"
    wrong = replace(faster, comparison=differing())
    found = choices(scope(fast, wrong, base=BASE))
    assert (found["O1"], found["O7"]) == ("batched:4", "do not use batched:16")


def test_of_level_ways_the_one_with_less_memory() -> None:
    small, large = performance(880.0, peak=100), performance(900.0, peak=400)
    found = scope(way("batched:8", small, BASE), way("batched:16", large, BASE), base=BASE)
    assert choices(found)["O1"] == "batched:8"


def test_no_gain_is_claimed_that_is_not_shown() -> None:
    found = scope(way("batched:4", performance(105.0), BASE), base=BASE)
    assert (choices(found)["O1"], choices(found)["O2"]) == ("sequential", "sequential")


def test_a_prefix_cache_has_to_be_hit_and_to_help() -> None:
    for hits, first, wanted in (
        (0.05, 0.02, "leave"),
        (0.6, 0.02, "use"),
        (0.6, 0.1, "leave"),
        (None, 0.02, "unknown"),
    ):
        found = scope(way("prefix_cache", performance(120.0, first, hits=hits), BASE), base=BASE)
        assert choices(found)["O4"] == f"{wanted} prefix_cache"


def test_guessed_tokens_and_stored_replies() -> None:
    slower, stored = way("speculative:8", performance(50.0), BASE), way("response_cache", performance(9000.0), BASE)
    found = choices(scope(slower, stored, base=BASE))
    assert found["O5"] == "leave speculative:8"
    assert (found["O1"], found["O6"]) == ("sequential", "response_cache")


def test_the_tail_of_a_batch_is_told() -> None:
    advice = guide([scope(way("batched:4", performance(300.0, p95=2.0), BASE), base=BASE)])
    assert "2.00 ×" in next(one.sentence for one in advice if one.rule == "O3")
    assert {one.rule for one in advice} <= set(RULES)


def study() -> Study:
    wrong = way("batched:<b>", performance(300.0), BASE, differing())
    plain = way("batched:4", performance(200.0), BASE)
    scopes = [scope(wrong, plain, base=BASE)]
    return Study("speed", scopes, guide(scopes), ("a note",))


def test_a_difference_that_is_shown_is_told_in_red() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system="standard")
    print_study(study(), console)
    out = console.file
    assert isinstance(out, io.StringIO)
    assert "\x1b[31m" in out.getvalue() and "scores differ by -20.0 points" in out.getvalue()
    assert len(warnings(study().scopes[0])) == 1


def test_bars_are_as_long_as_the_speed_up() -> None:
    found = bars(study().scopes[0])
    assert [(label, length) for label, length, _ in found] == [
        ("sequential", 10),
        ("batched:<b>", 30),
        ("batched:4", 20),
    ]


def test_every_rendering_tells_the_same_and_names_are_escaped() -> None:
    page, text, fields = render_html(study(), "0"), markdown(study()), study_json(study())
    assert "<b>" not in page.split('<h2 id="scope-1">')[1].split("</h2>")[0]
    assert "batched:&lt;b&gt;" in page and "<script" not in page
    assert "batched:\\<b\\>" in text and "When to use which" in text
    ways = fields["scopes"][0]["ways"]  # type: ignore[index,call-overload] # JSON
    assert [one["scores_differ"] for one in ways] == [False, True, False]  # type: ignore[union-attr,index,call-overload]
    assert ratio_text(None) == "not known" and "no interval" in ratio_text(estimate(2.0))


def test_the_figure_can_be_saved() -> None:
    pytest.importorskip("matplotlib")
    from bakeoff.reports.drawing import svg

    drawn = speed_up(study())
    assert drawn is not None and b"<svg" in svg(drawn) and "Orange" in drawn.caption
    assert speed_up(Study("none", [scope(base=BASE)])) is None


def test_a_table_of_80_columns_cuts_no_label() -> None:
    labels = ("batched:4", "batched:16", "batched:16+prefix_cache")
    console = Console(file=io.StringIO(), width=80)
    print_study(Study("t", [scope(*(way(label, performance(20000.0), BASE) for label in labels), base=BASE)]), console)
    out = console.file
    assert isinstance(out, io.StringIO)
    table = out.getvalue().partition("█")[0]
    assert "…" not in table and all(f" {label} " in table for label in ("sequential", *labels))


def test_a_way_without_a_measured_speed_has_no_bar() -> None:
    stored = Scope("m", "balanced", "b", "naive", [Way(cell("sequential"), HIGH, None, stored=4, trials=4)])
    assert bars(stored) == []
    assert "1 ×" not in markdown(Study("t", [stored])) and "1 ×" not in render_html(Study("t", [stored]), "0")
