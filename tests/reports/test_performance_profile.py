"""The batch to take by its rule, what is said of it, and the pictures."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from bakeoff.core.types import Estimate
from bakeoff.reports.performance_profile import Curve, Point, Profile, advise, growth, heat, knee, overlap, profile_json
from bakeoff.reports.performance_profile_text import draw_profile, print_profile, said
from tests.conftest import require


def about(value: float, half: float = 0.0) -> Estimate:
    return Estimate(value, value - half, value + half, 3, 0, "t95")


def point(batch: int, speed: float, p95: float = 1.0, half: float = 0.0, **more: Any) -> Point:
    return Point(batch, 3, 3 * batch, about(speed / 10), about(p95 / 2), about(p95), about(speed, half), **more)


BENT = Curve(
    "128 + 32 tokens", [point(1, 10), point(2, 19, 1.2), point(4, 36, 1.5), point(8, 38, 3.0), point(16, 39, 6.0)]
)


def test_growth_is_for_each_doubling() -> None:
    assert growth(point(1, 10), point(2, 20)) == pytest.approx(1.0)
    assert growth(point(1, 10), point(4, 40)) == pytest.approx(1.0)
    assert growth(point(4, 36), point(8, 36)) == pytest.approx(0.0)
    assert growth(point(1, 0), point(2, 5)) is None


def test_the_knee_is_the_batch_beyond_which_a_doubling_brings_little() -> None:
    assert knee(BENT.points, 0.1) == 4
    assert knee(BENT.points, 0.01) is None
    advice = advise(BENT, 0.1)
    assert (advice.batch, advice.knee) == (4, 4)
    assert advice.sentence == "take 4: beyond it throughput grows by less than 10 % for each doubling"


def test_one_point_that_was_disturbed_does_not_end_the_climb() -> None:
    assert knee([point(1, 2.83), point(2, 2.82), point(4, 4.33), point(8, 11.2), point(16, 10.2)], 0.1) == 8


def test_a_bound_on_latency_takes_less() -> None:
    found = advise(BENT, 0.1, max_latency=1.3)
    assert (found.batch, found.sentence) == (2, "take 2: the largest whose calls end within 1.3 s (p95)")
    assert advise(BENT, 0.1, max_latency=4.0).batch == 4
    none = advise(BENT, 0.1, max_latency=0.5)
    assert none.batch is None and none.sentence == "no batch keeps 95 % of calls within 0.5 s: 1 takes 1 s"


def test_a_curve_that_still_grows_says_why_it_ends() -> None:
    curve = Curve("w", [point(1, 10), point(2, 20)], stopped="4 at once took 9.00 GiB of 8.00 GiB")
    said = "take 2: throughput still grows at the largest batch measured, and 4 at once took 9.00 GiB of 8.00 GiB"
    assert advise(curve, 0.1).sentence == said
    assert advise(Curve("w", stopped="interrupted"), 0.1).sentence == "nothing was measured: interrupted"


def test_a_knee_that_is_not_sure_says_so() -> None:
    wide = Curve("w", [point(1, 10, half=1), point(2, 20, half=5), point(4, 21, half=5)])
    profile = Profile("m", "balanced", "batch", [wide], dummy=True)
    assert overlap(wide, 2) and not overlap(BENT, 4)
    lines = list(said(profile, wide, 0.1, None))
    assert "overlap" in lines[1]
    assert lines[-1] == "random weights: speed and memory are those of the shape, and there is no accuracy"


def test_where_there_is_no_interval_none_is_said_to_overlap() -> None:
    one = [
        replace(point(b, speed), output_per_s=Estimate(speed, None, None, 1, 0, "t95")) for b, speed in ((1, 9), (2, 9))
    ]
    bare = Curve("w", one)
    assert advise(bare, 0.1).knee == 1 and overlap(bare, 1) is None
    lines = list(said(Profile("m", "balanced", "batch", [bare]), bare, 0.1, None))
    assert lines[1] == "  (no interval at 1 or at the next: more --repeats tell how sure that is)"


def test_a_table_of_80_columns_cuts_no_number() -> None:
    seconds = Estimate(1.43e-5, 1e-5, 2e-5, 5, 0, "t95")
    wide = Estimate(15114.0, 12711.0, 127516.0, 5, 0, "t95")
    curve = Curve("w", [Point(1, 5, 5, wide, seconds, seconds, wide, None, seconds, seconds, memory=11 << 30)])
    console = Console(file=io.StringIO(), width=80)
    print_profile(Profile("m", "balanced", "batch", [curve]), 0.1, None, console)
    out = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in out and out.count("0.0143 ms") == 4 and "11.00 GiB" in out and "127,516]" in out


def test_without_token_counts_calls_are_compared() -> None:
    bare = [Point(b, 3, 3, about(r), about(1), about(1)) for b, r in ((1, 1.0), (2, 2.0), (4, 2.0))]
    assert knee(bare, 0.1) == 2


def test_memory_by_workload_and_batch_leaves_gaps_open() -> None:
    curves = [Curve("a", [point(1, 1, memory=5), point(4, 1, memory=9)]), Curve("b", [point(2, 1, memory=7)])]
    assert heat(curves) == ([1, 2, 4], [("a", [5, None, 9]), ("b", [None, 7, None])])


def test_accuracy_is_absent_and_not_0() -> None:
    found = profile_json(Profile("m", "balanced", "batch", [BENT], dummy=True), 0.1, None)
    assert found["accuracy"] is None and found["dummy_weights"] is True
    assert isinstance(found["curves"], list)
    curve = found["curves"][0]
    assert isinstance(curve, dict) and isinstance(curve["points"], list) and isinstance(curve["advice"], dict)
    first = curve["points"][0]
    assert isinstance(first, dict) and first["memory_peak_bytes"] is None and first["first_token_s"] == {"p50": None}
    assert curve["advice"]["batch"] == 4


def test_the_figures_are_the_same_each_time() -> None:
    require("matplotlib")
    from bakeoff.reports.drawing import svg

    held = Curve("b", [point(1, 1, memory=5 << 30), point(2, 2, memory=6 << 30)])
    profile = Profile("m", "balanced", "batch", [BENT, held])
    drawn = [draw_profile(profile, 0.1, None) for _ in range(2)]
    assert list(drawn[0]) == ["profile", "profile-memory"]
    assert svg(drawn[0]["profile"]) == svg(drawn[1]["profile"])
    assert b"<svg" in svg(drawn[0]["profile-memory"])
