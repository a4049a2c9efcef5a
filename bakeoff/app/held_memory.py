"""The memory that is held: by this process and its children, and on the GPU by torch's allocator and in all.

Read from the system and from the allocator, never computed. None: not known here. Example:

    before = held(); …; after = held()
    after.host, after.device, after.device_used
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from typing import Any

from bakeoff.runner import host_memory


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
    host_memory.begin_peak()
    cuda = _cuda()
    if cuda is not None:
        cuda.reset_peak_memory_stats()


def held() -> Held:
    """What is held now."""
    resident, peak = host_memory.resident(), host_memory.peak_with_children()
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
