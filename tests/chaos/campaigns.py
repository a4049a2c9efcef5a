"""A campaign in a process that kills itself: before or after the write with a given number, or after a given call.

    python -m tests.chaos.campaigns before 7 campaign night.yaml

Where it dies does not depend on time or load, so every place can be tried. A number of 0 never dies; then the last
line on stderr says how many writes there were.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from bakeoff.cli.main import main


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wrap(when: str, number: int) -> None:
    """Count the renames by which files come to stand under their names."""
    rename = Path.replace
    seen = [0]

    def counted(self: Path, target: Path) -> Path:
        if not self.name.endswith(".partial"):
            return rename(self, target)
        seen[0] += 1
        if when == "before" and seen[0] == number:
            die()
        found = rename(self, target)
        if when == "after" and seen[0] == number:
            die()
        print(f"writes {seen[0]} {target}", file=sys.stderr)
        return found

    Path.replace = counted  # type: ignore[assignment, method-assign] # what a test is for


if __name__ == "__main__":
    wrap(sys.argv[1], int(sys.argv[2]))
    main(sys.argv[3:])
