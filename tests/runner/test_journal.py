"""The journal: what `append` returned for survives anything, and nothing else comes back."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from bakeoff.core.errors import RunLocked, StoreFull, StoreUnreachable
from bakeoff.core.types import Completion
from bakeoff.runner import journal as module
from bakeoff.runner.journal import Journal
from tests.runner.fakes import completion

Write = Callable[[int, bytes], int]
FRAME_BYTES = 12


def recovered(folder: Path) -> list[Completion]:
    with Journal.open(folder) as journal:
        return list(journal.recover())


def written(folder: Path, count: int) -> tuple[list[Completion], list[int]]:
    """A folder with one segment of `count` records, and where each of them ends."""
    rows = [completion(i) for i in range(count)]
    ends = []
    with Journal.open(folder) as journal:
        for row in rows:
            journal.append(row)
            ends.append(segment(folder).stat().st_size)
    return rows, ends


def segment(folder: Path) -> Path:
    [path] = folder.glob("*.journal")
    return path


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    rows, _ = written(tmp_path, 5)
    assert recovered(tmp_path) == rows


@pytest.mark.parametrize(
    "text", ["", "naïve – ✓ 🥐", "NUL \0 inside", "half \ud83e a pair", "\n\r\x00\x7f", "x" * 300_000]
)
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(completion(1, text))
        journal.append(completion(2))
    assert recovered(tmp_path) == [completion(1, text), completion(2)]


def test_times_between_tokens_come_back(tmp_path: Path) -> None:
    timed = replace(completion(1), gaps=(0.0121, 0.5), cached_tokens=7, thinking="Hm.", thinking_tokens=3)
    with Journal.open(tmp_path) as journal:
        journal.append(timed)
    assert recovered(tmp_path) == [timed]


@pytest.mark.parametrize("added", range(len(module._ADDED) + 1))
def test_a_record_of_an_older_version_comes_back(added: int) -> None:
    """Written before a completion had times between tokens, or thinking."""
    older = orjson.dumps(orjson.loads(module._header(completion(1)))[: module._OLDER + added])
    assert module._completion(older, completion(1).raw) == completion(1)


def test_an_empty_completion_comes_back(tmp_path: Path) -> None:
    bare = Completion(b"k" * 16, "")
    with Journal.open(tmp_path) as journal:
        journal.append(bare)
    assert recovered(tmp_path) == [bare]


def test_torn_at_every_byte_of_the_last_record(tmp_path: Path) -> None:
    rows, ends = written(tmp_path / "whole", 3)
    content = segment(tmp_path / "whole").read_bytes()
    assert len(content) == ends[2]
    folder = tmp_path / "torn"
    folder.mkdir()
    for cut in range(ends[1], ends[2] + 1):
        (folder / "00000001.journal").write_bytes(content[:cut])
        assert recovered(folder) == (rows if cut == ends[2] else rows[:2]), f"cut at byte {cut}"


def test_a_damaged_byte_costs_one_record_wherever_it_is(tmp_path: Path) -> None:
    rows, ends = written(tmp_path / "whole", 3)
    content = segment(tmp_path / "whole").read_bytes()
    folder = tmp_path / "damaged"
    folder.mkdir()
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        (folder / "00000001.journal").write_bytes(damaged)
        hit = sum(place >= end for end in ends)
        assert recovered(folder) == [row for i, row in enumerate(rows) if i != hit], f"byte {place}"


def test_a_torn_record_does_not_hide_the_next_segment(tmp_path: Path) -> None:
    written(tmp_path, 2)
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    with Journal.open(tmp_path) as journal:  # a second life after the crash, not yet recovered
        journal.append(completion(7))
    assert recovered(tmp_path) == [completion(0), completion(7)]


def test_a_flipped_byte_costs_one_record_and_invents_none(tmp_path: Path) -> None:
    rows, ends = written(tmp_path / "whole", 3)
    content = segment(tmp_path / "whole").read_bytes()
    folder = tmp_path / "flipped"
    folder.mkdir()
    for place in range(ends[0], ends[1]):
        for mask in (0x01, 0x80):
            flipped = bytearray(content)
            flipped[place] ^= mask
            (folder / "00000001.journal").write_bytes(flipped)
            found = recovered(folder)
            assert rows[1] not in found
            assert all(row in rows for row in found)
            in_lengths = place < ends[0] + FRAME_BYTES - 4
            assert found == ([rows[0]] if in_lengths and len(found) == 1 else [rows[0], rows[2]]), f"byte {place}"


@pytest.mark.parametrize("tail", [b"\xff" * 12, b"\xff" * 400, b"\0" * 12, b"\0" * 4096, b"\x10\0\0\0" + b"\xff" * 8])
def test_rubbish_at_the_end_is_no_record_and_takes_no_memory(tmp_path: Path, tail: bytes) -> None:
    rows, _ = written(tmp_path, 2)
    with segment(tmp_path).open("ab") as file:
        file.write(tail)
    tracemalloc.start()
    try:
        assert recovered(tmp_path) == rows
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


HOLDER = """
import sys
from dataclasses import replace
from pathlib import Path
from bakeoff.runner.journal import Journal
with Journal.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_held_by_another_process_until_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "1-mine")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(RunLocked, match="run 'mine' is being executed by another process: wait for it"):
            Journal.open(tmp_path / "1-mine")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with Journal.open(tmp_path / "1-mine") as journal:
        journal.append(completion(1))


