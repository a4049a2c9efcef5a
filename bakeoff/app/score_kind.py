"""Whether a scorer can give a score between right and wrong, known before it gives one.

A scorer says so by its attribute `continuous`. One that says nothing may give anything: its scores count as
graded, which holds for right and wrong too. One that says it cannot is held to it. Example:

    may_be_between(Choice())         # False
    may_be_between(TokenF1())        # True: the F1 of words
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable

from bakeoff.core.errors import ScorerFailed
from bakeoff.core.protocols import Scorer
from bakeoff.core.types import Sample, Score
from bakeoff.runner.grade import ScoreFunction


def may_be_between(scorer: Scorer) -> bool:
    """Whether a score of it may be neither 0 nor 1."""
    return getattr(scorer, "continuous", True) is not False


def right_or_wrong(score: ScoreFunction) -> ScoreFunction:
    """The same scorer, held to 0 and 1: another value is a counted fault of its trial (`scorer-failed`)."""

    def held(sample: Sample, extracted: str) -> Score | Awaitable[Score]:
        found = score(sample, extracted)
        return _later(found) if inspect.isawaitable(found) else _checked(found)

    return held


async def _later(found: Awaitable[Score]) -> Score:
    return _checked(await found)


def _checked(found: Score) -> Score:
    if not found.unparsed and (found.continuous or found.value not in (0.0, 1.0)):
        raise ScorerFailed(f"the score {found.value!r} is neither 0 nor 1, and the scorer says it gives no other")
    return found
