"""Exact search over embedded chunks: every vector is compared, so nothing near is missed.

The vectors stay on disk and are mapped into memory; a query reads them once, block by block. Example:

    ExactIndex.open(folder / "vectors.npy").nearest(vector, 5)      # [(row, cosine), …], best first
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

Found = tuple[int, float]  # the row of a chunk, and its score


class DenseIndex(Protocol):
    """Finds the chunks whose vectors are nearest."""

    def nearest(self, vector: NDArray[float32], count: int) -> list[Found]:
        """The `count` nearest, best first; at equal scores the lower row first. Raises EngineError."""
        ...


class ExactIndex:
    def __init__(self, vectors: NDArray[float32]) -> None:
        self._vectors = vectors

    @classmethod
    def open(cls, path: Path) -> ExactIndex:
        import numpy as np

        return cls(np.load(path, mmap_mode="r"))

    def nearest(self, vector: NDArray[float32], count: int) -> list[Found]:
        return best(self._vectors @ vector, count)


def best(scores: NDArray[float32], count: int) -> list[Found]:
    """The `count` highest scores and where they stand; ties by place, so that the order is always the same."""
    import numpy as np

    count = min(count, len(scores))
    if count <= 0:
        return []
    least = np.partition(scores, len(scores) - count)[len(scores) - count]
    rows = np.flatnonzero(scores >= least)
    order = np.lexsort((rows, -scores[rows]))[:count]
    return [(int(rows[place]), float(scores[rows[place]])) for place in order]
