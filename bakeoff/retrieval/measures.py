"""How good a ranking is: recall@k, reciprocal rank, nDCG@k. Pure; as trec_eval computes them.

Relevance is a gain of 0 or more for each document; what is not listed has none. Example:

    recall(["b", "a"], {"a": 1.0}, 5)        # 1.0
    reciprocal_rank(["b", "a"], {"a": 1.0})  # 0.5
    ndcg(["b", "a"], {"a": 1.0}, 10)         # 0.63

Sources: https://github.com/usnistgov/trec_eval (measures recall, recip_rank, ndcg_cut, with gains as they are, not
2^gain - 1); Järvelin and Kekäläinen 2002 for nDCG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Gains = Mapping[str, float]


def recall(ranking: Sequence[str], gains: Gains, k: int) -> float:
    """The share of what is relevant that is among the first k. Raises ValueError when nothing is."""
    wanted = _wanted(gains)
    return len(wanted & set(ranking[:k])) / len(wanted)


def reciprocal_rank(ranking: Sequence[str], gains: Gains) -> float:
    """1 / the rank of the first that is relevant; 0 where none is. Raises ValueError when nothing is."""
    wanted = _wanted(gains)
    return next((1.0 / rank for rank, name in enumerate(ranking, 1) if name in wanted), 0.0)


def ndcg(ranking: Sequence[str], gains: Gains, k: int = 10) -> float:
    """Gains among the first k, each divided by log2(rank + 1), as a share of the most there could be."""
    _wanted(gains)
    best = sorted(gains.values(), reverse=True)[:k]
    return _discounted([gains.get(name, 0.0) for name in ranking[:k]]) / _discounted(best)


def of_documents(found: Sequence[str]) -> list[str]:
    """A ranking of chunks by their documents: each document where its best chunk stands."""
    return list(dict.fromkeys(found))


def _discounted(gains: Sequence[float]) -> float:
    return math.fsum(max(0.0, gain) / math.log2(rank + 1) for rank, gain in enumerate(gains, 1))


def _wanted(gains: Gains) -> set[str]:
    wanted = {name for name, gain in gains.items() if gain > 0}
    if not wanted:
        raise ValueError("a question without a relevant document has no recall: leave it out")
    return wanted
