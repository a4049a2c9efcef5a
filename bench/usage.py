"""Run a module as `python -m` would, then print what this process used on stderr."""

from __future__ import annotations

import json
import resource
import runpy
import sys


def main() -> None:
    sys.argv = sys.argv[1:]
    code: object = 0
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as done:
        code = done.code
    used = resource.getrusage(resource.RUSAGE_SELF)
    usage = {"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    print(json.dumps(usage), file=sys.stderr)
    sys.exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main()
