"""Work that dies on the way, for tests of processes apart. It imports nothing, so such a process begins at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator


def die(how: str) -> Iterator[int]:
    """Yields 1, then ends its process: by "signal", by "exit", or not at all and yields 2."""
    yield 1
    if how == "signal":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        os._exit(7)
    yield 2
