"""Compare an answer as its sample's kind is: a number, a letter, a label or a text.

For benchmarks whose answers are of several kinds; `meta["answer"]` of a sample names its own. Numbers
are equal by value; letters and labels whatever their case and brackets; texts without punctuation and
case, or sign by sign where they have no letter (brackets). Licence: ours. Printed example: "b, c" equals
"b c" of kind "text"; "B" equals "(B)" of kind "letter".
"""

from __future__ import annotations

import re

from bakeoff.core.types import Sample, Score
from bakeoff.scorers.numeric import Numeric

_PUNCTUATION = re.compile(r"[^\w\s]|_")
_BRACKETS = re.compile(r"\A\(([A-Za-z])\)?\Z")


class Mixed:
    continuous = False

    def __init__(self) -> None:
        self._numeric = Numeric()

    def score(self, sample: Sample, extracted: str) -> Score:
        kind, wanted = str(sample.meta.get("answer", "text")), str(sample.target)
        if kind == "number":
            return self._numeric.score(sample, extracted)
        if kind in ("letter", "label"):
            right = _BRACKETS.sub(r"\1", extracted.strip()).lower() == _BRACKETS.sub(r"\1", wanted).lower()
        else:
            right = bool(extracted.strip()) and plain(extracted) == plain(wanted)
        return Score(float(right), f"{extracted:.60} {'=' if right else '≠'} {wanted:.60}")


def plain(text: str) -> str:
    """Words in lower case with single spaces; a text without any word character without its spaces."""
    words = " ".join(_PUNCTUATION.sub(" ", text.lower()).split())
    return words or "".join(text.split()).rstrip(".")
