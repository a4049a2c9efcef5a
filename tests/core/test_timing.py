"""Times between tokens: packed and back, and noted as they come."""

from __future__ import annotations

import pytest

from bakeoff.core.timing import Gaps, of_steps, packed, steps, unpacked


@pytest.mark.parametrize("gaps", [(), (0.0,), (0.0123, 0.5, 6.5535)])
def test_what_is_packed_comes_back(gaps: tuple[float, ...]) -> None:
    assert unpacked(packed(gaps)) == gaps
    assert of_steps(steps(gaps)) == gaps


def test_what_is_too_long_is_kept_as_the_most_and_nothing_is_below_0() -> None:
    assert unpacked(packed((100.0, -1.0, 0.00004))) == (6.5535, 0.0, 0.0)
    assert packed(()) is None and unpacked(None) == ()


def test_the_first_piece_and_the_waits_after_it() -> None:
    pieces = Gaps(10.0)
    for now in (10.5, 10.6, 11.6):
        pieces.note(now)
    assert pieces.first == 0.5
    assert pieces.between == pytest.approx([0.1, 1.0])
