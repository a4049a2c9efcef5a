"""Differences in words: always with a sign, and never "-0.0". Example: `signed(-0.04)` is `+0.0`."""

from __future__ import annotations


def signed(value: float, digits: int = 1) -> str:
    """A number with its sign; what rounds to nothing has no minus, which would say that something is lower."""
    return f"{round(value, digits) + 0.0:+.{digits}f}"


def unsigned(value: float, digits: int = 1) -> str:
    """A number that has a minus where it is below zero, and none where it rounds to nothing."""
    return f"{round(value, digits) + 0.0:.{digits}f}"
