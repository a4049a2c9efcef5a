"""The recorder: durable when it returns, in groups, and never stuck, whatever the store does."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bakeoff.core.errors import StoreBusy, StoreError, StoreFull, StoreUnreachable
from bakeoff.core.types import Completion, Outcome, Trial
from bakeoff.runner import recorder as module
from bakeoff.runner.journal import Journal
from bakeoff.runner.known import KnownKeys
from bakeoff.runner.recorder import Recorder
from tests.runner.fakes import completion, key_of

TOO_LONG = 10.0


class MemoryArchive:
    """An Archive in memory, which can block, fail, and note how it was asked."""

    def __init__(self) -> None:
        self.completions: dict[bytes, Completion] = {}
        self.trials: dict[tuple[int, str, int], Trial] = {}
        self.open = threading.Event()
        self.open.set()
        self.fault: Exception | None = None
        self.writes: list[int] = []
        self.finds: list[int] = []
        self.threads: set[str] = set()

    def _pass(self) -> None:
        self.threads.add(threading.current_thread().name.rpartition("_")[0])
        assert self.open.wait(TOO_LONG), "nobody opened the archive again"
        if self.fault is not None:
            raise self.fault

    def write(self, completions: Sequence[Completion], trials: Sequence[Trial]) -> None:
        self.writes.append(len(completions) + len(trials))
        self._pass()
        for one in completions:
            self.completions.setdefault(one.key, one)
        for trial in trials:
            self.trials[trial.cell, trial.sample_id, trial.repeat] = trial

    def keys(self, models: Sequence[str]) -> Iterator[bytes]:
        return iter(list(self.completions))

    def count(self, models: Sequence[str]) -> int:
        return len(self.completions)

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        self.finds.append(len(keys))
        self._pass()
        return {key: replace(self.completions[key], raw=b"") for key in keys if key in self.completions}


def trial(number: int) -> Trial:
    return Trial(1, str(number), 0, Outcome.CORRECT, value=1.0, keys=(key_of(number),))


class Scene:
    """A recorder at work on a journal of its own."""

    def __init__(self, folder: Path, known: KnownKeys | None = None) -> None:
        self.archive = MemoryArchive()
        self.journal = Journal.open(folder)
        self.recorder = Recorder(self.archive, self.journal, known)

    async def finish(self, writing: asyncio.Task[None]) -> None:
        self.archive.open.set()
        await self.recorder.close()
        await asyncio.wait_for(writing, TOO_LONG)
        self.recorder.release()


def at_work(folder: Path, work: Callable[[Scene], Awaitable[None]], known: KnownKeys | None = None) -> Scene:
    """Run `work` beside the recorder's own task; then close it as an execution does."""

    async def run() -> Scene:
        scene = Scene(folder, known)
        writing = asyncio.create_task(scene.recorder.run())
        try:
            await asyncio.wait_for(work(scene), TOO_LONG)
        finally:
            await scene.finish(writing)
            scene.journal.close()
        return scene

    return asyncio.run(run())


def leftovers(folder: Path) -> set[bytes]:
    with Journal.open(folder) as journal:
        return {one.key for one in journal.recover()}


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        for i in range(1000):
            await scene.recorder.completion(completion(i))
            await scene.recorder.trial(trial(i))

    scene = at_work(tmp_path, work)
    assert len(scene.archive.completions) == len(scene.archive.trials) == 1000
    assert (scene.recorder.failure, scene.journal.unconfirmed, leftovers(tmp_path)) == (None, 0, set())


