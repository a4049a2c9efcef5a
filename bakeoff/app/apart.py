"""Work in a process of its own: what kills it (a segmentation fault, the system's out-of-memory killer) kills no more.

The results come one by one through a pipe. The process ends with its parent, however that ends; a Ctrl-C is the
parent's to pass on. Example:

    for told in each_apart(probe_all, ("transformers/models/a", "balanced")):
        …                                    # what probe_all yields; `Died` last where it did not come to its end
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

_PR_SET_PDEATHSIG = 1
_GRACE_S = 60.0
_ENDING = "finishing what the model's process is at; Ctrl-C again ends at once"
_OF_MEMORY = "it was killed, as the system does when memory runs out"


@dataclass(frozen=True, slots=True)
class Died:
    """The process ended before its work did."""

    said: str


@dataclass(frozen=True, slots=True)
class _Ended:
    """The work came to its end."""


def each_apart(work: Callable[..., Iterator[Any]], args: tuple[object, ...]) -> Iterator[Any]:
    """What `work(*args)` yields, in a new process; `Died` last where it died. Arguments and results are pickled.

    On Ctrl-C the process is asked to end (SIGINT), a line on stderr says so, it is waited for, and KeyboardInterrupt
    goes on; a second one ends it at once.
    """
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, work, args), daemon=True)
    process.start()
    there.close()
    try:
        yield from _received(here)
        process.join(_GRACE_S)
    except KeyboardInterrupt:
        _end(process.pid, process.join)
        raise
    except _NotWhole:
        process.join(_GRACE_S)
        yield Died(_told(process.exitcode))
    finally:
        if process.is_alive():
            process.kill()
            process.join()
        here.close()


class _NotWhole(Exception):
    """The pipe broke before the end was told."""


def _received(pipe: Connection) -> Iterator[Any]:
    while True:
        try:
            told = pipe.recv()
        except EOFError:
            raise _NotWhole from None
        if isinstance(told, _Ended):
            return
        yield told


def _end(pid: int | None, join: Callable[[float], None]) -> None:
    with suppress(ProcessLookupError, KeyboardInterrupt):
        if pid is not None:
            os.kill(pid, signal.SIGINT)
            with suppress(OSError):  # it ends also where nobody can be told
                print(_ENDING, file=sys.stderr, flush=True)
            join(_GRACE_S)


def _told(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"its process ended by {name}" + (f": {_OF_MEMORY}" if -code == signal.SIGKILL else "")
    return f"its process ended with exit code {code}"


def _work(pipe: Connection, work: Callable[..., Iterator[Any]], args: tuple[object, ...]) -> None:
    """In the new process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()
    for told in work(*args):
        pipe.send(told)
    pipe.send(_Ended())
    pipe.close()


def _end_with_parent() -> None:
    """A process that nobody reads holds a model and a lock for nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
