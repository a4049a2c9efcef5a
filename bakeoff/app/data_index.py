"""What is known of data files: their hash and their rows, so that a listing reads no file twice.

Kept in BAKEOFF_HOME/data-index.json. A hash is computed again when size or time of a file changed; the
*recorded* one is what the file was when it was fetched or first checked, and does not change by itself.
Example: `index.sha256(path)`, `index.recorded(path)`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from bakeoff.app.writing import write_whole
from bakeoff.benchmarks._hub import sha256
from bakeoff.benchmarks._twin_keys import TwinKeys, twin_keys
from bakeoff.core.errors import ConfigInvalid


class DataIndex:
    def __init__(self, home: Path | None) -> None:
        """Of a home; None is an index that is kept nowhere.

        Raises ConfigInvalid on a file that is no index: what it recorded is not to be lost in silence.
        """
        self._file = home / "data-index.json" if home is not None else None
        self._entries: dict[str, dict[str, Any]] = {}
        self._changed = False
        if self._file is not None:
            self._entries = _read(self._file)

    def parts(self, path: Path, split: str) -> list[Path]:
        """The files that a split is read from, as far as is known: those that were opened when it was last checked."""
        known = [Path(part) for part in self._entry(path).get("parts", {}).get(split, ())]
        present = [part for part in known if part.is_file()]
        if path.is_dir():
            return present or sorted(found for found in path.rglob("*") if found.is_file())
        return present or [path]

    def keep_parts(self, path: Path, split: str, parts: Sequence[Path]) -> None:
        if len(parts) > 1:
            self._entry(path).setdefault("parts", {})[split] = [os.path.abspath(part) for part in parts]
            self._changed = True

    def digest(self, parts: Sequence[Path]) -> str:
        """The hash of a file, or of the hashes of several."""
        hashes = [self.sha256(part) for part in parts]
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()

    def sha256(self, path: Path) -> str:
        """The hash of a file as it is now. Raises OSError."""
        entry = self._entry(path)
        if "sha256" not in entry:
            entry["sha256"] = sha256(path)
            self._changed = True
        return str(entry["sha256"])

    def rows(self, path: Path, split: str) -> int | None:
        """The rows of a file, where somebody counted them since it changed."""
        found = self._entry(path).get("rows", {}).get(split)
        return found if isinstance(found, int) else None

    def count(self, path: Path, split: str, rows: int) -> None:
        self._entry(path).setdefault("rows", {})[split] = rows
        self._changed = True

    def twin_keys(self, path: Path) -> TwinKeys:
        """The keys that stand twice in an object of a JSON file. Raises OSError."""
        entry = self._entry(path)
        if "twin_keys" not in entry:
            found = twin_keys(path)
            entry["twin_keys"] = [found.count, list(found.first)]
            self._changed = True
        count, first = entry["twin_keys"]
        return TwinKeys(count, tuple((line, key) for line, key in first))

    def recorded(self, path: Path) -> str | None:
        found = self._entry(path).get("recorded")
        return found if isinstance(found, str) else None

    def record(self, path: Path, digest: str) -> None:
        self._entry(path)["recorded"] = digest
        self._changed = True

    def _entry(self, path: Path) -> dict[str, Any]:
        """What is known of a file or folder as it is now; what was known of another content is dropped."""
        about = path.stat()
        now = {"size": about.st_size, "mtime_ns": about.st_mtime_ns}
        key = os.path.abspath(path)
        entry = self._entries.get(key)
        if entry is None or any(entry.get(name) != value for name, value in now.items()):
            kept = {"recorded": entry["recorded"]} if entry and "recorded" in entry else {}
            entry = self._entries[key] = {**now, **kept}
        return entry

    def save(self) -> None:
        """Keep it, where the home can be written; a listing has to work where it cannot."""
        if not self._changed or self._file is None:
            return
        with suppress(OSError, ConfigInvalid):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._file, [orjson.dumps(self._entries, option=orjson.OPT_INDENT_2)])
            self._changed = False


def _read(file: Path) -> dict[str, dict[str, Any]]:
    hint = "delete it; hashes are then recorded anew by 'bakeoff data check all'"
    try:
        return _checked(orjson.loads(file.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigInvalid(f"'{file}' cannot be read ({error.strerror})", hint) from None
    except (orjson.JSONDecodeError, TypeError, ValueError, AttributeError):
        raise ConfigInvalid(f"'{file}' is broken", hint) from None


def _checked(value: object) -> dict[str, dict[str, Any]]:
    """The entries, each field of the kind that is read from it. Raises TypeError, ValueError, AttributeError."""
    if not isinstance(value, dict) or not all(isinstance(entry, dict) for entry in value.values()):
        raise TypeError("no index")
    for entry in value.values():
        for parts in entry.get("parts", {}).values():
            [Path(part) for part in parts]
        entry.get("rows", {}).items()
        count, first = entry.get("twin_keys", (0, ()))
        if count != int(count) or any(not isinstance(key, str) or line != int(line) for line, key in first):
            raise TypeError("no index")
    return value
