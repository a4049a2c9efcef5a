"""Rates over busy time, quantiles with intervals, what is absent, and the lines that tell it."""

from __future__ import annotations

import pytest

from bakeoff.core.records import CallTimes
from bakeoff.core.types import Estimate
from bakeoff.core.usage import DeviceUsage, Usage
from bakeoff.reports.busy import Busy, Span
from bakeoff.reports.performance import CallTally, Machine, Performance
from bakeoff.reports.performance_json import performance_json
from bakeoff.reports.performance_text import figure_rows, machine_rows, method_lines, time_text
from bakeoff.stats.blocks import block_mean


def call(
    end: float, seconds: float = 1.0, first: float | None = 0.2, output: int | None = 9, **more: object
) -> CallTimes:
    fields = {"prompt_tokens": 100, "cached_tokens": None, **more}
    return CallTimes(end, seconds, first, output_tokens=output, **fields)  # type: ignore[arg-type]


def tallied(calls: list[CallTimes], since: float = 0.0) -> CallTally:
    tally = CallTally(since)
    for one in calls:
        tally.add(one)
    return tally


def test_pauses_and_overlaps_do_not_count_as_time() -> None:
    busy = Busy.of([Span(0, 2, 0.5, 100, 31), Span(1, 2, 0.5, 100, 31), Span(100, 1, 0.5, 100, 31)])
    assert busy.seconds == 4.0 and busy.in_flight == 5 / 4
    rates = busy.output_rate(), busy.prompt_rate(), busy.request_rate()
    assert [rate.value for rate in rates if rate is not None] == [93 / 4, 300 / 4, 3 / 4]
    assert all(rate is not None and rate.low is None for rate in rates)  # too few calls for an interval


def test_steady_calls_have_a_narrow_interval_and_a_change_a_wide_one() -> None:
    steady = Busy.of([Span(float(i), 1.0, 0.0, 10, 50) for i in range(100)]).output_rate()
    slower = Busy.of([Span(float(i), 1.0, 0.0, 10, 50 if i < 50 else 10) for i in range(100)]).output_rate()
    assert steady is not None and slower is not None
    assert (steady.value, steady.n) == (50.0, 100)
    assert steady.low == pytest.approx(50) and steady.high == pytest.approx(50)
    assert slower.low is not None and slower.high is not None and slower.high - slower.low > 10


def test_calls_that_took_no_time_have_no_rate() -> None:
    busy = Busy.of([Span(1.0, 0.0, None, 5, 5)])
    assert busy.output_rate() is None and busy.in_flight is None


def test_the_figures_of_calls() -> None:
    found = tallied([call(float(10 + i), gaps=(0.1,) * 8, cached_tokens=50) for i in range(100)]).performance(25)
    assert found.calls == found.made == 100
    assert found.first_token is not None and found.first_token.p50.value == 0.2
    assert found.between_tokens is not None and found.between_tokens.p99.value == pytest.approx(0.1)
    assert found.gaps is not None and (found.gaps.p50.value, found.gaps.p50.n) == (0.1, 800)
    assert found.gaps.p50.low is None  # waits of one call are alike: no interval
    assert found.output_per_s is not None and found.output_per_s.value == pytest.approx(9)
    assert found.response_hits is not None and found.response_hits.value == 0.25
    assert found.prefix_hits is not None and found.prefix_hits.value == 0.5


def test_tails_that_the_calls_do_not_reach_have_no_interval() -> None:
    found = tallied([call(10.0 + i, 1 + i / 100) for i in range(20)]).performance(0).whole
    assert found is not None and found.p50.low is not None
    assert found.p95.value is not None and found.p95.low is None


def test_calls_of_other_runs_are_hits_and_are_not_timed() -> None:
    found = tallied([call(10.0), call(20.0), call(20.0)], since=15.0).performance(1)
    assert (found.calls, found.made) == (3, 1)  # one answered two trials
    only = tallied([call(10.0)], since=15.0).performance(1)
    assert (only.made, only.whole, only.output_per_s) == (0, None, None)
    assert only.response_hits is not None and only.response_hits.value == 1.0


def test_what_an_engine_does_not_tell_is_absent_and_not_0() -> None:
    found = tallied([call(float(i + 1), first=None, output=None) for i in range(12)]).performance(0)
    assert (found.first_token, found.between_tokens, found.gaps, found.output_per_s) == (None, None, None, None)
    assert found.prefix_hits is None and found.machine is None
    names = [row[0] for row in figure_rows(found)]
    assert "output tokens/s" not in names and "whole call p50" in names
    assert performance_json(found)["output_tokens_per_s"] is None


def test_a_stream_whose_pieces_are_not_tokens_tells_nothing_of_single_waits() -> None:
    assert tallied([call(1.0, gaps=(0.1, 0.2))]).performance(0).gaps is None


GPU = DeviceUsage(0, "H100", 70 << 30, 2 << 30, 80 << 30, Estimate(0.8, 0.7, 0.9, 40, 0, "t"), None, 500.0, "counter")


def test_energy_for_a_thousand_tokens_needs_every_gpu_to_tell() -> None:
    usage = Usage(0.0, 10.0, 20, 3 << 30, 1 << 30, (GPU,))
    machine = Machine((usage, usage), 2, 4000)
    assert (machine.energy_j, machine.energy_per_1000) == (1000.0, 250.0)
    assert Machine((Usage(0, 1, devices=(GPU, DeviceUsage(1))),), 1, 4000).energy_per_1000 is None
    assert Machine((Usage(0, 1, host_peak=5),), 1, 4000).energy_j is None
    rows = dict((row[0], row[1]) for row in machine_rows(machine))
    assert rows["host memory, peak"] == "3.00 GiB, 1.00 GiB before"
    assert rows["GPU 0 memory, peak"] == "70.00 of 80.00 GiB, 2.00 GiB before"
    assert rows["GPU 0 in use"] == "80.0 % [70.0, 90.0]"
    assert "GPU 0 power" not in rows and rows["GPU 0 energy"] == "1,000 J by counter"
    assert rows["energy"] == "250.0 J for 1,000 output tokens"
    assert rows["of the machine"] == "figures of 2 cells, asked together"
    assert len(method_lines({1: Performance(1, 1, machine=machine)})) == 2


def test_only_tokens_of_the_time_that_was_read_count_for_energy() -> None:
    tally = tallied([call(5.0), call(50.0)])
    assert tally.tokens_within([Usage(0.0, 10.0)]) == 9
    assert tallied([call(5.0, output=None)]).tokens_within([Usage(0.0, 10.0)]) is None


def test_times_are_told_in_the_unit_of_the_value() -> None:
    assert time_text(Estimate(0.0123, 0.0101, 1.5, 9, 0, "t")) == "12.3 ms [10.1, 1,500]"
    assert time_text(Estimate(2.0, None, None, 9, 0, "t")) == "2 s"
    assert time_text(Estimate(None, None, None, 0, 0, "t")) == "–"


def test_a_series_in_time_is_compared_in_blocks() -> None:
    alike = [100.0] * 50 + [200.0] * 50  # neighbours are alike: single readings would give 140 to 160
    found = block_mean(alike)
    assert (found.value, found.n) == (150.0, 100)
    assert found.low is not None and found.high is not None and found.high - found.low > 40
    assert block_mean([5.0] * 9).low is None and block_mean([]).value is None
