"""A scorer of the user's own, from a Python file: `--scorer path/to/file.py:ClassName`.

The class has `score(sample, extracted)`, which gives a number from 0 to 1, a bool, or a Score; it
may be async, and takes the spec's `options` as keyword arguments. It runs in a process of its own:
one that raises is a counted fault of its trial (`scorer-failed`), and one that hangs is killed after
`seconds` and started again, so neither costs the run. Licence: whatever the file's is. Printed
example: `Polite().score(sample, "Thank you!")` → 1.0.

    class Polite:
        def score(self, sample, extracted):
            return "thank" in extracted.lower()
"""

from __future__ import annotations

import asyncio
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from bakeoff.core.errors import ConfigInvalid, ScorerFailed
from bakeoff.core.types import Sample, Score

SECONDS = 10.0
START_SECONDS = 60.0  # its own imports may be heavy
TOLD_SECONDS = 3.0  # a file that takes longer to load is told
SLICE_SECONDS = 0.1  # how soon a wait ends that nobody needs any more
PROCESSES = 2
MAX_BYTES = 1_000_000


class Custom:
    """`name` is `path/to/file.py:ClassName`; the option `seconds` is the time for one answer."""

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        path, _, wanted = name.rpartition(":")
        self._path = Path(path).resolve()
        if not self._path.is_file():
            raise ConfigInvalid(f"no file '{path}' for the scorer '{name}'", "check the path")
        given = dict(options)
        seconds = given.pop("seconds", SECONDS)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 3600:
            raise ConfigInvalid(f"the scorer's 'seconds' cannot be {seconds!r}", "give from 0 to 3600")
        self._seconds = float(seconds)
        self._opening = orjson.dumps({"path": str(self._path), "class": wanted, "options": given})
        self._idle: queue.LifoQueue[_Host | None] = queue.LifoQueue()
        for _ in range(PROCESSES - 1):
            self._idle.put(None)
        self._idle.put(
            _Host(self._opening, self._path.name)
        )  # a file that cannot be loaded is told before anything is spent
        self._threads = ThreadPoolExecutor(PROCESSES, "custom-scorer")

    async def score(self, sample: Sample, extracted: str) -> Score:
        """Raises ScorerFailed. Where it is cancelled the process that works on it is killed: no exit waits for it."""
        fields = {**asdict(sample), "meta": dict(sample.meta), "fields": dict(sample.fields)}
        line = orjson.dumps({"sample": fields, "extracted": extracted}, default=str)
        given_up = threading.Event()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._ask, line, given_up)
        finally:
            given_up.set()

    def _ask(self, line: bytes, given_up: threading.Event) -> Score:
        host = self._idle.get()
        try:
            host = host or _Host(self._opening, self._path.name, given_up)
            reply = host.ask(line, self._seconds, given_up)
        except BaseException:
            if host is not None:
                host.kill()
            host = None
            raise
        finally:
            self._idle.put(host)
        if "error" in reply:
            raise ScorerFailed(f"'{self._path.name}': {str(reply['error'])[:500]}")
        return _score(reply, self._path.name)


def _score(reply: Mapping[str, object], name: str) -> Score:
    value, parts = reply.get("value"), reply.get("parts")
    if not isinstance(value, int | float) or not isinstance(parts, dict):
        raise ScorerFailed(f"'{name}' gave no score: a number from 0 to 1, a bool or a Score is expected")
    numbers = {str(key): float(part) for key, part in parts.items() if isinstance(part, int | float)}
    continuous = bool(reply.get("continuous")) or value not in (0, 1)
    return Score(float(value), str(reply.get("reason", ""))[:1000], numbers, continuous=continuous)


class _Host:
    """One process that runs the user's class. Lines of JSON go in, lines of JSON come out."""

    def __init__(self, opening: bytes, name: str, given_up: threading.Event | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bakeoff.scorers._custom_host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # what it starts is killed with it
        )
        self._rest = b""
        self._end = weakref.finalize(self, _end, self._process)
        telling = threading.Timer(TOLD_SECONDS, _tell_loading, (name,))
        telling.daemon = True
        telling.start()
        try:
            reply = self.ask(opening, START_SECONDS, given_up)
        except ScorerFailed as error:
            self.kill()
            raise ConfigInvalid(f"the scorer cannot be started ({error.message})", "correct the file") from None
        finally:
            telling.cancel()
        if "error" in reply:
            self.kill()
            raise ConfigInvalid(f"the scorer cannot be loaded ({str(reply['error'])[:300]})", "correct the file")

    def ask(self, line: bytes, seconds: float, given_up: threading.Event | None = None) -> dict[str, object]:
        """Raises ScorerFailed when it takes too long, or dies, or nobody waits for its answer."""
        until = time.monotonic() + seconds
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None and sink is not None
        written = memoryview(line + b"\n")
        os.set_blocking(sink.fileno(), False)
        os.set_blocking(source.fileno(), False)
        while b"\n" not in self._rest:
            left = until - time.monotonic()
            if left <= 0:
                raise ScorerFailed(f"the scorer took longer than {seconds:g} s and was ended")
            if given_up is not None and given_up.is_set():
                raise ScorerFailed("nobody waits for the scorer any more, and it was ended")
            readable, writable, _ = select.select([source], [sink] if written else [], [], min(left, SLICE_SECONDS))
            with suppress(BlockingIOError):
                if writable:
                    written = written[os.write(sink.fileno(), written[:65536]) :]
                if readable:
                    got = os.read(source.fileno(), 65536)
                    if not got:
                        raise ScorerFailed("the scorer's process ended")
                    self._rest += got
            if len(self._rest) > MAX_BYTES:
                raise ScorerFailed("the scorer gave more than 1 MB")
        reply, _, self._rest = self._rest.partition(b"\n")
        found = orjson.loads(reply)
        return found if isinstance(found, dict) else {}

    def kill(self) -> None:
        self._end()


def _tell_loading(name: str) -> None:
    print(f"the scorer's file '{name}' is still being loaded; it has {START_SECONDS:g} s", file=sys.stderr, flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a scorer's process and whatever it started, at once."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
