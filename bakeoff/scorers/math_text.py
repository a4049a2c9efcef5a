r"""Compare LaTeX answers as texts, after the changes of the MATH data set's own program.

Rules of https://github.com/hendrycks/math (`math_equivalence.py`, MIT; Hendrycks et al. 2021) and of
lm-evaluation-harness 0.4.13 (`tasks/hendrycks_math/utils.py`, MIT). The latter compares texts as they
stand where a fraction is no integer over an integer. No algebra: "1+x" is not
"x+1". Printed example: `\dfrac12` equals `\frac{1}{2}`; `k=5` equals `5`.
"""

from __future__ import annotations

import re
from typing import Literal

from bakeoff.core.types import Sample, Score

MAX_CHARS = 20_000
Rules = Literal["math", "lm-eval"]
# In this order.
_FIRST = (
    *(("\n", ""), ("\\!", ""), ("\\\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac"), ("\\left", ""), ("\\right", "")),
    *(("^{\\circ}", ""), ("^\\circ", ""), ("\\$", "")),
)
_THEN = (("\\%", ""), (" .", " 0."), ("{.", "{0."))
_UNIT = "\\text{ "


class MathText:
    continuous = False

    def __init__(self, take: Literal["boxed", "dollars", "all"] = "all", rules: Rules = "math") -> None:
        r"""`take` says what of the reply is the answer: the last `\boxed`, or what the outermost dollars hold."""
        self._take = take
        self._rules = rules

    def score(self, sample: Sample, extracted: str) -> Score:
        wanted, found = str(sample.target), self._taken(extracted[:MAX_CHARS])
        if found is None:
            return Score(0.0, "nothing is boxed", chosen="")
        right = equivalent(found, wanted, self._rules)
        return Score(float(right), f"{found:.60} {'=' if right else '≠'} {wanted:.60}", chosen=found)

    def _taken(self, text: str) -> str | None:
        if self._take == "boxed":
            return last_boxed(text)
        first, last = text.find("$"), text.rfind("$")
        return text[first + 1 : last] if self._take == "dollars" and first < last else text


def last_boxed(text: str) -> str | None:
    r"""What the last `\boxed` (or `\fbox`) holds; behind "\boxed " what stands before the next dollar sign."""
    if "\\boxed " in text:
        return text.rpartition("\\boxed ")[2].partition("$")[0]
    start = text.rfind("\\boxed")
    start = start if start >= 0 else text.rfind("\\fbox")
    depth = 0
    for place in range(max(start, 0), len(text)):
        if text[place] == "{":
            depth += 1
        elif text[place] == "}":
            depth -= 1
            if depth == 0 and start >= 0:
                return text[start:place].partition("{")[2]
    return None


def equivalent(one: str, other: str, rules: Rules = "math") -> bool:
    """Whether two answers are the same text after the changes; as they stand where those fail."""
    try:
        return changed(one, rules) == changed(other, rules)
    except ValueError:
        return one == other


def changed(text: str, rules: Rules = "math") -> str:
    """The answer as it is compared. Raises ValueError where the reference's program fails."""
    for before, after in _FIRST:
        text = text.replace(before, after)
    if _UNIT in text:
        text, *rest = text.split(_UNIT)
        if len(rest) > 1:
            raise ValueError("more than one unit")
    for before, after in _THEN:
        text = text.replace(before, after)
    if not text:
        return text
    text = f"0{text}" if text[0] == "." else text
    sides = text.split("=")
    text = sides[1] if len(sides) == 2 and len(sides[0]) <= 2 else text
    text = _fractions(_roots(text).replace(" ", ""))
    return _slash("\\frac{1}{2}" if text == "0.5" else text, rules)


def _roots(text: str) -> str:
    r"""`\sqrt3` as `\sqrt{3}`."""
    first, *parts = text.split("\\sqrt")
    if not all(parts):
        raise ValueError("a root of nothing")
    return first + "".join(f"\\sqrt{part}" if part[0] == "{" else f"\\sqrt{{{part[0]}}}{part[1:]}" for part in parts)


def _fractions(text: str) -> str:
    r"""`\frac12` as `\frac{1}{2}`, `\frac1{72}` as `\frac{1}{72}`; a text with `\frac1` at its end stays as it is."""
    first, *parts = text.split("\\frac")
    found = [first]
    for part in parts:
        if not part:
            raise ValueError("a fraction of nothing")
        if part[0] != "{":
            if len(part) < 2:
                return text
            below = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
            part = f"{{{part[0]}}}{below}"
        found.append(f"\\frac{part}")
    return "".join(found)


def _slash(text: str, rules: Rules) -> str:
    r"""`1/2` as `\frac{1}{2}`, where both are integers written as Python writes them."""
    above, *below = text.split("/")
    if len(below) != 1:
        return text
    if re.fullmatch(r"(?:0|-?[1-9]\d*)/(?:0|-?[1-9]\d*)", text, re.ASCII):
        return f"\\frac{{{above}}}{{{below[0]}}}"
    if rules == "lm-eval":  # fails where a side is no integer, so that the texts are compared as they stand
        int(above[:4000]), int(below[0][:4000])
    return text
