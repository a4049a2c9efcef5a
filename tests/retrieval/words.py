"""An embedder for tests: words by their hash, so that a text is near those that share its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from bakeoff.core.embedding import Span

_WORD = re.compile(r"\w+")


class Words:
    """64 numbers; a window of 30 tokens. `asked` counts the texts that it embedded."""

    dimensions = 64
    window = 30

    def __init__(self, name: str = "words") -> None:
        self.identity = name
        self.asked = 0

    def tokens(self, text: str) -> list[Span]:
        return [hit.span() for hit in _WORD.finditer(text)]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in _WORD.findall(text.lower()):
                row[blake2b(word.encode(), digest_size=2).digest()[0] % self.dimensions] += 1
            length = float(np.linalg.norm(row))
            row /= length or 1.0
        return rows