def test_given_back_when_closed(tmp_path: Path) -> None:
    first = Journal.open(tmp_path)
    with pytest.raises(RunLocked):
        Journal.open(tmp_path)
    first.close()
    first.close()  # twice does no harm
    Journal.open(tmp_path).close()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnreachable, match=r"cannot be used \(Not a directory\): set BAKEOFF_HOME"):
        Journal.open(tmp_path / "file" / "1-run")


def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """One record fills a segment: the next one begins a new file."""
    monkeypatch.setattr(module, "SEGMENT_BYTES", 10)


def numbers(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("*.journal"))


def test_segments_go_when_the_database_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_segments(monkeypatch)
    with Journal.open(tmp_path) as journal:
        assert [journal.append(completion(i)) for i in range(4)] == [1, 2, 3, 4]
        assert (numbers(tmp_path), journal.unconfirmed) == ([1, 2, 3, 4], 4)
        journal.confirm(2, 1)
        assert numbers(tmp_path) == [1, 3, 4]
        journal.confirm(1, 1)
        journal.confirm(4, 1)
        assert (numbers(tmp_path), journal.unconfirmed) == ([3, 4], 1)  # 4 is still written to
        journal.append(completion(5))
        assert numbers(tmp_path) == [3, 5]
    assert [row.key for row in recovered(tmp_path)] == [completion(2).key, completion(5).key]


def test_a_segment_stays_until_all_of_it_is_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(tmp_path) as journal:
        for i in range(3):
            journal.append(completion(i))
        small_segments(monkeypatch)
        journal.append(completion(3))
        journal.confirm(1, 2)
        assert numbers(tmp_path) == [1, 2]
        journal.confirm(1, 1)
        assert numbers(tmp_path) == [2]


def test_a_confirmed_segment_gives_its_room_back_while_it_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CUT_BYTES", 1)
    with Journal.open(tmp_path) as journal:
        for i in range(3):
            journal.append(completion(i))
        journal.confirm(1, 2)
        assert segment(tmp_path).stat().st_size > 0
        journal.confirm(1, 1)
        assert segment(tmp_path).stat().st_size == 0
        journal.append(completion(3))
    assert recovered(tmp_path) == [completion(3)]


def test_a_segment_that_rolled_is_brought_to_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_segments(monkeypatch)
    synced: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.readlink(f"/proc/self/fd/{file}")))
    with Journal.open(tmp_path) as journal:
        for i in range(3):
            journal.append(completion(i))
        journal.sync()
        assert [Path(name).stem for name in synced] == ["00000001", "00000002", "00000003"]


