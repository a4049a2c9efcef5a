"""Which samples a cell asks, in which order: a shuffle that is a function of the seed alone.

The first N of the order are a random sample, so a limit draws fairly, a larger limit contains a
smaller one, and an estimate halfway is an honest one. Samples are kept in a temporary file and
not in memory, so that the length of a benchmark costs 16 bytes an item. Example:

    drawn = Draw.of(benchmark.samples("test"), "gsm8k", seed=7, limit=100)
    for sample in drawn: …
"""

from __future__ import annotations

import errno
import os
import pickle
import tempfile
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from hashlib import blake2b
from mmap import ACCESS_READ, mmap
from operator import attrgetter
from typing import IO

import orjson

from bakeoff.core.errors import DataInvalid, StoreFull, StoreUnreachable
from bakeoff.core.hashing import order_key
from bakeoff.core.types import Sample

CHUNK = 64
_FIELDS = attrgetter(*(field.name for field in dataclass_fields(Sample)))
LONGEST_ID = 190  # the store keeps 200, and a repeated id is given a number


class Draw:
    """The chosen samples in their order, read back one at a time."""

    def __init__(self, digest: str, places: array[int], file: IO[bytes], repeated: Sequence[str] = ()) -> None:
        self.digest = digest
        self.repeated = tuple(repeated)  # ids that samples were given whose own was another's
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

        Raises DataInvalid when there are none, or when an id is not among them; StoreError when no
        temporary file can be written.
        """
        wanted = set(ids) if ids is not None else None
        bases = (wanted or set()) | {id_.rpartition("#")[0] for id_ in wanted or ()}
        hasher = blake2b(digest_size=16)
        placed: list[int] = []
        numbered: set[str] = set()  # ids that look like those which a repeated id is given
        offset = 0
        with _explained(), _temporary() as file:
            for sample in samples:
                if len(sample.id) > LONGEST_ID or "\0" in sample.id:
                    raise DataInvalid(
                        f"'{benchmark}' has an id that no database takes: {sample.id!r:.60}", "shorten it"
                    )
                hasher.update(orjson.dumps([sample.id, sample.question, sample.target]))
                if "#" in sample.id:
                    numbered.add(sample.id)
                if wanted is not None and sample.id not in bases:
                    continue
                blob = _write(sample)
                file.write(blob)
                placed.append(_place(order_key(seed, benchmark, sample.id), offset, len(blob)))
                offset += len(blob)
            placed.sort()
            file.flush()
            drawn = cls(hasher.hexdigest(), *_reordered(file, placed, limit, wanted, numbered))
        if wanted is not None and len(drawn) < len(wanted):
            drawn.close()
            raise DataInvalid(
                f"{len(wanted) - len(drawn)} of {len(wanted)} samples of the set are not in '{benchmark}'",
                "the data changed since the set was saved; save a new one",
            )
        if not len(drawn):
            drawn.close()
            raise DataInvalid(f"benchmark '{benchmark}' holds no samples", "check its file")
        return drawn

    def __len__(self) -> int:
        return len(self._places) // 2

    def __getitem__(self, position: int) -> Sample:
        offset, size = self._places[2 * position], self._places[2 * position + 1]
        blob = os.pread(self._file.fileno(), size, offset)
        return _read(blob)

    def __iter__(self) -> Iterator[Sample]:
        for start in range(0, len(self), CHUNK):
            offset = self._places[2 * start]
            sizes = self._places[2 * start + 1 : 2 * (start + CHUNK) : 2]
            chunk = memoryview(os.pread(self._file.fileno(), sum(sizes), offset))
            for size in sizes:
                yield _read(chunk[:size])
                chunk = chunk[size:]

    def close(self) -> None:
        self._file.close()


def _temporary() -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="bakeoff-draw-", buffering=1 << 20)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make room, or set TMPDIR to a folder that has some"
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull("no space left for temporary files", hint) from None
        raise StoreUnreachable(f"no temporary file can be written ({error.strerror})", hint) from None


def _write(sample: Sample) -> bytes:
    """A sample as a pickled tuple: pickling the dataclass itself takes four times as long."""
    return pickle.dumps(_FIELDS(sample), protocol=pickle.HIGHEST_PROTOCOL)


def _read(blob: bytes | memoryview) -> Sample:
    return Sample(*pickle.loads(blob))  # our own, from a file that no one else can open


def _place(order: int, offset: int, size: int) -> int:
    """One number for each sample, which sorts as the shuffle: a third of the memory of a tuple."""
    return order << 96 | offset << 40 | size


def _reordered(
    file: IO[bytes], placed: Sequence[int], limit: int | None, wanted: set[str] | None, numbered: set[str]
) -> tuple[array[int], IO[bytes], list[str]]:
    """The chosen samples in a file of their own, in their order, so that reading them is sequential.

    Samples of one id stand side by side: the second is given the id "…#2", because identity is
    content and some files repeat themselves.
    """
    ordered = _temporary()
    places = array("Q")
    repeated = []
    offset = 0
    before, count = -1, 0
    with ExitStack() as undone:
        undone.callback(ordered.close)
        drawn = mmap(file.fileno(), 0, access=ACCESS_READ) if placed else b""  # a read for each would cost its call
        for place in placed:
            if limit is not None and len(places) >= 2 * limit:
                break
            count = count + 1 if place >> 96 == before else 1
            before = place >> 96
            start = place >> 40 & (1 << 56) - 1
            blob = drawn[start : start + (place & (1 << 40) - 1)]
            if count > 1 or wanted is not None:
                sample = _read(blob)
                while count > 1 and f"{sample.id}#{count}" in numbered:
                    count += 1  # that id is another sample's own
                named = replace(sample, id=f"{sample.id}#{count}") if count > 1 else sample
                if wanted is not None and named.id not in wanted:
                    continue
                blob = _write(named)
                if count > 1:
                    repeated.append(named.id)
            ordered.write(blob)
            places.extend((offset, len(blob)))
            offset += len(blob)
        ordered.flush()
        undone.pop_all()
    return places, ordered, repeated
