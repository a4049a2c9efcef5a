"""The time between the pieces of a streamed reply, packed small enough to be kept with every completion.

A step is a tenth of a millisecond, in two bytes: from 0 to 6.55 s; a longer wait is kept as that much. Example:

    packed((0.0123, 0.5))                # 4 bytes
    unpacked(packed((0.0123, 0.5)))      # (0.0123, 0.5)
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from sys import byteorder

STEP_S = 1e-4
_MOST = 0xFFFF


def steps(gaps: Iterable[float]) -> list[int]:
    """Seconds as whole steps."""
    return [min(_MOST, max(0, round(gap / STEP_S))) for gap in gaps]


def of_steps(counts: Iterable[int]) -> tuple[float, ...]:
    """Whole steps as seconds."""
    return tuple(round(count * STEP_S, 4) for count in counts)


def packed(gaps: Iterable[float]) -> bytes | None:
    """Seconds as bytes, two for each; None where there are none."""
    found = array("H", steps(gaps))
    if byteorder == "big":
        found.byteswap()
    return found.tobytes() or None


def unpacked(blob: bytes | None) -> tuple[float, ...]:
    """The seconds in what `packed` made."""
    found = array("H")
    found.frombytes(blob or b"")
    if byteorder == "big":
        found.byteswap()
    return of_steps(found)


class Gaps:
    """Notes when each piece of a reply arrives: `first` seconds after the beginning, then the time between them."""

    def __init__(self, began: float) -> None:
        self._began = self._last = began
        self.first: float | None = None
        self.between: list[float] = []

    def note(self, now: float) -> None:
        """A piece arrived at this moment, by the clock of `began`."""
        if self.first is None:
            self.first = now - self._began
        else:
            self.between.append(now - self._last)
        self._last = now
