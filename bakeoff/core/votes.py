"""When two answers are the same vote: 18, $18.00 and 36/2 are, and so are "The Nile" and "nile".

Answers are found by `core.answers`, as grading finds them; here they are only told alike or apart. A free text
(a summary, a program) is like no other, so nothing can be voted on. Example:

    alike("$18.00", "number") == alike("18", "number")      # True
"""

from __future__ import annotations

import re
import string

from bakeoff.core.numbers import number
from bakeoff.core.protocols import AnswerKind

VOTABLE: frozenset[AnswerKind] = frozenset({"number", "letter", "label", "text", "math"})
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_DELETED = str.maketrans("", "", string.punctuation)
_LATEX_SIZES = re.compile(r"\\(?:left|right|displaystyle|,|;|!|text|mathrm)|[\s${}]|\.\Z")
_LATEX_FRACTIONS = re.compile(r"\\[dt]frac")


def alike(value: str, kind: AnswerKind) -> str:
    """What an answer is counted as: equal texts are one candidate."""
    if kind in ("number", "math"):
        found = number(value)
        if found is not None:
            return str(found)
    if kind == "math":
        return _LATEX_SIZES.sub("", _LATEX_FRACTIONS.sub(r"\\frac", value))
    if kind == "text":
        plain = " ".join(_ARTICLES.sub(" ", value.lower().translate(_DELETED)).split())
        return plain or value.strip().lower()
    return value.strip().lower()
