"""The journal: every completion is appended to a file the moment it arrives (law 2).

A record is in the file when `append` returns, so it outlives the process; the database gets it
soon after, and a segment all of whose records the database has is deleted. After a crash
`recover` returns what the database may lack; a torn record at the end of a segment is dropped and
owed again. One process holds a run's journal at a time. Example:

    with Journal.open(folder) as journal:
        for completion in journal.recover(): …
        journal.append(completion)
"""

from __future__ import annotations

import errno
import json
import os
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct
from types import TracebackType

import orjson

from bakeoff.core.errors import RunLocked, StoreError, StoreFull, StoreUnreachable
from bakeoff.core.timing import of_steps, steps
from bakeoff.core.types import Completion, TokenLogProb
from bakeoff.runner.locks import try_lock

SEGMENT_BYTES = 4 * 1024 * 1024
CUT_BYTES = 256 * 1024  # below that, cutting a segment off costs more than it gives back
RESERVE_BYTES = 4 * 1024 * 1024
_FRAME = Struct("<III")  # header bytes, raw bytes, crc32 of both
_OLDER = 13  # fields of a record of the first version; later ones added these, in this order
_ADDED = ((), None, "", None)  # gaps, cached tokens, thinking and its tokens
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Journal:
    """Append-only segments in one folder, under a lock."""

    def __init__(self, folder: Path, lock: int) -> None:
        self.folder = folder
        self.full = False  # the reserve was used: call `append` no more than for calls in flight
        self._lock = lock
        self._file: int | None = None
        self._rolled: deque[int] = deque()  # full segments that `sync` has yet to bring to the disk
        self._segment = max((int(path.stem) for path in folder.glob("*.journal")), default=0)
        self._size = 0
        self._owed: dict[int, int] = {}  # segment → records the database has not confirmed

    @classmethod
    def open(cls, folder: Path) -> Journal:
        """Take the folder for this process. Raises RunLocked, StoreUnreachable."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = try_lock(folder / "lock")
        except OSError as error:
            raise StoreUnreachable(
                f"the journal folder '{folder}' cannot be used ({error.strerror})", "set BAKEOFF_HOME"
            ) from None
        if lock is None:
            raise RunLocked(
                f"run '{folder.name.partition('-')[2]}' is being executed by another process", "wait for it, or end it"
            )
        return cls(folder, lock)

    def recover(self) -> Iterator[Completion]:
        """Every whole record of every segment, oldest segment first."""
        for path in sorted(self.folder.glob("*.journal")):
            yield from _read_segment(path)

    def discard(self) -> None:
        """Delete the segments of earlier processes, once the database has their records."""
        for path in self.folder.glob("*.journal"):
            path.unlink()

    def append(self, completion: Completion) -> int:
        """Write one record; returns its segment. Raises StoreFull when not even the reserve is left."""
        header = _header(completion)
        crc = zlib.crc32(completion.raw, zlib.crc32(header))
        record = _FRAME.pack(len(header), len(completion.raw), crc) + header + completion.raw
        try:
            self._write(record)
        except OSError as error:
            if error.errno not in _FULL:
                raise self._explained(error) from None
            self._use_reserve(record)
        self._owed[self._segment] = self._owed.get(self._segment, 0) + 1
        return self._segment

    def _write(self, record: bytes) -> None:
        if self._lock < 0:
            raise StoreUnreachable(f"the journal in '{self.folder}' is closed")
        if self._file is None or self._size > SEGMENT_BYTES:
            self._file = self._next_segment()
        written = os.write(self._file, record)
        if written < len(record):  # a short write is how a full disk begins: cut it off again
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, "short write")
        self._size += written

    def _next_segment(self) -> int:
        self._retire()
        self._segment += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self.folder / f"{self._segment:08d}.journal", flags, 0o600)
        self._size = 0
        self._keep_reserve()
        return self._file

    def _keep_reserve(self) -> None:
        """Hold back room for the calls in flight when the disk fills up."""
        reserve = os.open(self.folder / "reserve", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(reserve, 0, RESERVE_BYTES)
        finally:
            os.close(reserve)

    def _use_reserve(self, record: bytes) -> None:
        self.full = True
        (self.folder / "reserve").unlink(missing_ok=True)
        try:
            self._write(record)
        except OSError as error:
            raise self._explained(error) from None

    def confirm(self, segment: int, count: int) -> None:
        """The database has `count` more records of a segment; one that it has all of is given up."""
        left = self._owed.get(segment, 0) - count
        self._owed[segment] = left
        if left > 0:
            return
        if segment != self._segment or self._file is None:
            self._drop(segment)
        elif self._size >= CUT_BYTES:
            os.ftruncate(self._file, 0)
            self._size = 0

    def _drop(self, segment: int) -> None:
        self._owed.pop(segment, None)
        (self.folder / f"{segment:08d}.journal").unlink(missing_ok=True)

    def sync(self) -> None:
        """Bring the records to the disk itself: what a power cut may take is what came since.

        Raises StoreError. Called from a thread of its own, so the segment may just be rolling; it is
        never closed meanwhile, but for one that holds nothing any more.
        """
        file = self._file
        try:
            while self._rolled:
                rolled = self._rolled.popleft()
                try:
                    os.fdatasync(rolled)
                finally:
                    os.close(rolled)
            if file is not None:
                os.fdatasync(file)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise self._explained(error) from None

    def _explained(self, error: OSError) -> StoreError:
        if error.errno in _FULL:
            return StoreFull(f"no space left for the journal in '{self.folder}'", "make room, then resume")
        return StoreUnreachable(f"the journal in '{self.folder}' failed ({error.strerror})")

    def _retire(self) -> None:
        """End the current segment: closed now when nothing in it is owed, else once it is on the disk."""
        if self._file is None:
            return
        if self._owed.get(self._segment):
            self._rolled.append(self._file)
        else:
            self._drop(self._segment)
            os.close(self._file)
        self._file = None

    @property
    def unconfirmed(self) -> int:
        return sum(self._owed.values())

    def close(self) -> None:
        """Give the folder back; segments that are not confirmed stay, and are on the disk."""
        self._retire()
        with suppress(StoreError):  # the records are in the file; whoever closes has its own failure to tell
            self.sync()
        while self._rolled:
            os.close(self._rolled.popleft())
        (self.folder / "reserve").unlink(missing_ok=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _header(completion: Completion) -> bytes:
    fields = (
        completion.key.hex(),
        completion.text,
        completion.finish_reason,
        completion.prompt_tokens,
        completion.output_tokens,
        completion.cost,
        completion.queue_s,
        completion.first_token_s,
        completion.latency_s,
        completion.attempts,
        completion.finished_at,
        completion.model,
        [(item.token, item.logprob, item.top) for item in completion.logprobs],
        steps(completion.gaps),
        completion.cached_tokens,
        completion.thinking,
        completion.thinking_tokens,
    )
    try:
        return orjson.dumps(fields)
    except orjson.JSONEncodeError:  # half a surrogate pair, which some models write
        return json.dumps(fields).encode()


def _read_segment(path: Path) -> Iterator[Completion]:
    """Every whole record. What is torn or damaged is passed over, to the next place where a record is whole."""
    content = memoryview(path.read_bytes())
    place = 0
    while place + _FRAME.size <= len(content):
        header_size, raw_size, crc = _FRAME.unpack_from(content, place)
        start = place + _FRAME.size
        middle, end = start + header_size, start + header_size + raw_size
        if header_size > 0 and end <= len(content) and zlib.crc32(content[start:end]) == crc:
            yield _completion(bytes(content[start:middle]), bytes(content[middle:end]))
            place = end
        else:
            place += 1


def _completion(header: bytes, raw: bytes) -> Completion:
    try:
        told = orjson.loads(header)
    except orjson.JSONDecodeError:
        told = json.loads(header)
    told += _ADDED[len(told) - _OLDER :]
    key, *fields, model, found, gaps, cached_tokens, thinking, thinking_tokens = told
    logprobs = tuple(TokenLogProb(token, logprob, tuple((t, p) for t, p in top)) for token, logprob, top in found)
    completion = Completion(bytes.fromhex(key), *fields)
    completion.model, completion.raw, completion.logprobs = model, raw, logprobs
    completion.gaps, completion.cached_tokens = of_steps(gaps), cached_tokens
    completion.thinking, completion.thinking_tokens = thinking, thinking_tokens
    return completion
