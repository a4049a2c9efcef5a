"""What turns texts into vectors: for a scorer that compares meanings, and for a knowledge base.

vectors = embedder.embed(["A cat sat.", "Ships left port."])     # shape (2, embedder.dimensions)
vectors[0] @ vectors[1]                                          # the cosine: every vector has length 1
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

Span = tuple[int, int]  # from and to, in characters of the text


class Embedder(Protocol):
    """A sentence embedder and the tokenizer that it reads with."""

    @property
    def identity(self) -> str:
        """What its vectors depend on, besides the text: name and content of model and tokenizer."""
        ...

    @property
    def dimensions(self) -> int: ...

    @property
    def window(self) -> int:
        """The most tokens it reads at once, its own marks (such as [CLS]) not counted."""
        ...

    def tokens(self, text: str) -> Sequence[Span]:
        """Where the tokens of a text are, by its own tokenizer; nothing is cut."""
        ...

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        """A vector of length 1 for each text; all 0 for one without tokens. The same text gives the same vector,
        whatever stands beside it. Raises EngineError where an endpoint is asked."""
        ...
