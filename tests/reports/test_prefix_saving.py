"""What a prefix cache saved, from the time that reading takes."""

from __future__ import annotations

import random

import pytest

from bakeoff.reports.prefix_saving import saved


def test_what_was_cached_would_have_taken_as_long_a_token() -> None:
    calls = [(0.1 + 0.002 * (1000 - cached), 1000.0, cached) for cached in (0.0, 800.0) * 8]
    found = saved(calls)
    assert found is not None and found.value is not None
    assert found.value == pytest.approx(0.002 * 400)
    assert found.low == pytest.approx(found.value) and found.n == 16


def test_its_interval_covers_the_truth_under_noise() -> None:
    dice, held = random.Random(7), 0
    for _ in range(200):
        calls = []
        for _ in range(30):
            prompt, cached = dice.uniform(200, 1000), dice.choice((0.0, 150.0))
            calls.append((0.05 + 0.001 * (prompt - cached) + dice.gauss(0, 0.05), prompt, cached))
        found = saved(calls)
        assert found is not None and found.low is not None and found.high is not None
        truth = 0.001 * sum(cached for _, _, cached in calls) / 30
        held += found.low <= truth <= found.high
    assert 180 <= held <= 198


def test_nothing_is_told_of_few_calls_or_equal_prompts() -> None:
    assert saved([(1.0, 100.0, 0.0)] * 7) is None
    assert saved([(1.0, 100.0, 0.0)] * 20) is None
