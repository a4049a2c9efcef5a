"""The figures behind docs/parity.md: each agrees on at least 99.9 %, or says what differs."""

from __future__ import annotations

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._base import FileBenchmark
from parity.__main__ import enough
from parity.agreement import Agreement
from parity.record import kept

FOUND = [Agreement(**row) for rows in kept()["modules"].values() for row in rows]


def test_every_profile_compared_agrees() -> None:
    assert FOUND
    assert [row for row in FOUND if not enough(row)] == []


def test_what_differs_is_said() -> None:
    assert [row for row in FOUND if min(row.prompts, row.scores) < row.samples and not row.differences] == []


def test_the_profiles_are_those_of_the_benchmarks() -> None:
    for row in FOUND:
        benchmark = BENCHMARKS.load(row.benchmark)
        assert issubclass(benchmark, FileBenchmark)
        assert set(row.profile.split(", ")) <= set(benchmark.profiles), row


def test_too_little_agreement_is_told_apart() -> None:
    assert enough(Agreement("b", "p", 1000, 1000, 999))
    assert not enough(Agreement("b", "p", 1000, 1000, 998))
    assert not enough(Agreement("b", "p", 1000, 998, 1000))
    assert not enough(Agreement("b", "p", 0, 0, 0))