def test_nothing_stays_when_all_is_confirmed(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(completion(1))
        journal.confirm(1, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_later_process_begins_a_new_segment(tmp_path: Path) -> None:
    written(tmp_path, 1)
    with Journal.open(tmp_path) as journal:
        assert journal.append(completion(9)) == 2
        assert [row.key for row in journal.recover()] == [completion(0).key, completion(9).key]


def test_discard_takes_what_earlier_processes_left(tmp_path: Path) -> None:
    written(tmp_path, 2)
    with Journal.open(tmp_path) as journal:
        assert len(list(journal.recover())) == 2
        journal.discard()
        assert journal.append(completion(3)) == 2
    assert recovered(tmp_path) == [completion(3)]


class Disk:
    """os.write of a disk with that many bytes left; freeing the reserve gives `reserve` more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int, reserve: int = 0, error: int = errno.ENOSPC) -> None:
        self.left = left
        self.reserve = reserve
        self.error = error
        self._write: Write = os.write
        self._unlink = Path.unlink
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(Path, "unlink", lambda path, missing_ok=False: self.unlink(path, missing_ok))

    def write(self, file: int, content: bytes) -> int:
        if self.left <= 0:
            raise OSError(self.error, os.strerror(self.error))
        fitting = content[: self.left]
        self.left -= len(fitting)
        return self._write(file, fitting)

    def unlink(self, path: Path, missing_ok: bool) -> None:
        if path.name == "reserve" and path.exists():
            self.left += self.reserve
        self._unlink(path, missing_ok=missing_ok)


@pytest.mark.parametrize("left", [0, 1, FRAME_BYTES, 100])
def test_a_full_disk_leaves_the_reserve_for_the_calls_in_flight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(completion(0))
        assert journal.full is False
        assert (tmp_path / "reserve").stat().st_size == module.RESERVE_BYTES
        Disk(monkeypatch, left, reserve=10_000)
        for i in range(1, 5):
            journal.append(completion(i))
        assert (journal.full, journal.unconfirmed) == (True, 5)
        assert not (tmp_path / "reserve").exists()
    assert recovered(tmp_path) == [completion(i) for i in range(5)]


def test_a_disk_without_any_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(completion(0))
        disk = Disk(monkeypatch, 50)
        with pytest.raises(StoreFull, match=r"no space left for the journal in '.*': make room, then resume"):
            journal.append(completion(1))
        assert (journal.full, journal.unconfirmed) == (True, 1)
        disk.left = 10_000  # somebody made room: half a record must not stand in the way
        journal.append(completion(2))
    assert recovered(tmp_path) == [completion(0), completion(2)]


def test_no_room_for_the_reserve_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(file: int, offset: int, size: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with Journal.open(tmp_path) as journal:
        journal.append(completion(0))
        assert journal.full
    assert recovered(tmp_path) == [completion(0)]


def test_another_fault_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal.open(tmp_path) as journal:
        journal.append(completion(0))
        Disk(monkeypatch, 0, error=errno.EIO)
        with pytest.raises(StoreUnreachable, match=r"the journal in '.*' failed \(Input/output error\)"):
            journal.append(completion(1))
        assert not journal.full
    assert recovered(tmp_path) == [completion(0)]


def test_sync_says_what_the_disk_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter([errno.ENOSPC, errno.EIO])

    def refuse(file: int) -> None:
        code = next(codes)
        raise OSError(code, os.strerror(code))

    with Journal.open(tmp_path) as journal:
        journal.sync()  # nothing yet
        journal.append(completion(0))
        journal.sync()
        monkeypatch.setattr(os, "fdatasync", refuse)
        with pytest.raises(StoreFull):
            journal.sync()
        with pytest.raises(StoreUnreachable):
            journal.sync()
        monkeypatch.undo()


def test_closed_means_closed(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    journal.append(completion(0))
    journal.close()
    with pytest.raises(StoreUnreachable, match="is closed"):
        journal.append(completion(1))
    assert recovered(tmp_path) == [completion(0)]
