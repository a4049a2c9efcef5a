"""Takes completions and trials as they come and brings them to the store in groups.

A completion is journalled before `completion` returns. Rows are written by one thread while the
next ones gather, so a slow database costs nothing until `MAX_WAITING` rows wait; then the workers
wait too. Look-ups by key gather in the same way. When the database fails, `failure` is set and
every later call raises it: what was journalled stays in the journal. `known` saves the look-up of keys
that are certainly new.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from bakeoff.core.errors import StoreError, StoreFull
from bakeoff.core.protocols import Archive
from bakeoff.core.types import Completion, Trial
from bakeoff.runner.journal import Journal
from bakeoff.runner.known import KnownKeys

MAX_WAITING = 4096
GATHER_SECONDS = 0.05
FIND_SECONDS = 0.002
SYNC_SECONDS = 1.0


class Recorder:
    """TrialSink and cache of one execution. `run` must be under way while others call it."""

    def __init__(self, archive: Archive, journal: Journal, known: KnownKeys | None = None) -> None:
        self._archive = archive
        self._journal = journal
        self._known = known
        self.failure: StoreError | None = None
        self._completions: list[tuple[int, Completion]] = []
        self._trials: list[Trial] = []
        self._fresh: dict[bytes, Completion] = {}  # journalled, not yet found by the database
        self._wanted: dict[bytes, asyncio.Future[Completion | None]] = {}
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._closing = asyncio.Event()
        self._finder: asyncio.Task[None] | None = None
        self._writer = ThreadPoolExecutor(1, "store-writer")
        self._reader = ThreadPoolExecutor(1, "store-reader")

    async def completion(self, completion: Completion) -> None:
        """Journal a completion, queue it for the store. Raises StoreError."""
        segment = self._journal.append(completion)
        self._completions.append((segment, completion))
        self._fresh[completion.key] = completion
        if self._known is not None:
            self._known.add(completion.key)
        self._note_waiting()
        if self._journal.full and self.failure is None:
            self._fail(
                StoreFull(f"no space left for the journal in '{self._journal.folder}'", "make room, then resume")
            )

    async def trial(self, trial: Trial) -> None:
        """Queue a trial for the store; waits while too many rows wait. Raises StoreError."""
        self._trials.append(trial)
        self._note_waiting()
        if not self._drained.is_set():
            await self._drained.wait()
        if self.failure is not None:
            raise self.failure

    def _note_waiting(self) -> None:
        self._wake.set()
        if len(self._completions) + len(self._trials) >= MAX_WAITING and self.failure is None:
            self._drained.clear()

    async def find(self, key: bytes) -> Completion | None:
        """The stored completion of that key. Look-ups made while one is under way go together."""
        if self.failure is not None:
            raise self.failure
        if self._known is not None and key not in self._known:
            return None
        fresh = self._fresh.get(key)
        if fresh is not None:
            return replace(fresh, cached=True)
        future = self._wanted.get(key)
        if future is not None:
            return await asyncio.shield(future)
        future = self._wanted[key] = asyncio.get_running_loop().create_future()
        if self._finder is None:
            self._finder = asyncio.create_task(self._find_wanted())
        return await asyncio.shield(future)

    async def _find_wanted(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._wanted:
                await asyncio.sleep(FIND_SECONDS)
                batch, self._wanted = self._wanted, {}
                try:
                    found = await loop.run_in_executor(self._reader, self._archive.find, list(batch))
                except Exception as error:
                    failure = self._fail(error)
                    for future in batch.values():
                        future.set_exception(failure)
                    continue
                for key, future in batch.items():
                    completion = found.get(key)
                    if completion is not None:
                        completion.cached = True
                    future.set_result(completion)
        finally:
            self._finder = None

    async def run(self) -> None:
        """Write groups until `close`; returns early, with `failure` set, when the store fails."""
        loop = asyncio.get_running_loop()
        synced = loop.time()
        while not (self._closing.is_set() and not self._completions and not self._trials):
            if not self._completions and not self._trials:
                await self._wake.wait()
                with suppress(TimeoutError):
                    async with asyncio.timeout(GATHER_SECONDS):
                        await self._closing.wait()
            self._wake.clear()
            if not await self._write_group():
                return
            if loop.time() - synced > SYNC_SECONDS:
                try:
                    await loop.run_in_executor(self._writer, self._journal.sync)
                except StoreError as error:
                    self._fail(error)
                synced = loop.time()

    async def _write_group(self) -> bool:
        completions, self._completions = self._completions, []
        trials, self._trials = self._trials, []
        if not completions and not trials:
            return True
        loop = asyncio.get_running_loop()
        rows = [completion for _, completion in completions]
        try:
            await loop.run_in_executor(self._writer, self._archive.write, rows, trials)
        except Exception as error:
            self._fail(error)
            return False
        for completion in rows:
            self._fresh.pop(completion.key, None)
        for segment, count in Counter(segment for segment, _ in completions).items():
            self._journal.confirm(segment, count)
        self._drained.set()
        return True

    def _fail(self, error: Exception) -> StoreError:
        if not isinstance(error, StoreError):  # a row that no database takes: a defect, but no reason to hang
            error = StoreError(f"the store refused a row ({type(error).__name__}: {error})")
        self.failure = self.failure or error
        self._drained.set()
        return error

    async def close(self) -> None:
        """Let `run` write what waits and end."""
        self._closing.set()
        self._wake.set()

    def release(self) -> None:
        """End the threads; call when `run` has returned."""
        self._writer.shutdown(wait=True)
        self._reader.shutdown(wait=True)
