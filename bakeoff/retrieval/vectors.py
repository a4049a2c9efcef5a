"""Vectors on disk by the content they stand for, so that no text is embedded twice (law 2).

Two files that only grow: keys (16 bytes of a hash of the text) and vectors (float32). A vector is durable before
its key is written, so after `kill -9` at any moment what has a key is whole, and a torn end is cut off: it is owed
again. One process writes at a time. Example:

    with VectorCache.open(folder, 384) as cache:
        matrix = cache.fill(texts, embedder.embed)
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from bakeoff.core.errors import RunLocked

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

KEY = 16
AT_ONCE = 64  # texts between two moments at which what is done is safe
_NUMBER = 4  # bytes of a float32

Embed = Callable[[Sequence[str]], "NDArray[float32]"]
Progress = Callable[[int, int], None]  # done, of how many


def key_of(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY).digest()


class VectorCache:
    """The vectors of one embedder. `places`: key → row."""

    def __init__(self, keys: BinaryIO, vectors: BinaryIO, dimensions: int) -> None:
        self._keys = keys
        self._vectors = vectors
        self._width = dimensions * _NUMBER
        self._dimensions = dimensions
        self.places = self._read_keys()

    @classmethod
    @contextmanager
    def open(cls, folder: Path, dimensions: int) -> Iterator[VectorCache]:
        """Raises RunLocked while another process writes here, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "keys.bin").open("a+b") as keys, (folder / "vectors.bin").open("a+b") as vectors:
            try:
                fcntl.flock(keys, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RunLocked(
                    "another process embeds with this embedder now", "wait for it; what it has done is kept"
                ) from None
            yield cls(keys, vectors, dimensions)

    def _read_keys(self) -> dict[bytes, int]:
        """The keys whose vectors are whole; both files are cut to these."""
        self._keys.seek(0)
        whole = min(
            os.fstat(self._keys.fileno()).st_size // KEY, os.fstat(self._vectors.fileno()).st_size // self._width
        )
        told = self._keys.read(whole * KEY)
        self._keys.truncate(whole * KEY)
        self._vectors.truncate(whole * self._width)
        return {told[row * KEY : row * KEY + KEY]: row for row in range(whole)}

    def fill(self, texts: Sequence[str], embed: Embed, progress: Progress = lambda done, of: None) -> NDArray[float32]:
        """The vectors of the texts, in order; those not known yet are embedded and kept, a few at a time."""
        keys = [key_of(text) for text in texts]
        owed = list({key: text for key, text in zip(keys, texts, strict=True) if key not in self.places}.items())
        progress(0, len(owed))
        for start in range(0, len(owed), AT_ONCE):
            group = owed[start : start + AT_ONCE]
            self._append([key for key, _ in group], embed([text for _, text in group]))
            progress(start + len(group), len(owed))
        return self._rows([self.places[key] for key in keys])

    def _append(self, keys: Sequence[bytes], vectors: NDArray[float32]) -> None:
        if vectors.shape != (len(keys), self._dimensions):
            raise ValueError(f"{len(keys)} texts gave vectors of shape {vectors.shape}")
        self._vectors.write(vectors.astype("<f4").tobytes())
        _make_durable(self._vectors)
        first = len(self.places)
        self._keys.write(b"".join(keys))
        _make_durable(self._keys)
        self.places |= {key: first + place for place, key in enumerate(keys)}

    def _rows(self, rows: Sequence[int]) -> NDArray[float32]:
        import numpy as np

        if not rows:
            return np.zeros((0, self._dimensions), np.float32)
        known: NDArray[float32] = np.memmap(self._vectors.name, "<f4", "r", shape=(len(self.places), self._dimensions))
        return np.asarray(known[np.asarray(rows)], np.float32)


def _make_durable(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
