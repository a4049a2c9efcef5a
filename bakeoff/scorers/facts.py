"""Score a summary by the share of key facts it names, halved when it is over its word limit.

Each fact is a list of accepted wordings, matched as whole words whatever their case. A continuous
metric in [0, 1]. Licence: ours. Printed example: two of three facts named → 0.667.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bakeoff.core.types import Sample, Score


class Facts:
    continuous = True

    def score(self, sample: Sample, extracted: str) -> Score:
        target = sample.target
        facts = target.get("facts") if isinstance(target, dict) else None
        limit = target.get("max_words") if isinstance(target, dict) else None
        if not isinstance(facts, list) or not facts or not isinstance(limit, int):
            raise ValueError(f"sample '{sample.id}' has no facts to look for")
        text = " ".join(extracted.lower().split())
        named = sum(1 for fact in facts if isinstance(fact, list) and _names(text, fact))
        words = len(extracted.split())
        share = named / len(facts)
        over = words > limit
        reason = f"{named} of {len(facts)} facts, {words} words" + (f" (over {limit})" if over else "")
        parts = {"named": float(named), "facts": float(len(facts)), "words": float(words)}
        return Score(share / 2 if over else share, reason, parts, continuous=True)


def _names(text: str, forms: Sequence[object]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(str(form).lower())}(?!\w)", text) is not None for form in forms)
