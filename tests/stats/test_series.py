"""Series: what gives an alarm and what does not, reference values, and how often both are wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import theilslopes

from bakeoff.stats.series import BASELINE, shift, trend, watch

LIGHT = settings(deadline=None, database=None, max_examples=40)
SERIES = st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 3)), max_size=70)
QUIET = [20.0, 21.0] * 10
RISING = [71.2, 71, 71.5, 71.9, 71.6, 72.3, 72.1, 72.8, 72.6, 73]


class TestWatch:
    def test_a_shift_is_found_and_placed(self) -> None:
        found = watch(QUIET + [24.0] * 5)
        (alarm,) = found.alarms
        assert (alarm.place, alarm.direction, alarm.began) == (22, "up", 20)

    def test_the_sum_is_that_of_the_rule(self) -> None:
        """Median 20.5, MAD 0.5, so a scale of 0.7413; z = 2 adds 1.25 a point, and the fifth passes 6."""
        scale = 1.4826 * 0.5
        found = watch(QUIET + [20.5 + 2 * scale] * 10)
        assert found.baselines[0].centre == 20.5
        assert found.baselines[0].scale == pytest.approx(scale)
        assert [alarm.place for alarm in found.alarms] == [24]

    def test_below_the_drift_nothing_adds_up(self) -> None:
        assert watch(QUIET + [20.5 + 0.74 * 0.7413] * 500).alarms == ()
        assert watch(QUIET + [20.5 + 0.9 * 0.7413] * 500).alarms != ()

    def test_one_odd_point_is_a_spike_and_no_alarm(self) -> None:
        found = watch([*QUIET, 90.0, *QUIET])
        assert found.alarms == ()
        assert [(spike.place, spike.direction) for spike in found.spikes] == [(20, "up")]
        assert found.spikes[0].distance == pytest.approx((90 - 20.5) / (1.4826 * 0.5))

    def test_an_odd_point_in_the_baseline_hides_nothing(self) -> None:
        base = [*QUIET[:10], 500.0, *QUIET[11:]]
        assert watch(base + [24.0] * 5).alarms[0].direction == "up"

    def test_after_an_alarm_there_is_a_new_baseline(self) -> None:
        higher = [value + 10 for value in QUIET]
        found = watch([*QUIET, *higher, *higher, *higher])
        assert [alarm.direction for alarm in found.alarms] == ["up"]
        assert [base.first for base in found.baselines] == [0, found.alarms[0].place + 1]
        assert found.baselines[1].centre == pytest.approx(30.5, abs=0.1)
        back = watch([*QUIET, *higher, *higher, *QUIET])
        assert [alarm.direction for alarm in back.alarms] == ["up", "down"]
        assert back.reason is not None
        assert "since the alarm" in back.reason

    @pytest.mark.parametrize("n", [0, 1, 2, 19])
    def test_fewer_than_20_points_give_no_alarm(self, n: int) -> None:
        found = watch([1.0, 50.0][:n] if n < 3 else [1.0] * 10 + [50.0] * 9)
        assert (found.alarms, found.spikes, found.baselines) == ((), (), ())
        assert found.reason == f"{n} points are too few to say what is usual: 20 are needed"
        assert found.mean.n == n
        assert (found.mean.value is None) == (n == 0)
        assert (found.mean.low is None) == (n < 2)

    def test_20_points_are_a_baseline_and_no_alarm_yet(self) -> None:
        found = watch(QUIET)
        assert (found.alarms, found.reason) == ((), None)

    def test_what_never_varied_alarms_at_the_third_change_and_not_at_rounding(self) -> None:
        assert watch([0.3] * 20 + [0.1 + 0.2] * 20).alarms == ()
        assert [alarm.place for alarm in watch([8.0] * 20 + [8.5] * 5).alarms] == [22]

    def test_seldom_values_are_usual_where_most_are_the_same(self) -> None:
        base = [0.0] * 18 + [1.0, 1.0]
        assert watch(base + [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0] * 5).alarms == ()

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_no_number(self, bad: float) -> None:
        for look in (watch, trend, shift):
            with pytest.raises(ValueError, match=r"point 1 is (nan|inf)"):
                look([1.0, bad])

    @LIGHT
    @given(SERIES)
    def test_upside_down(self, values: list[float]) -> None:
        one, other = watch(values), watch([-value for value in values])
        turned = {"up": "down", "down": "up"}
        assert [(a.place, turned[a.direction]) for a in one.alarms] == [(a.place, a.direction) for a in other.alarms]
        assert [(s.place, turned[s.direction]) for s in one.spikes] == [(s.place, s.direction) for s in other.spikes]

    @LIGHT
    @given(SERIES, st.sampled_from([0.25, 2.0, 1024.0]))
    def test_units_do_not_matter(self, values: list[float], unit: float) -> None:
        scaled = watch([value * unit for value in values])
        assert [alarm.place for alarm in watch(values).alarms] == [alarm.place for alarm in scaled.alarms]

    @LIGHT
    @given(SERIES, st.integers(0, 70))
    def test_what_comes_later_changes_no_alarm(self, values: list[float], cut: int) -> None:
        early = watch(values[:cut]).alarms
        assert watch(values).alarms[: len(early)] == early
        assert all(alarm.place >= BASELINE for alarm in early)


class TestTrend:
    def test_reference_values(self) -> None:
        found = trend(RISING)
        assert found.tau == pytest.approx(0.8222222, abs=1e-7)
        assert found.p == pytest.approx(0.000357694, abs=1e-9)
        slope = found.slope
        assert (slope.value, slope.low, slope.high) == pytest.approx((0.22, 0.15, 0.2666667), abs=1e-7)

    def test_ten_points_show_nothing(self) -> None:
        found = trend(RISING)
        assert not found.shown
        assert found.reason == "10 points are too few to show a trend: 12 are needed"

    def test_twelve_do(self) -> None:
        found = trend([*RISING, 73.1, 73.4])
        assert found.shown
        assert found.reason is None
        assert not trend([3.0, 1.0, 2.0] * 5).shown

    def test_times(self) -> None:
        days = [2.0 * i for i in range(10)]
        assert trend(RISING, days).slope.value == pytest.approx(0.11)
        uneven = [0.0, 1, 2, 3, 5, 8, 13, 21, 34, 55]
        assert trend(RISING, uneven).slope.value == pytest.approx(float(theilslopes(RISING, uneven)[0]))

    def test_nothing_to_say(self) -> None:
        assert trend([]).slope.value is None
        assert trend([1.0]).reason == "a slope takes two points of different times"
        assert trend([1.0, 2.0], [5.0, 5.0]).slope.value is None
        level = trend([4.0] * 15)
        assert (level.slope.value, level.slope.low, level.p, level.shown) == (0.0, None, None, False)
        with pytest.raises(ValueError, match="no pairs"):
            trend([1.0, 2.0], [1.0])

    @LIGHT
    @given(st.lists(st.integers(-50, 50).map(float), min_size=2, max_size=30))
    def test_backwards(self, values: list[float]) -> None:
        one, other = trend(values), trend(values[::-1])
        assert one.slope.value == pytest.approx(-(other.slope.value or 0.0))
        assert one.p == pytest.approx(other.p) if one.p is not None else other.p is None


class TestShift:
    def test_a_change_in_the_middle(self) -> None:
        found = shift([1.0, 2.0, 1.5, 1.2, 1.9, 1.1, 5.0, 6.0, 5.5, 5.2, 5.9, 5.1])
        assert (found.place, found.direction, found.shown) == (6, "up", True)
        assert (found.before, found.after) == pytest.approx((1.35, 5.35))

    def test_p_counts_the_orders(self) -> None:
        """Of 4 values in 24 orders, |U| is at its largest in those with both low ones on one side: 8 of 24."""
        found = shift([1.0, 2.0, 3.0, 4.0])
        assert found.p == pytest.approx(8 / 24, abs=0.02)
        assert found.place == 2

    def test_the_same_seed_gives_the_same_p(self) -> None:
        values = [float(i % 7) for i in range(30)]
        assert shift(values, seed=1) == shift(values, seed=1)
        assert shift(values, seed=1).p != shift(values, seed=2).p

    def test_nothing_to_say(self) -> None:
        assert shift([]).reason == shift([1.0]).reason == "a change takes at least two points"
        assert shift([2.0] * 9).reason == "all points are the same"
        assert not shift([1.0, 2.0]).shown


Noise = Callable[[int], NDArray[np.float64]]


@pytest.mark.statistical
class TestHowOftenItIsWrong:
    @pytest.mark.parametrize(("noise", "most"), [("normal", 0.06), ("t3", 0.10)])
    def test_false_alarms_in_40_points(self, noise: str, most: float) -> None:
        draw = _noise(noise)
        assert np.mean([bool(watch(list(draw(60))).alarms) for _ in range(1000)]) <= most

    @pytest.mark.parametrize("noise", ["normal", "t3"])
    def test_a_shift_of_three_deviations_is_found_in_ten_points(self, noise: str) -> None:
        draw = _noise(noise)
        found = 0
        for _ in range(1000):
            values = draw(50)
            values[40:] += 3
            found += any(alarm.place >= 40 for alarm in watch(list(values)).alarms)
        assert found / 1000 >= 0.97

    def test_pettitt_keeps_its_size(self) -> None:
        draw = _noise("t3")
        wrong = np.mean([shift(list(draw(40)), seed=i, permutations=399).shown for i in range(400)])
        assert 0.03 <= wrong <= 0.07


def _noise(kind: str) -> Noise:
    rng = np.random.default_rng(5)
    if kind == "normal":
        return lambda n: rng.normal(size=n)
    return lambda n: rng.standard_t(3, n) / np.sqrt(3)
