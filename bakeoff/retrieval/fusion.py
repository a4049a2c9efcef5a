"""Puts several rankings together: reciprocal rank fusion (Cormack, Clarke and Büttcher 2009). Pure.

A chunk scores the sum of 1 / (k + its rank) over the rankings that have it; one that is in two counts once.

    fuse([["a", "b"], ["b", "c"]])      # b: 1/62 + 1/61, then a: 1/61, then c: 1/62
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)
K = 60


def fuse(rankings: Sequence[Sequence[Item]], k: int = K) -> list[tuple[Item, float]]:
    """Each item once with its score, best first; at equal scores the one that was met first, rank by rank."""
    scores: dict[Item, float] = {}
    longest = max((len(ranking) for ranking in rankings), default=0)
    for rank in range(longest):
        for ranking in rankings:
            if rank < len(ranking) and ranking[rank] not in ranking[:rank]:
                scores[ranking[rank]] = scores.get(ranking[rank], 0.0) + 1.0 / (k + rank + 1)
    return sorted(scores.items(), key=lambda item: -item[1])
