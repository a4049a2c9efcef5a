"""The front of an ablation, and its files, which a spreadsheet and a browser open without harm."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.records import CellRecord, Measure
from bakeoff.core.types import ModelIdentity, Outcome
from bakeoff.reports.ablating import Differing, Row, Study, differing_csv, on_front
from bakeoff.reports.ablating_chart import pareto_svg
from bakeoff.reports.summary import CellTally

POINTS = st.lists(st.tuples(st.integers(0, 9).map(float), st.integers(0, 9).map(float)), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(1.0, 0.5), (2.0, 0.6), (3.0, 0.6), (4.0, 0.4)], [True, True, False, False]),
        ([(1.0, 0.5), (1.0, 0.5)], [True, True]),
        ([(None, 0.9), (1.0, None), (2.0, 0.1)], [False, False, True]),
        ([], []),
    ],
)
def test_what_nothing_beats(points: list[tuple[float | None, float | None]], front: list[bool]) -> None:
    assert on_front(points) == front


@settings(deadline=None, database=None, max_examples=50)
@given(POINTS)
def test_a_point_off_the_front_is_beaten_by_one_on_it(points: list[tuple[float, float]]) -> None:
    found = on_front(points)
    best = [point for point, is_on in zip(points, found, strict=True) if is_on]
    assert best
    for (price, score), is_on in zip(points, found, strict=True):
        assert is_on or any(p <= price and s >= score for p, s in best)


def row(method: str, right: int, front: bool = True, tokens: int = 100) -> Row:
    cell = CellRecord(1, 0, "m", "balanced", "b", method, "p", ModelIdentity("fake", "m"), "r", "d", 10, "s")
    tally = CellTally()
    for number in range(10):
        outcome = Outcome.CORRECT if number < right else Outcome.INCORRECT
        tally.add(Measure(outcome, float(number < right), 1.0, tokens, 10, None, 0, str(number)))
    return Row(tally.summary(cell, "0"), None, front)


def test_the_plot_is_whole_and_inert() -> None:
    rows = [row("naive", 4), row("<script>alert(1)</script>&", 7, tokens=900), row("cot\x00", 0, front=False)]
    drawn = ElementTree.fromstring(pareto_svg("a < b", rows))
    tags = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    assert tags.count("circle") == 3 and "script" not in tags
    filled = [element.get("fill") for element in drawn.iter() if element.tag.endswith("circle")]
    assert filled.count("#fff") == 1


def test_nothing_to_draw_is_drawn_as_nothing() -> None:
    assert "circle" not in pareto_svg("b", [])


def test_the_table_of_differences_holds_no_formula() -> None:
    one = Differing("s,1", 0, "18", [1.0, None], ["=1+1", None])
    study = Study("night", {"b": [row("naive", 4), row("cot", 7)]}, {}, {"b": [one]})
    head, line = csv.reader(io.StringIO(differing_csv(study)))
    assert head[4:] == ["m naive: score", "m naive: answer", "m cot: score", "m cot: answer"]
    assert line == ["b", "s,1", "0", "18", "1.0", "'=1+1", "", ""]
