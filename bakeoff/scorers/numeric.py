"""Compare numbers as numbers: $1,234.00 equals 1234; 262501 does not equal 262500.

Read are currency signs, units ("18 kg"), percent signs, thousands ("1,000", "1 000", "1'000",
"1,00,000"; "1.000,50" and "12,5", which can be nothing else), fractions ("2 1/2"), short exponents
("1e5") and all of that in LaTeX. Integers are compared exactly, and a number that is not whole
within a relative 1e-6. Unlike a comparison of texts it accepts "18.00" for "18", and unlike one of
rounded floats it stays exact. "1.000" is one and no thousand: as it stands it is a decimal.
Licence: ours. Printed example: `Numeric().score(sample, "$18.00").value == 1.0` for target "18".
"""

from __future__ import annotations

import re
from fractions import Fraction

from bakeoff.core.numbers import number
from bakeoff.core.types import Sample, Score

_TOLERANCE = Fraction(1, 1_000_000)
_UNREAD = re.compile(r"[\\$,£€*_]")


class Numeric:
    continuous = False

    def __init__(self, significant: int | None = None) -> None:
        """`significant` digits are compared, as by inspect_ai's `match(numeric=True)` (MIT); None means all."""
        self._significant = significant

    def score(self, sample: Sample, extracted: str) -> Score:
        if self._significant is not None:
            return self._rounded(sample, extracted, f".{self._significant}g")
        wanted, found = number(str(sample.target)), number(extracted)
        if wanted is None:
            raise ValueError(f"the target '{sample.target}' is no number")
        if found is None:
            return Score(0.0, f"'{extracted:.40}' is no number")
        close = found == wanted
        if wanted.denominator != 1 and not close:
            close = abs(found - wanted) <= abs(wanted) * _TOLERANCE
        return Score(float(close), f"{extracted:.40} {'=' if close else '≠'} {sample.target}")

    def _rounded(self, sample: Sample, extracted: str, shape: str) -> Score:
        """Without any comma, wherever it stands, and in so many digits: as they do it."""
        wanted, found = (number(_UNREAD.sub("", text)) for text in (str(sample.target), extracted[:200]))
        close = wanted is not None and found is not None and format(float(wanted), shape) == format(float(found), shape)
        return Score(float(close), f"{extracted:.40} {'=' if close else '≠'} {sample.target}")
