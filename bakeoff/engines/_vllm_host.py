"""The process of vLLM as this process sees it: started, asked, and gone for certain when it is closed.

vLLM takes 20 seconds and more to start, writes to stdout, and keeps GPU memory until its processes end. So it has a
process group of its own, which is killed: memory that no process holds is free. What it writes is kept in a file,
and where it fails the cause is found there. Example:

    host = Host("qwen3-8b", launch(used, settings, folder))
    host.ready.result()                   # None, or the error that says why it did not start
    host.submit(job); job.reply.result(); host.close()
"""

from __future__ import annotations

import atexit
import itertools
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import orjson

from bakeoff.core.errors import BadResponse, BakeoffError, EngineError, Unavailable
from bakeoff.core.types import Json
from bakeoff.engines._vllm_messages import error_of, is_memory, load_error, reason_in, short

_PATIENCE_S = 20.0
_GRACE_S = 3.0
_LOG_MOST = 4 << 20
_BACKEND = re.compile(r"Using (\w+)(?: attention)? backend")


class Job:
    """One call: cancelling `reply` takes it out of vLLM's queue."""

    def __init__(self, message: dict[str, Json]) -> None:
        self.message = message
        self.reply: Future[dict[str, Any]] = Future()


class Host:
    """One process of vLLM, from its start to `close` or the exit of the interpreter."""

    def __init__(self, name: str, first: dict[str, Json], command: tuple[str, ...] = ()) -> None:
        self._name = name
        self.facts: dict[str, Json] = {}
        self.ready: Future[BakeoffError | None] = Future()  # loaded, or why not
        self.hits = [0, 0]  # tokens of prompts that the prefix cache held, and all
        self._jobs: dict[int, Job] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._gone: BakeoffError | None = None
        self._log = nameless_file()
        ours, theirs = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*(command or (sys.executable, "-m", "bakeoff.engines._vllm_child")), str(theirs)],
                stdin=subprocess.PIPE,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(theirs,),
                start_new_session=True,  # Ctrl-C is for this process, which then closes that one
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        atexit.register(self.close)
        self._send(first)
        self._thread = threading.Thread(target=self._read, args=(os.fdopen(ours, "rb"),), name="vllm", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process, and the group of all that it started."""
        return self._process.pid

    def submit(self, job: Job) -> None:
        """Send a call; blocks until the process has taken it."""
        number = next(self._numbers)
        with self._lock:
            if self._gone is None:
                self._jobs[number] = job
        if self._gone is not None:
            _fail(job, self._gone)
            return
        job.reply.add_done_callback(lambda reply: self._take_back(number) if reply.cancelled() else None)
        self._send({"id": number, **job.message})

    def _take_back(self, number: int) -> None:
        with self._lock:
            known = self._jobs.pop(number, None)
        if known is not None:
            self._send({"id": number, "cancel": True})

    def _send(self, message: dict[str, Json]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        line = orjson.dumps(message) + b"\n"
        with suppress(OSError, ValueError), self._lock:  # gone: the reader finds that out and says why
            stdin.write(line)
            stdin.flush()

    def _read(self, source: IO[bytes]) -> None:
        try:
            with source:
                for line in source:
                    self._hear(orjson.loads(line))
        except (ValueError, KeyError) as error:  # no line of ours: whatever comes next cannot be trusted either
            self._end(BadResponse(f"the process of vLLM said something else than a reply ({error!s:.120})"))
        self._ended()

    def _hear(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            self.facts = {**message["ready"], "attention": self._backend()}
            self._settle(None)
            return
        if "id" not in message:
            said = str(message.get("failed"))
            self._settle(load_error(self._name, said if is_memory(said) else self._reason(said)))
            return
        with self._lock:
            job = self._jobs.pop(message["id"], None)
        if job is None:
            return
        if message.get("dead"):
            # No reply will ever come again. The cause stands in the log; the next call starts a new process.
            cause = error_of({"kind": "engine", "said": self._reason(str(message["failed"]["said"]))})
            _fail(job, cause)
            self._end(cause)
            self._kill()
        elif "failed" in message:
            _fail(job, error_of(message["failed"]))
        else:
            self.hits[0] += message.get("cached_tokens") or 0
            self.hits[1] += message.get("prompt_tokens") or 0
            with suppress(InvalidStateError):  # cancelled meanwhile
                job.reply.set_result(message)

    def _ended(self) -> None:
        """The process is gone, or has closed its side."""
        self._kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)
        killed = max(0, -(self._process.returncode or 0))
        why = f"it ended with signal {killed}" if killed else "it ended"
        last = short(self._reason("it said nothing"), 160)
        if not self.ready.done():
            self._settle(load_error(self._name, last, killed))
        self._end(Unavailable(f"the process of vLLM is gone ({why}; {last})"))

    def _end(self, cause: BakeoffError) -> None:
        with self._lock:
            self._gone = self._gone or cause
            left, self._jobs = list(self._jobs.values()), {}
        for job in left:
            _fail(job, self._gone)

    @property
    def gone(self) -> bool:
        """Whether no call can be answered any more."""
        return self._gone is not None

    def _settle(self, failure: EngineError | None) -> None:
        with suppress(InvalidStateError):
            self.ready.set_result(failure)

    def _reason(self, otherwise: str) -> str:
        text = self._told()
        return reason_in(text) if text.strip() else otherwise

    def _backend(self) -> str:
        found = _BACKEND.search(self._told())
        return found[1] if found else "auto"

    def _told(self) -> str:
        """What vLLM's processes wrote, the end of it where it is much. The file's own place is left alone."""
        try:
            size = os.fstat(self._log).st_size
            return os.pread(self._log, _LOG_MOST, max(0, size - _LOG_MOST)).decode(errors="replace")
        except (OSError, ValueError):  # closed
            return ""

    def _kill(self) -> None:
        """End the group: asked first, so that Python's tracker, which does not listen, removes the shared memory."""
        for sent, wait in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, 0.0)):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, sent)
            until = time.monotonic() + wait
            while self._left() and time.monotonic() < until:
                time.sleep(0.02)

    def _left(self) -> bool:
        """Whether a process of the group is left; the first of them is ours to bury."""
        self._process.poll()
        return group_lives(self._process.pid)

    def close(self) -> None:
        """Fail the calls in flight and end all of vLLM's processes. Returns when they are gone."""
        atexit.unregister(self.close)
        closed = Unavailable("the engine was closed during the call")
        self._settle(closed)
        self._end(closed)
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(OSError):
                stdin.close()  # it ends by itself, which leaves less behind
        if self.facts and threading.current_thread() is not self._thread:  # nothing to sweep up before it runs
            self._thread.join(_PATIENCE_S)
        self._kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE_S)
        until = time.monotonic() + _PATIENCE_S
        while self._left() and time.monotonic() < until:
            time.sleep(0.02)
        if threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE_S)
        log, self._log = self._log, -1
        if log >= 0:
            os.close(log)


def nameless_file() -> int:
    """The descriptor of a new file that is gone with it."""
    descriptor, path = tempfile.mkstemp(prefix="bakeoff-vllm-")
    Path(path).unlink()
    return descriptor


def group_lives(group: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _fail(job: Job, error: BakeoffError) -> None:
    with suppress(InvalidStateError):
        job.reply.set_exception(error.with_traceback(None))
