"""Compare numbers as numbers: $1,234.00 equals 1234; 262501 does not equal 262500.

Currency signs, thousands separators, a trailing percent sign or full stop, fractions ("2 1/2") and
short exponents ("1e5") are read; integers are compared exactly, and a number that is not whole
within a relative 1e-6. Unlike a
comparison of texts it accepts "18.00" for "18", and unlike one of rounded floats it stays exact.
Licence: ours. Printed example: `Numeric().score(sample, "$18.00").value == 1.0` for target "18".
"""

from __future__ import annotations

import re
from fractions import Fraction

from bakeoff.core.types import Sample, Score

_NOISE = str.maketrans("", "", "$€£, _%°\u00a0\u202f")
_MIXED = re.compile(r"([-+]?)(\d+)\s(\d+/\d+)")
_EXPONENT = re.compile(r"[eE][-+]?\d{1,2}\Z")
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
    """The number that a text is, or None. Bounded: long texts and large exponents are none."""
    if len(text) > 200:
        return None
    if len(text) <= 60 and text.isdecimal():  # nearly all are; fractions cost ten times as much
        return Fraction(int(text))
    text = text.strip().rstrip(".").replace("\u2212", "-")
    mixed = _MIXED.fullmatch(text)
    if mixed:
        sign, whole, part = mixed.groups()
        return _sum(sign, whole, part)
    above, slash, below = text.translate(_NOISE).partition("/")
    return _ratio(above, below if slash else "1")


def _ratio(above: str, below: str) -> Fraction | None:
    numerator, denominator = _plain(above), _plain(below)
    return numerator / denominator if numerator is not None and denominator else None


def _sum(sign: str, whole: str, part: str) -> Fraction | None:
    """A whole number and a fraction, as in "2 1/2"."""
    above, _, below = part.partition("/")
    share = _ratio(above, below)
    if share is None or len(whole) > 60:
        return None
    return (int(whole) + share) * (-1 if sign == "-" else 1)


def _plain(text: str) -> Fraction | None:
    if not text or len(text) > 60 or "/" in text or ("e" in text.lower() and not _EXPONENT.search(text)):
        return None
    try:
        return Fraction(int(text)) if text.isdecimal() else Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None
