"""What judges say, read and put together. Pure, and hostile input: every pattern is linear.

The forms are MT-bench's (FastChat, https://github.com/lm-sys/FastChat, Apache-2.0): "[[7]]", else
"[7]", for a rating; "[[A]]", "[[B]]", "[[C]]" for the better of two. A reply without one is no
verdict, and never a rating of -1. Example:

    rating("Good. Rating: [[7.5]]")      # 7.5
    both_orders("A", "A")                # None: the judge changed sides with the order
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import Literal

LOWEST, HIGHEST = 1.0, 10.0
MAX_CHARS = 100_000
Pick = Literal["first", "last"]
Panel = Literal["mean", "majority"]
_RATINGS = (re.compile(r"\[\[(\d{1,9}(?:\.\d{0,9})?)\]\]"), re.compile(r"\[(\d{1,9}(?:\.\d{0,9})?)\]"))
_BETTER = re.compile(r"\[\[([ABC])\]\]")


def rating(text: str, pick: Pick = "first") -> float | None:
    """The rating in a judge's reply. One outside of the scale from 1 to 10 is none.

    "first" is the reference's rule, which counts a rating of 0, too; "last" is not led astray by a rating that
    the judge quotes.
    """
    for pattern in _RATINGS:
        found = pattern.findall(text[:MAX_CHARS])
        if found:
            value = float(found[0 if pick == "first" else -1])
            lowest = 0.0 if pick == "first" else LOWEST
            return value if lowest <= value <= HIGHEST else None
    return None


def better(text: str, pick: Pick = "first") -> str | None:
    """ "A", "B", or "C" for a tie.

    FastChat looks for "[[A]]" anywhere before it looks for "[[B]]"; so does "first".
    """
    found = _BETTER.findall(text[:MAX_CHARS])
    if not found:
        return None
    return min(found) if pick == "first" else str(found[-1])


def both_orders(answer_first: str | None, answer_second: str | None) -> float | None:
    """1 when the answer won as A and as B, 0 when it lost twice, else 0.5; None without two verdicts."""
    if answer_first is None or answer_second is None:
        return None
    wins = (answer_first == "A") + (answer_second == "B")
    losses = (answer_first == "B") + (answer_second == "A")
    return 1.0 if wins == 2 else 0.0 if losses == 2 else 0.5


def panel(values: Sequence[float | None], by: Panel) -> float | None:
    """What several judges come to; None unless more than half of them gave a verdict.

    "majority" is the verdict of more than half of those who gave one, else their median.
    """
    given = [value for value in values if value is not None]
    if 2 * len(given) <= len(values):
        return None
    if by == "mean":
        return fmean(given)
    value, times = Counter(given).most_common(1)[0]
    return value if 2 * times > len(given) else float(median(given))
