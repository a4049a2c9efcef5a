"""Retrieval, the plain way: the nearest passages by embedding, then the question (Lewis et al. 2020).

Paper https://arxiv.org/abs/2005.11401. Spec: `rag_naive:kb=wiki,top_k=5`; `search=bm25` finds by words instead.

    Passages … [abcd2345] Title › Section: text …   Question: …   Answer: … [abcd2345]
"""

from __future__ import annotations

from bakeoff.core.options import Option
from bakeoff.methods._rag import BASE, BUDGET, CITE, TOP_K, Rag


class RagNaive(Rag):
    name = "rag_naive"
    OPTIONS = {
        "kb": BASE,
        "top_k": TOP_K,
        "budget": BUDGET,
        "cite": CITE,
        "search": Option("dense", "how passages are found", choices=("dense", "bm25")),
    }
