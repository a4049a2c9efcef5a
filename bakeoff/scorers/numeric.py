"""Compare numbers as numbers: $1,234.00 equals 1234; 262501 does not equal 262500.

Currency signs, thousands separators, a trailing percent sign or full stop and fractions are read;
integers are compared exactly, and a number that is not whole within a relative 1e-6. Unlike a
comparison of texts it accepts "18.00" for "18", and unlike one of rounded floats it stays exact.
Licence: ours. Printed example: `Numeric().score(sample, "$18.00").value == 1.0` for target "18".
"""

from __future__ import annotations

from fractions import Fraction

from bakeoff.core.types import Sample, Score

_NOISE = str.maketrans("", "", "$€£, _%°")
_TOLERANCE = Fraction(1, 1_000_000)


class Numeric:
    def score(self, sample: Sample, extracted: str) -> Score:
        wanted, found = number(str(sample.target)), number(extracted)
        if wanted is None:
            raise ValueError(f"the target '{sample.target}' is no number")
        if found is None:
            return Score(0.0, f"'{extracted:.40}' is no number")
        close = found == wanted
        if wanted.denominator != 1 and not close:
            close = abs(found - wanted) <= abs(wanted) * _TOLERANCE
        return Score(float(close), f"{extracted:.40} {'=' if close else '≠'} {sample.target}")


def number(text: str) -> Fraction | None:
    """The number that a text is, or None. Bounded: long texts are none."""
    cleaned = text.translate(_NOISE).strip().rstrip(".").replace("\u2212", "-")
    if not cleaned or len(cleaned) > 60 or "e" in cleaned.lower():
        return None
    try:
        return Fraction(int(cleaned)) if cleaned.isdecimal() else Fraction(cleaned)
    except (ValueError, ZeroDivisionError):
        return None
