"""Run a module as `python -m` would, then print what this process used on stderr."""

from __future__ import annotations

import json
import resource
import runpy
import sys
from pathlib import Path


def _peak_mb() -> float:
    """Peak resident memory of this program. `ru_maxrss` would begin with that of its parent."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    sys.argv = sys.argv[1:]
    code: object = 0
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as done:
        code = done.code
    used = resource.getrusage(resource.RUSAGE_SELF)
    usage = {"cpu": used.ru_utime + used.ru_stime, "peak_mb": _peak_mb()}
    print(json.dumps(usage), file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main()
