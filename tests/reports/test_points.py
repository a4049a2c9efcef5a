"""Signs of differences: none below zero that is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.core.records import RunStatus
from bakeoff.core.types import Estimate
from bakeoff.reports.charts import points
from bakeoff.reports.document import difference_text, latency_text, not_run_lines
from bakeoff.reports.points import signed, unsigned
from bakeoff.reports.report import one_run
from bakeoff.reports.summary import NOT_RUN, CellTally
from tests.reports.test_renderers import cell, run_of


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-0.04, "+0.0"), (-0.0, "+0.0"), (0.0, "+0.0"), (-0.06, "-0.1"), (3.14, "+3.1"), (-12.0, "-12.0")],
)
def test_signed(value: float, shown: str) -> None:
    assert signed(value) == shown
    assert unsigned(value) == shown.removeprefix("+")


@given(st.floats(-1000, 1000))
def test_what_is_shown_as_zero_is_never_below_it(value: float) -> None:
    assert "-0.0" not in (signed(value), unsigned(value)) or abs(value) >= 0.05
    assert abs(float(signed(value)) - value) <= 0.0501


def test_the_same_in_tables_and_charts() -> None:
    assert difference_text(Estimate(-0.0001, -0.2, -0.0004, 10, 0, "t95")) == "+0.000 [-0.200, +0.000]"
    assert points(-0.0003) == "+0.0 points"


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (0.0, "0 ms"), (0.00042, "0.42 ms"), (0.012, "12 ms")])
def test_a_quick_call_did_not_take_no_time(value: float | None, shown: str) -> None:
    assert latency_text(value) == shown


def test_trials_that_were_not_run_are_told_with_the_reason() -> None:
    spared = CellTally().summary(cell(planned=7), "0", spared=True)
    assert spared.outcomes[NOT_RUN] == 7
    decided, stopped = (replace(run_of(spared), status=one) for one in (RunStatus.DECIDED, RunStatus.INTERRUPTED))
    (line,) = not_run_lines(one_run(decided))
    assert line == (
        "7 trials were not run. Ended by its decision rule; what was not run was spared, and does not count as missing."
    )
    assert not_run_lines(one_run(stopped))[0].endswith("what was not run counts as missing.")
    assert not_run_lines(one_run(run_of(CellTally().summary(cell(planned=0), "0")))) == []
