"""The memory that is held: by this process and its children, and on the GPU by torch's allocator and in all.

Read from the system and from the allocator, never computed. None: not known here. Example:

    before = held(); …; after = held()
    after.host, after.device, after.device_used
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROC = Path("/proc")
_KIB = 1024


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes. `host`: resident, of the process and its children, `host_peak` the most since `begin_peak`.

    `device`: what torch's allocator has given out, `device_peak` the most that it has taken from the driver since
    `begin_peak`; `device_used` and `device_total` are the driver's, of all processes.
    """

    host: int | None
    host_peak: int | None = None
    device: int | None = None
    device_peak: int | None = None
    device_used: int | None = None
    device_total: int | None = None


def begin_peak() -> None:
    """Forget the peaks so far, where the system lets us."""
    with suppress(OSError):
        (_PROC / "self" / "clear_refs").write_text("5", encoding="ascii")
    cuda = _cuda()
    if cuda is not None:
        cuda.reset_peak_memory_stats()


def held() -> Held:
    """What is held now."""
    own = _PROC / "self"
    resident, peak = _status(own, "VmRSS:"), _status(own, "VmHWM:")
    if resident is not None:
        for child in _descendants(own):
            resident += _status(child, "VmRSS:") or 0
            peak = (peak or 0) + (_status(child, "VmHWM:") or 0)
    cuda = _cuda()
    if cuda is None:
        return Held(resident, peak)
    free, total = cuda.mem_get_info()
    return Held(
        resident,
        peak,
        cuda.memory_allocated(),
        cuda.max_memory_reserved(),
        device_used=total - free,
        device_total=total,
    )


def _cuda() -> Any:
    """torch.cuda, where something in this process has begun to use it."""
    if "torch" not in sys.modules:
        return None
    cuda = importlib.import_module("torch").cuda
    return cuda if cuda.is_initialized() else None


def _status(process: Path, field: str) -> int | None:
    """A field of /proc/PID/status in bytes; None where there is no such process or no /proc."""
    with suppress(OSError, ValueError):
        for line in (process / "status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * _KIB
    return None


def _descendants(process: Path) -> Iterator[Path]:
    with suppress(OSError):
        for task in (process / "task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                yield _PROC / child
                yield from _descendants(_PROC / child)
