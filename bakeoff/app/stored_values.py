"""What the trials of many cells came to, held in nine bytes each: an A/B test of a million is replayed in memory.

Example:

    stored = StoredValues(trials.values([1, 2]))
    stored.get((1, "gsm8k-7", 0))          # (Outcome.CORRECT, 1.0), or None
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable

from bakeoff.core.types import Outcome

_OUTCOMES = tuple(Outcome)
_CODES = {outcome: code for code, outcome in enumerate(_OUTCOMES)}
_NONE = -1
_NO_VALUE = float("nan")

Key = tuple[int, str, int]  # cell, sample id, repeat
Row = tuple[int, str, int, Outcome, float | None]


class StoredValues:
    """Outcome and value of each trial, by cell, sample and repeat."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._places: dict[str, int] = {}
        self._columns: dict[tuple[int, int], tuple[array[int], array[float]]] = {}
        for cell, sample, repeat, outcome, value in rows:
            place = self._places.setdefault(sample, len(self._places))
            codes, values = self._columns.setdefault((cell, repeat), (array("b"), array("d")))
            if place >= len(codes):
                more = max(place + 1 - len(codes), len(codes) // 8)
                codes.extend([_NONE] * more)
                values.extend([_NO_VALUE] * more)
            codes[place] = _CODES[outcome]
            values[place] = _NO_VALUE if value is None else value

    def __bool__(self) -> bool:
        return bool(self._columns)

    def get(self, key: Key) -> tuple[Outcome, float | None] | None:
        cell, sample, repeat = key
        place, column = self._places.get(sample), self._columns.get((cell, repeat))
        if place is None or column is None or place >= len(column[0]) or column[0][place] == _NONE:
            return None
        value = column[1][place]
        return _OUTCOMES[column[0][place]], None if value != value else value

    def samples(self, cells: Collection[int]) -> set[str]:
        """The samples that one of these cells has a trial of."""
        columns = [codes for (cell, _), (codes, _) in self._columns.items() if cell in cells]
        return {
            sample
            for sample, place in self._places.items()
            if any(place < len(codes) and codes[place] != _NONE for codes in columns)
        }
