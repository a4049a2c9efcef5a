"""Retrieval by meaning and by words: dense and BM25, put together by reciprocal rank fusion.

The best `pool` of each, fused with k = 60 (Cormack et al. 2009), each passage once, the best `top_k` shown.
Spec: `rag_hybrid:kb=wiki,top_k=5,pool=10`.

    Passages … [abcd2345] Title › Section: text …   Question: …   Answer: … [abcd2345]
"""

from __future__ import annotations

from bakeoff.core.options import Option
from bakeoff.methods._rag import BASE, BUDGET, CITE, TOP_K, Rag

POOL = Option(10, "passages that each way of searching brings", low=1, high=1000)
HYBRID = Option("hybrid", "how passages are found", choices=("hybrid",))


class RagHybrid(Rag):
    name = "rag_hybrid"
    OPTIONS = {"kb": BASE, "top_k": TOP_K, "budget": BUDGET, "cite": CITE, "pool": POOL, "search": HYBRID}
