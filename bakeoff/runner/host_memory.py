"""Resident memory of this process and of those it started, as Linux tells it; None where there is no /proc.

Of a child only what it shares with nobody counts: forked processes share most of their pages. Example:

    begin_peak(); …; resident(), peak()
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
_KIB = 1024


def resident(proc: Path = PROC) -> int | None:
    """Bytes at this moment, children included."""
    own = _pages(proc / "self")
    if own is None:
        return None
    page = os.sysconf("SC_PAGE_SIZE")
    pages = own[0]
    for child in _descendants(proc, proc / "self"):
        found = _pages(child)
        pages += max(0, found[0] - found[1]) if found is not None else 0
    return pages * page


def begin_peak(proc: Path = PROC) -> bool:
    """Let `peak` begin anew; False where the system does not let us."""
    try:
        (proc / "self" / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak(proc: Path = PROC) -> int | None:
    """The most that this process alone held since `begin_peak`, in bytes."""
    return _high_water(proc / "self")


def peak_with_children(proc: Path = PROC) -> int | None:
    """That and the most that each child held since it began: together they may have held less at any one time."""
    own = peak(proc)
    return own and own + sum(_high_water(child) or 0 for child in _descendants(proc, proc / "self"))


def _high_water(process: Path) -> int | None:
    with suppress(OSError, ValueError):
        for line in (process / "status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIB
    return None


def _pages(process: Path) -> tuple[int, int] | None:
    """Resident pages, and how many of them are shared with files or others; None for a process that is gone."""
    with suppress(OSError, ValueError, IndexError):
        fields = (process / "statm").read_text(encoding="ascii").split()
        return int(fields[1]), int(fields[2])
    return None


def _descendants(proc: Path, process: Path) -> Iterator[Path]:
    with suppress(OSError):  # a thread that ended between two looks
        for thread in (process / "task").iterdir():
            for child in (thread / "children").read_text(encoding="ascii").split():
                yield proc / child
                yield from _descendants(proc, proc / child)
