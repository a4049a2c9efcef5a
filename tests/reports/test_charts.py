"""Charts: what is drawn stands where its value is, nothing hostile survives, odd inputs do not fail."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from bakeoff.core.types import Estimate
from bakeoff.reports.charts import (
    EDGE,
    IntervalRow,
    Segment,
    difference_chart,
    histogram,
    inert,
    interval_chart,
    points,
    seconds,
    share_bar,
)
from bakeoff.stats.intervals import mean, proportion

HOSTILE = "</svg></script><img src=x onerror=alert(1)>\"'&\x00\u2028\ud800"
SHAPES = {"svg", "g", "line", "rect", "circle", "text", "tspan", "title"}
MARKS = (("p50", 1.0), ("p95", 2.0), ("p99", None))


def parsed(svg: str) -> ET.Element:
    """The chart as XML: fails on an unescaped or unbalanced tag."""
    svg.encode("utf-8")
    return ET.fromstring(svg)


def named(svg: str, name: str) -> list[ET.Element]:
    return [element for element in parsed(svg).iter() if name in element.get("class", "").split()]


def place(element: ET.Element, attribute: str) -> float:
    return float(element.attrib[attribute].removesuffix("%"))


def texts(svg: str, name: str) -> list[str]:
    return ["".join(element.itertext()) for element in named(svg, name)]


def difference(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, 100, 0, "tango95")


class TestIntervalChart:
    def test_dot_and_whisker_stand_at_their_values(self) -> None:
        svg = interval_chart([IntervalRow("a", Estimate(0.5, 0.25, 1.0, 9, 0, "wilson95"))], title="t", percent=True)
        span = 100 - 2 * EDGE
        assert place(named(svg, "c-dot")[0], "cx") == pytest.approx(EDGE + 0.5 * span, abs=0.01)
        line = named(svg, "c-whisker")[0]
        assert place(line, "x1") == pytest.approx(EDGE + 0.25 * span, abs=0.01)
        assert place(line, "x2") == pytest.approx(EDGE + span, abs=0.01)

    def test_one_axis_serves_all_rows_and_may_be_narrower_than_the_whole(self) -> None:
        rows = [IntervalRow("a", proportion(850, 1000, 0)), IntervalRow("b", proportion(900, 1000, 0))]
        svg = interval_chart(rows, title="t", percent=True)
        assert texts(svg, "c-tick")[0] == "80 %" and texts(svg, "c-tick")[-1] == "100 %"
        dots = [place(dot, "cx") for dot in named(svg, "c-dot")]
        assert dots[0] < dots[1]

    def test_the_faint_band_reaches_the_bounds_only_where_trials_are_missing(self) -> None:
        assert not named(interval_chart([IntervalRow("a", proportion(8, 10, 0))], title="t", percent=True), "c-reach")
        band = named(interval_chart([IntervalRow("a", proportion(8, 10, 10))], title="t", percent=True), "c-reach")
        assert place(band[0], "x1") == pytest.approx(EDGE + 0.4 * (100 - 2 * EDGE), abs=0.01)

    def test_a_cell_without_a_graded_trial_has_no_dot_and_says_so(self) -> None:
        svg = interval_chart([IntervalRow("a", proportion(0, 0, 5))], title="t", percent=True)
        assert not named(svg, "c-dot")
        assert texts(svg, "c-value") == ["none graded"]

    @pytest.mark.parametrize(("percent", "told"), [(True, "73.3 %"), (False, "0.733")])
    def test_values_are_written_in_their_own_kind(self, percent: bool, told: str) -> None:
        svg = interval_chart([IntervalRow("a", mean([0.7, 0.8, 0.7], 0))], title="t", percent=percent)
        assert texts(svg, "c-value") == [told]

    def test_groups_are_named_once(self) -> None:
        rows = [IntervalRow(name, proportion(5, 9, 0), group=group) for name, group in ("ax", "bx", "cy")]
        assert texts(interval_chart(rows, title="t", percent=True), "c-group") == ["x", "y"]

    def test_no_rows_and_a_nothing_known_estimate(self) -> None:
        parsed(interval_chart([], title="t", percent=True))
        parsed(interval_chart([IntervalRow("a", proportion(0, 0, 0))], title="t", percent=True))

    def test_a_long_label_is_cut_and_kept_whole_in_its_title(self) -> None:
        svg = interval_chart([IntervalRow("m" * 200, proportion(5, 9, 0), "n" * 200)], title="t", percent=True)
        title = next(element for element in parsed(svg).iter() if element.tag == "title")
        assert title.text == "m" * 200 + " " + "n" * 200
        assert "…" in texts(svg, "c-note")[0]

    def test_the_label_for_those_who_do_not_see_it_holds_the_values(self) -> None:
        svg = interval_chart([IntervalRow("qwen", proportion(5, 10, 0), "cot")], title="Share", percent=True)
        assert parsed(svg).attrib["aria-label"] == "Share. qwen cot: 50.0 %"


class TestDifferenceChart:
    def test_zero_stands_in_the_middle_and_signs_are_told(self) -> None:
        svg = difference_chart([IntervalRow("b", difference(-0.1, -0.2, 0.01))], title="t")
        assert place(named(svg, "c-zero")[0], "x1") == 50
        assert place(named(svg, "c-dot")[0], "cx") < 50
        assert texts(svg, "c-value") == ["−10.0 points"]
        assert "0" in texts(svg, "c-tick")

    def test_a_hollow_dot_only_where_asked(self) -> None:
        rows = [IntervalRow("a", difference(0.1, 0.0, 0.2), hollow=True), IntervalRow("b", difference(0.1, 0.05, 0.2))]
        assert len(named(difference_chart(rows, title="t"), "c-hollow")) == 1

    @pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 0.0001])
    def test_extremes(self, value: float) -> None:
        parsed(difference_chart([IntervalRow("b", difference(value, value, value))], title="t"))

    def test_nothing_compared(self) -> None:
        svg = difference_chart([IntervalRow("b", Estimate(None, None, None, 0, 3, "tango95"))], title="t")
        assert not named(svg, "c-dot")
        assert texts(svg, "c-value") == ["not compared"]


class TestHistogram:
    @pytest.mark.parametrize(
        "values",
        [
            [1.2],
            [1.2] * 50,
            [0.0] * 5,
            [1.0, 1.0 + 1e-9],
            [2e-6, 3e-6, 9e-6],
            [0.0, 0.3, 900.0],
            [0.4] * 90 + [70.0],
            [0.001, 0.002, 0.003, 40_000.0],
            [i / 7 for i in range(1000)],
        ],
    )
    def test_every_value_is_counted_once_inside_the_chart(self, values: list[float]) -> None:
        svg = histogram(values, (("p50", values[0]), ("p99", values[-1])), title="t")
        told = [re.search(r": ([\d,]+)$", "".join(bar.itertext())) for bar in named(svg, "c-bar")]
        assert sum(int(count[1].replace(",", "")) for count in told if count) == len(values)
        assert len(told) <= 40
        for bar in named(svg, "c-bar"):
            assert place(bar, "x") >= 0 and place(bar, "x") + place(bar, "width") <= 100.01

    def test_no_values(self) -> None:
        assert "nothing was measured" in histogram([], MARKS, title="t")

    def test_marks_that_are_equal_keep_rows_of_their_own(self) -> None:
        svg = histogram([1.0] * 9, [(name, 1.0) for name in ("p50", "p95", "p99")], title="t")
        assert len({mark.attrib["y"] for mark in named(svg, "c-told")}) == 3

    def test_an_unknown_mark_is_left_out(self) -> None:
        assert texts(histogram([1.0, 2.0], MARKS, title="t"), "c-told") == ["p50 1 s", "p95 2 s"]

    def test_a_long_tail_gets_a_logarithmic_axis_that_says_so(self) -> None:
        assert "logarithmic" in histogram([0.5] * 99 + [60.0], MARKS, title="t")
        assert "logarithmic" not in histogram([0.5, 0.6, 0.9], MARKS, title="t")

    def test_one_unit_for_all_of_its_times(self) -> None:
        svg = histogram([0.85, 1.5, 2.5], [("p50", 0.85)], title="t")
        assert texts(svg, "c-told") == ["p50 0.85 s"]
        assert all(tick.endswith(" s") for tick in texts(svg, "c-tick")[1:])


class TestShareBar:
    def test_widths_are_shares(self) -> None:
        svg = share_bar([Segment("correct", "correct", "✓", 3), Segment("error", "error", "E", 1)], title="Outcomes")
        rects = [element for element in parsed(svg).iter() if element.tag == "rect"]
        assert [place(rect, "width") for rect in rects] == [75, 25]
        assert parsed(svg).attrib["aria-label"] == "Outcomes: 3 correct, 1 error"

    def test_nothing_at_all(self) -> None:
        assert parsed(share_bar([Segment("correct", "correct", "✓", 0)], title="t")).attrib["aria-label"] == "t: none"

    def test_a_sliver_has_no_symbol(self) -> None:
        svg = share_bar([Segment("correct", "c", "✓", 999), Segment("error", "e", "E", 1)], title="t")
        assert texts(svg, "c-symbol") == ["✓"]


def test_hostile_labels_are_inert_everywhere() -> None:
    row = IntervalRow(HOSTILE, proportion(5, 9, 2), HOSTILE, HOSTILE)
    for svg in (
        interval_chart([row], title=HOSTILE, percent=True),
        difference_chart([row], title=HOSTILE),
        histogram([1.0], [(HOSTILE, 1.0)], title=HOSTILE),
        share_bar([Segment(HOSTILE, HOSTILE, HOSTILE, 1)], title=HOSTILE),
    ):
        assert {element.tag for element in parsed(svg).iter()} <= SHAPES
        assert "<img" not in svg


def test_inert() -> None:
    assert inert("a\tb\nc é 👍 \u2028") == "a\tb\nc é 👍 \u2028"
    assert inert("\x00\x1b[31m") == "␀␛[31m"
    assert inert("\ud800 \u202e \u2066 \x85 \uffff") == "\ufffd \ufffd \ufffd \ufffd \ufffd"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0 s"),
        (0.00025, "0.25 ms"),
        (0.85, "850 ms"),
        (0.9996, "1 s"),
        (1.236, "1.24 s"),
        (59.96, "1 min 00 s"),
        (303, "5 min 03 s"),
        (7290, "2 h 01 min"),
    ],
)
def test_seconds(value: float, told: str) -> None:
    assert seconds(value) == told


def test_points() -> None:
    assert (points(0.067), points(-0.5), points(0.0), points(None)) == (
        "+6.7 points",
        "−50.0 points",
        "+0.0 points",
        "not compared",
    )
