"""What runs inside the sandbox: read a job, run the code, send back the values as JSON.

Not imported by Bakeoff: its text is given to a bare interpreter (`python -I -S -c`), so it uses the
standard library alone.
"""

import io
import json
import math
import os
import resource
import sys

LIMITS = {
    resource.RLIMIT_CPU: 8,
    resource.RLIMIT_AS: 512 << 20,
    resource.RLIMIT_FSIZE: 1 << 20,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NPROC: 16,  # of one user; the kernel does not hold root to it
}


def limit() -> None:
    for kind, most in LIMITS.items():
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def plain(value: object, depth: int = 0) -> object:
    """The value as JSON has it, and nothing that merely looks like one."""
    if depth > 50:
        raise ValueError("the result is nested too deeply")
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise ValueError("the result is not a finite number")
        return value
    # A Counter or a named tuple is read by the methods of dict and tuple, not by its own.
    if isinstance(value, list):
        return [plain(item, depth + 1) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return [plain(item, depth + 1) for item in tuple.__iter__(value)]
    if isinstance(value, dict) and all(type(key) is str for key in dict.__iter__(value)):
        return {key: plain(item, depth + 1) for key, item in dict.items(value)}
    raise TypeError(f"a result of type {type(value).__name__} is no JSON value")


def main() -> None:
    out = os.fdopen(os.dup(1), "w")
    job = json.load(sys.stdin)
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    sys.stdin, sys.stdout, sys.stderr = io.StringIO(), io.StringIO(), io.StringIO()
    limit()
    sys.setrecursionlimit(5000)
    try:
        space: dict[str, object] = {"__name__": "solution"}
        exec(compile(job["code"], "solution.py", "exec"), space)
        function = space.get(job["entry_point"])
        if not callable(function):
            raise NameError(f"no function '{job['entry_point']}' is defined")
        reply: dict[str, object] = {"values": [plain(function(*args)) for args in job["calls"]]}
        text = json.dumps(reply)
    except BaseException as error:
        text = json.dumps({"error": f"{type(error).__name__}: {error}"[:300]})
    out.write(text)
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