def test_closing_at_once_ends_at_once(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        await asyncio.sleep(0)

    started = time.monotonic()
    assert at_work(tmp_path, work).archive.writes == []
    assert time.monotonic() - started < 1


def test_a_completion_is_in_the_journal_when_it_returns(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        scene.archive.open.clear()
        for i in range(3):
            await scene.recorder.completion(completion(i))
            assert [one.key for one in scene.journal.recover()] == [key_of(j) for j in range(i + 1)]
        assert scene.archive.completions == {}

    assert len(at_work(tmp_path, work).archive.completions) == 3


def test_rows_go_together_from_one_thread(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        for i in range(500):
            await scene.recorder.completion(completion(i))
            await scene.recorder.trial(trial(i))
            if i % 10 == 0:
                await asyncio.sleep(0.001)

    scene = at_work(tmp_path, work)
    assert sum(scene.archive.writes) == 1000
    assert len(scene.archive.writes) < 20
    assert scene.archive.threads == {"store-writer"}


def test_a_slow_store_costs_nothing_until_too_many_rows_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 100)
    done = 0
    workers, each = 10, 50

    async def work(scene: Scene) -> None:
        async def worker(first: int) -> None:
            nonlocal done
            for i in range(first, first + each):
                await scene.recorder.completion(completion(i))
                await scene.recorder.trial(trial(i))
                done += 1
                await asyncio.sleep(0)

        await scene.recorder.completion(completion(10_000))
        while not scene.archive.writes:
            await asyncio.sleep(0.01)
        scene.archive.open.clear()
        await scene.recorder.completion(completion(10_001))
        while len(scene.archive.writes) < 2:  # the archive is stuck in the second write
            await asyncio.sleep(0.01)
        tasks = [asyncio.create_task(worker(w * each)) for w in range(workers)]
        await asyncio.sleep(0.2)
        assert 40 <= done <= 50  # two rows each, and the last of each worker is not done
        scene.archive.open.set()
        await asyncio.gather(*tasks)
        assert done == workers * each

    scene = at_work(tmp_path, work)
    assert len(scene.archive.trials) == workers * each
    assert max(scene.archive.writes) <= 100 + 2 * workers


Make = Callable[[], Exception]
FAULTS: list[Make] = [
    lambda: StoreBusy("stayed locked"),
    lambda: StoreFull("no space left"),
    lambda: StoreUnreachable("gone"),
    lambda: OverflowError("a row that no database takes"),
]


@pytest.mark.parametrize("make", FAULTS)
@pytest.mark.parametrize("waiting", [5, 20])
def test_a_store_that_fails_stops_the_workers_and_keeps_every_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Make, waiting: int
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", waiting)
    stopped = 0

    async def work(scene: Scene) -> None:
        async def worker(first: int) -> None:
            nonlocal stopped
            for i in range(first, first + 1000):
                await scene.recorder.completion(completion(i))
                try:
                    await scene.recorder.trial(trial(i))
                except StoreError:
                    stopped += 1
                    return
                await asyncio.sleep(0.001)

        scene.archive.open.clear()
        scene.archive.fault = make()
        tasks = [asyncio.create_task(worker(w * 1000)) for w in range(8)]
        await asyncio.sleep(0.1)
        scene.archive.open.set()
        await asyncio.gather(*tasks)
        late = completion(99_999)  # a call that was under way meanwhile is paid for too
        await scene.recorder.completion(late)
        with pytest.raises(StoreError):
            await scene.recorder.trial(trial(99_999))
        with pytest.raises(StoreError):
            await scene.recorder.find(key_of(0))

    scene = at_work(tmp_path, work)
    assert stopped == 8
    assert isinstance(scene.recorder.failure, StoreError)
    kept = leftovers(tmp_path)
    assert key_of(99_999) in kept
    assert len(kept) == scene.journal.unconfirmed
    assert scene.archive.completions == {}


def test_a_failure_does_not_leave_the_last_answers_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer has ended, and then the calls in flight bring more rows than may wait."""
    monkeypatch.setattr(module, "MAX_WAITING", 10)

    async def work(scene: Scene) -> None:
        scene.archive.fault = StoreBusy("stayed locked")
        await scene.recorder.completion(completion(0))
        while scene.recorder.failure is None:
            await asyncio.sleep(0.01)
        for i in range(1, 30):
            await scene.recorder.completion(completion(i))
            with pytest.raises(StoreBusy):
                await asyncio.wait_for(scene.recorder.trial(trial(i)), 1)

    at_work(tmp_path, work)
    assert len(leftovers(tmp_path)) == 30


def test_a_full_journal_is_told_and_the_store_still_gets_the_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = os.write

    def full(file: int, content: bytes) -> int:
        if (tmp_path / "reserve").exists():
            raise OSError(errno.ENOSPC, "full")
        return written(file, content)

    async def work(scene: Scene) -> None:
        await scene.recorder.completion(completion(0))
        monkeypatch.setattr(os, "write", full)
        await scene.recorder.completion(completion(1))
        with pytest.raises(StoreFull, match=r"no space left for the journal in '.*': make room, then resume"):
            await scene.recorder.trial(trial(1))
        await scene.recorder.completion(completion(2))

    scene = at_work(tmp_path, work)
    assert set(scene.archive.completions) == {key_of(i) for i in range(3)}
    assert scene.journal.unconfirmed == 0


def test_a_disk_that_cannot_sync_is_a_failure_of_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SYNC_SECONDS", 0.0)

    def refuse(file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", refuse)

    async def work(scene: Scene) -> None:
        await scene.recorder.completion(completion(0))
        while scene.recorder.failure is None:
            await asyncio.sleep(0.01)
        with pytest.raises(StoreUnreachable, match="Input/output error"):
            await scene.recorder.trial(trial(0))

    assert set(at_work(tmp_path, work).archive.completions) == {key_of(0)}


def test_found_in_the_store_and_among_the_fresh(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        scene.archive.completions[key_of(1)] = completion(1)
        found = await scene.recorder.find(key_of(1))
        assert found is not None
        assert (found.text, found.cached) == ("Answer: 4", True)
        assert await scene.recorder.find(key_of(2)) is None
        scene.archive.open.clear()
        await scene.recorder.completion(completion(2))  # journalled, not yet in the store
        fresh = await scene.recorder.find(key_of(2))
        assert fresh is not None
        assert fresh.cached
        scene.archive.open.set()

    scene = at_work(tmp_path, work)
    assert not scene.archive.completions[key_of(2)].cached


def test_what_is_certainly_new_is_not_looked_up(tmp_path: Path) -> None:
    known = KnownKeys(100)

    async def work(scene: Scene) -> None:
        assert await scene.recorder.find(key_of(1)) is None
        await scene.recorder.completion(completion(1))
        while key_of(1) not in scene.archive.completions:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.02)
        assert scene.archive.finds == []
        assert await scene.recorder.find(key_of(1)) is not None
        assert scene.archive.finds == [1]

    at_work(tmp_path, work, known)


def test_look_ups_go_together(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        for i in range(0, 300, 2):
            scene.archive.completions[key_of(i)] = completion(i)
        found = await asyncio.gather(*(scene.recorder.find(key_of(i)) for i in range(300)))
        assert [one is not None for one in found] == [i % 2 == 0 for i in range(300)]
        assert len(scene.archive.finds) <= 2
        twice = await asyncio.gather(*(scene.recorder.find(key_of(0)) for _ in range(10)))
        assert all(one is not None for one in twice)
        assert scene.archive.finds[-1] == 1

    at_work(tmp_path, work)


@pytest.mark.parametrize("make", FAULTS)
def test_a_look_up_that_fails_is_told_to_all_who_wait(tmp_path: Path, make: Make) -> None:
    async def work(scene: Scene) -> None:
        scene.archive.fault = make()
        asked = [asyncio.create_task(scene.recorder.find(key_of(i % 10))) for i in range(20)]
        found = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 5)
        assert all(isinstance(one, StoreError) for one in found)
        assert isinstance(scene.recorder.failure, StoreError)

    at_work(tmp_path, work)


def test_a_cancelled_look_up_takes_no_other_with_it(tmp_path: Path) -> None:
    async def work(scene: Scene) -> None:
        scene.archive.completions[key_of(1)] = completion(1)
        scene.archive.open.clear()
        first, second = (asyncio.create_task(scene.recorder.find(key_of(1))) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0.05)
        scene.archive.open.set()
        found = await asyncio.wait_for(second, 5)
        assert found is not None
        assert first.cancelled()

    at_work(tmp_path, work)
