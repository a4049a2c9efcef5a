"""Which samples a cell asks, in which order: a shuffle that is a function of the seed alone.

The first N of the order are a random sample, so a limit draws fairly, a larger limit contains a
smaller one, and an estimate halfway is an honest one. Samples are kept in a temporary file and
not in memory, so that the length of a benchmark costs 16 bytes an item. Example:

    drawn = Draw.of(benchmark.samples("test"), "gsm8k", seed=7, limit=100)
    for sample in drawn: …
"""

from __future__ import annotations

import os
import pickle
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import IO

import orjson

from bakeoff.core.errors import DataInvalid
from bakeoff.core.hashing import order_key
from bakeoff.core.types import Sample

CHUNK = 64


class Draw:
    """The chosen samples in their order, read back one at a time."""

    def __init__(self, digest: str, places: array[int], file: IO[bytes]) -> None:
        self.digest = digest
        self._places = places  # offset and size, in turns
        self._file = file

    @classmethod
    def of(
        cls,
        samples: Iterable[Sample],
        benchmark: str,
        seed: int,
        limit: int | None = None,
        ids: Collection[str] | None = None,
    ) -> Draw:
        """Draw from all samples: the first `limit` of the shuffle, or those named by `ids`.

        Raises DataInvalid when there are none, or when an id is not among them.
        """
        file = _temporary()
        wanted = set(ids) if ids is not None else None
        hasher = blake2b(digest_size=16)
        seen: dict[int, int] = {}
        placed: list[tuple[int, int, int]] = []
        offset = 0
        for sample in samples:
            sample = _distinct(sample, seen)
            hasher.update(orjson.dumps([sample.id, sample.question, sample.target]))
            if wanted is not None and sample.id not in wanted:
                continue
            blob = pickle.dumps(sample, protocol=pickle.HIGHEST_PROTOCOL)
            file.write(blob)
            placed.append((order_key(seed, benchmark, sample.id), offset, len(blob)))
            offset += len(blob)
        if wanted is not None and len(placed) < len(wanted):
            missing = len(wanted) - len(placed)
            raise DataInvalid(
                f"{missing} of {len(wanted)} samples of the set are not in '{benchmark}'",
                "the data changed since the set was saved; save a new one",
            )
        if not placed:
            raise DataInvalid(f"benchmark '{benchmark}' holds no samples", "check its file")
        placed.sort()
        file.flush()
        return cls(hasher.hexdigest(), *_reordered(file, placed[:limit]))

    def __len__(self) -> int:
        return len(self._places) // 2

    def __getitem__(self, position: int) -> Sample:
        offset, size = self._places[2 * position], self._places[2 * position + 1]
        blob = os.pread(self._file.fileno(), size, offset)
        sample: Sample = pickle.loads(blob)  # our own, from a file that no one else can open
        return sample

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, len(self), CHUNK):
            offset = self._places[2 * start]
            sizes = self._places[2 * start + 1 : 2 * (start + CHUNK) : 2]
            chunk = memoryview(os.pread(self._file.fileno(), sum(sizes), offset))
            for size in sizes:
                sample: Sample = pickle.loads(chunk[:size])
                chunk = chunk[size:]
                yield sample

    def close(self) -> None:
        self._file.close()


def _temporary() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="bakeoff-draw-", buffering=1 << 20)


def _reordered(file: IO[bytes], placed: Sequence[tuple[int, int, int]]) -> tuple[array[int], IO[bytes]]:
    """The chosen samples in a file of their own, in their order, so that reading them is sequential."""
    ordered = _temporary()
    places = array("Q")
    offset = 0
    with file:
        for _, start, size in placed:
            ordered.write(os.pread(file.fileno(), size, start))
            places.extend((offset, size))
            offset += size
    ordered.flush()
    return places, ordered


def _distinct(sample: Sample, seen: dict[int, int]) -> Sample:
    """Give the second sample of an id the id "…#2": identity is content, and some files repeat."""
    name = order_key(0, "", sample.id)
    seen[name] = count = seen.get(name, 0) + 1
    return sample if count == 1 else replace(sample, id=f"{sample.id}#{count}")
