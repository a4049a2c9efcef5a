"""How near a reply is in meaning to its references: the cosine of sentence embeddings.

By all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, Apache-2.0;
Reimers and Gurevych 2019), or another embedder that `app.wiring` hands it. Of several references the
nearest one counts. A cosine below 0 scores 0. Not BERTScore: that compares token by token.
Printed example: "The cat sat." against "A cat was sitting." → 0.857.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bakeoff.core.embedding import Embedder
from bakeoff.core.types import Sample, Score
from bakeoff.scorers._references import Which, references

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

MAX_CHARS = 20_000
_MOST_KNOWN = 10_000


class Similarity:
    continuous = True

    def __init__(self, embedder: Embedder, against: Which = "all") -> None:
        self._embedder = embedder
        self._against = against
        self._known: dict[str, NDArray[float32]] = {}  # of references, which many models are compared with

    def score(self, sample: Sample, extracted: str) -> Score:
        found = self._embed(extracted)
        cosines = [float(found @ self._reference(text)) for text in references(sample, self._against)]
        best = max(cosines)
        parts = {"cosine": best, "references": float(len(cosines))}
        return Score(min(1.0, max(0.0, best)), f"cosine {best:.3f}", parts, continuous=True)

    def _reference(self, text: str) -> NDArray[float32]:
        if text not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[text] = self._embed(text)
        return self._known[text]

    def _embed(self, text: str) -> NDArray[float32]:
        vector: NDArray[float32] = self._embedder.embed([text[:MAX_CHARS]])[0]
        return vector
