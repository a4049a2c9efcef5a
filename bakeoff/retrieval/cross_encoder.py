"""Reranks by a cross-encoder: query and passage read together (Nogueira and Cho 2019).

https://arxiv.org/abs/1901.04085. Any sequence classifier of transformers with one class, by name or folder, such as
cross-encoder/ms-marco-MiniLM-L6-v2 (Apache-2.0); of several classes the last one's score counts.
"""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.retrieval.pair_model import PairModel


class CrossEncoder:
    def __init__(self, name: str, offline: bool = False) -> None:
        self._model = PairModel(name, offline)

    @property
    def identity(self) -> str:
        return self._model.identity

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        return [float(row[-1]) for row in self._model.logits([(query, text) for text in texts])]
