"""Read a number as it is written in a text: as an exact fraction, or not at all.

Shared by grading and by methods whose replies vote: "18.00", "$18" and "36/2" are one answer. Example:

    number("1,234.50")      # Fraction(2469, 2)
    number("a lot")         # None
"""

from __future__ import annotations

import re
from fractions import Fraction

from bakeoff.core.answers import plain_latex

_SPACES = "\u00a0\u202f\u2009 "
_BOXED = re.compile(r"\\boxed\{(.*)\}", re.DOTALL)
_TEXT = re.compile(r"\\(?:text|mathrm|mbox)\{([^{}]*)\}")
_LATEX_NOISE = re.compile(r"\\[()\[\],!;]|\^?\{?\\circ\}?|\\(?=[$%])|(?<=\d)\$\Z")
_SHAPE = re.compile(
    rf"(?P<sign>[-+]?)[$€£¥₹]?[{_SPACES}]?(?P<inner>[-+]?)"
    rf"(?:(?P<whole>\d+)[{_SPACES}](?=\d+/))?(?P<above>\.?\d[\d.,'’_{_SPACES}]*(?:[eE][-+]?\d{{1,2}})?)"
    rf"(?:[{_SPACES}]?/[{_SPACES}]?(?P<below>\.?\d[\d.]*))?"
    rf"[{_SPACES}]?(?:[$€£¥₹%°]|[A-Za-zµ°][A-Za-zµ°²³/^.\- ]{{0,60}})?"
)
_PLAIN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")
_GROUPED = re.compile(rf"\d{{1,3}}(?:([,'’_{_SPACES}])\d{{3}}(?:\1\d{{3}})*)(?:\.\d*)?")
_INDIAN = re.compile(r"\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d*)?")
# A comma that is not before three digits parts decimals; so do several full stops before one.
_COMMA = re.compile(rf"(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:[{_SPACES}]\d{{3}})+),(?:\d{{1,2}}|\d{{4,}})")
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,}")


def number(text: str) -> Fraction | None:
    """The number that a text is, or None. Bounded: long texts and large exponents are none."""
    if len(text) > 200:
        return None
    if len(text) <= 60 and text.isdecimal():  # nearly all are; fractions cost ten times as much
        return Fraction(int(text))
    hit = _SHAPE.fullmatch(_unwrapped(text))
    if hit is None or (hit["sign"] and hit["inner"]):
        return None
    above, below, whole = _plain(hit["above"]), _plain(hit["below"] or "1"), _plain(hit["whole"] or "0")
    if above is None or not below or whole is None:
        return None
    found = whole + above / below
    return -found if "-" in (hit["sign"], hit["inner"]) else found


def _unwrapped(text: str) -> str:
    """The text without what stands around a number: a box, dollar signs of LaTeX, a full stop."""
    if "\\" in text or "{" in text:
        boxed = _BOXED.search(text)
        text = _LATEX_NOISE.sub("", _TEXT.sub(r" \1", plain_latex(boxed[1] if boxed else text)))
    text = text.strip().replace("\u2212", "-")
    if len(text) > 2 and text[0] == text[-1] == "$":
        text = text[1:-1]
    return text.removesuffix(".").strip()


def _plain(text: str) -> Fraction | None:
    """Digits with their separators, in whatever convention; None where they could be read in two ways or none."""
    text = text.strip(_SPACES)
    if not text or len(text) > 60:
        return None
    if _COMMA.fullmatch(text) or _DOTTED.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    elif not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text) or _INDIAN.fullmatch(text)):
        return None
    return Fraction(re.sub(rf"[,'’_{_SPACES}]", "", text).removesuffix("."))
