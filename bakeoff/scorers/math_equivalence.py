r"""Compare answers in LaTeX as mathematics: `\frac{1}{2}` equals `0.5`, `(x+1)^2` equals `x^2+2x+1`.

Equal texts (as the MATH data set compares them, see `math_text`), words and numbers are settled here,
which is most of them. The rest goes through math-verify (https://github.com/huggingface/Math-Verify,
Apache-2.0) and sympy in worker processes that are ended when they take too long: then the answer counts
as not shown to be equal. Printed example: `1+x` equals `x+1`; `262501` does not equal `262500`.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Awaitable

from bakeoff.core.errors import MissingExtra
from bakeoff.core.numbers import number
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._math_pool import Pool
from bakeoff.scorers.math_text import equivalent

MAX_CHARS = 1_000
_WORDS = re.compile(r"\\(?:text|textbf|mbox|mathrm)\{\s*([^{}\d]{1,100})\}")
_LISTED = re.compile(r"[,;]\s*[-+]?\d{1,2}(?!\d)|[()\[\]]|\\in\b")  # "1,-2", "[2,5)": several numbers


class MathEquivalence:
    continuous = False

    def __init__(self) -> None:
        if importlib.util.find_spec("math_verify") is None:
            raise MissingExtra("the scorer 'math_equivalence'", "math")
        self._pool: Pool | None = None

    def score(self, sample: Sample, extracted: str) -> Score | Awaitable[Score]:
        wanted, found = str(sample.target), extracted.strip().strip("$").strip()
        if not found or len(found) > MAX_CHARS:
            return Score(0.0, f"'{found:.40}' is no formula")
        settled = at_sight(wanted, found)
        if settled is not None:
            return Score(float(settled), f"{found:.60} {'=' if settled else '≠'} {wanted:.60}")
        return self._compared(wanted, found)

    async def _compared(self, wanted: str, found: str) -> Score:
        self._pool = self._pool or Pool(min(4, os.cpu_count() or 1))
        verdict = await self._pool.equal(wanted, found)
        sign = "=" if verdict.equal else "≠"
        why = f" ({verdict.why})" if verdict.why else ""
        parts = {"given_up": 1.0} if verdict.ended else {}
        return Score(float(verdict.equal), f"{found:.60} {sign} {wanted:.60}{why}", parts)


def at_sight(wanted: str, found: str) -> bool | None:
    """Whether two answers are equal, where texts, words or numbers tell; None where algebra has to."""
    if equivalent(found, wanted):
        return True
    if word := _WORDS.fullmatch(wanted.strip()):
        return _word(word[1]) == _word(_WORDS.sub(r"\1", found))
    if _LISTED.search(wanted) or _LISTED.search(found) or "%" in wanted + found:
        return None
    one, other = number(wanted), number(found)
    if one is None or other is None:
        return None
    return one == other


def _word(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())
