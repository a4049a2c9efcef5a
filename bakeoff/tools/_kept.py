"""What tools said, kept in files: one each, named by its key, written beside its place and renamed.

A file that cannot be read counts as none. Example:

    Kept(home / "tools").keep("8c1f…", ToolResult("45"))
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import orjson

from bakeoff.core.errors import SystemFault
from bakeoff.core.tools import ToolResult


class Kept:
    """A ToolMemory in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, key: str) -> ToolResult | None:
        try:
            found = orjson.loads(self._place(key).read_bytes())
            text, success, seconds = found["text"], found["success"], found["seconds"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not isinstance(text, str) or not isinstance(seconds, int | float):
            return None
        return ToolResult(text, bool(success), float(seconds))

    def keep(self, key: str, result: ToolResult) -> None:
        """Raises SystemFault where nothing can be written."""
        place = self._place(key)
        body = {"text": result.text, "success": result.success, "seconds": result.seconds}
        beside = place.with_name(f"{place.name}.{os.getpid()}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(orjson.dumps(body))
            beside.replace(place)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise SystemFault(f"what a tool said cannot be kept in '{self._folder}' ({error.strerror})") from None

    def _place(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
