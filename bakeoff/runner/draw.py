"""Which samples a cell asks, in which order: a shuffle that is a function of the seed alone.

The first N of the order are a random sample, so a limit draws fairly, a larger limit contains a
smaller one, and an estimate halfway is an honest one. Samples are kept in a temporary file and
not in memory, so that the length of a benchmark costs 16 bytes an item. Example:

    drawn = Draw.of(benchmark.samples("test"), "gsm8k", seed=7, limit=100)
    for sample in drawn: …
"""

from __future__ import annotations

import pickle
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b

import orjson

from bakeoff.core.errors import DataInvalid
from bakeoff.core.hashing import order_key
from bakeoff.core.types import Sample


class Draw:
    """The chosen samples in their order, read back one at a time."""

    def __init__(self, digest: str, offsets: array[int], file: tempfile._TemporaryFileWrapper[bytes]) -> None:
        self.digest = digest
        self._offsets = offsets
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
        file = tempfile.NamedTemporaryFile(prefix="bakeoff-draw-", buffering=1 << 20)
        wanted = set(ids) if ids is not None else None
        hasher = blake2b(digest_size=16)
        seen: dict[int, int] = {}
        placed: list[tuple[int, int]] = []
        offset = 0
        for sample in samples:
            sample = _distinct(sample, seen)
            hasher.update(orjson.dumps([sample.id, sample.question, sample.target]))
            if wanted is not None and sample.id not in wanted:
                continue
            blob = pickle.dumps(sample, protocol=pickle.HIGHEST_PROTOCOL)
            file.write(len(blob).to_bytes(4, "little") + blob)
            placed.append((order_key(seed, benchmark, sample.id), offset))
            offset += len(blob) + 4
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
        return cls(hasher.hexdigest(), array("Q", (place for _, place in placed[:limit])), file)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getitem__(self, position: int) -> Sample:
        self._file.seek(self._offsets[position])
        size = int.from_bytes(self._file.read(4), "little")
        sample: Sample = pickle.loads(self._file.read(size))  # our own, from an unshared file
        return sample

    def __iter__(self) -> Iterator[Sample]:
        for position in range(len(self)):
            yield self[position]

    def close(self) -> None:
        self._file.close()


def _distinct(sample: Sample, seen: dict[int, int]) -> Sample:
    """Give the second sample of an id the id "…#2": identity is content, and some files repeat."""
    name = order_key(0, "", sample.id)
    seen[name] = count = seen.get(name, 0) + 1
    return sample if count == 1 else replace(sample, id=f"{sample.id}#{count}")
