"""The files of a run against what they are to be, before anything is spent.

A hash that somebody pinned (the declaration of a benchmark, the hub's name of what it sent) is a condition:
another file is refused. One that was recorded when a file was fetched, checked or first used is a memory: a
change of it is told. A file is hashed once for each size and time it has (`data_index`), so a run
that knows its files pays a look at each. Example:

    compare_files([(ready.spec.benchmark, ready.benchmark, ready.files)], settings)    # cautions
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import bakeoff
from bakeoff.app.data import SplitFile, other_file, split_files
from bakeoff.app.data_index import DataIndex
from bakeoff.app.lint import Caution
from bakeoff.app.settings import Settings
from bakeoff.benchmarks import _hub
from bakeoff.core.errors import ConfigInvalid, DataInvalid
from bakeoff.core.protocols import Benchmark

Used = tuple[str, Benchmark, Sequence[Path]]  # a name, its benchmark, the files that were read of it
_OURS = Path(bakeoff.__file__).parent


def compare_files(used: Iterable[Used], settings: Settings) -> tuple[Caution, ...]:
    """What is odd about the files. Raises DataInvalid for one that is not the file that was pinned."""
    found: list[Caution] = []
    try:
        index = DataIndex(settings.home)
    except ConfigInvalid as error:
        index = DataIndex(None)
        found.append(Caution("data-index", "data", f"{error.message}, so no file is compared", error.hint or ""))
    try:
        for name, benchmark, paths in used:
            pinned = {each.path: each for each in split_files(benchmark, settings) if each.path is not None}
            for path in dict.fromkeys(paths):
                if _OURS not in path.parents:
                    found += _compare(name, path, pinned.get(path), index)
    finally:
        index.save()
    return tuple(dict.fromkeys(found))


def _compare(name: str, path: Path, listed: SplitFile | None, index: DataIndex) -> list[Caution]:
    wanted = _pinned(path, listed)
    try:
        actual = index.sha256(path)
        recorded = index.recorded(path)
        if recorded is None and wanted in (None, actual):
            index.record(path, actual)
        twins = index.twin_keys(path)
    except OSError as error:
        said = f"'{path}' cannot be compared with its hash ({error.strerror})"
        if wanted is not None:
            raise DataInvalid(said, "check the file and its rights") from None
        return [Caution("data-unread", name, said, "check the file and its rights")]
    if wanted is not None and wanted != actual:
        raise other_file(path, name, actual, wanted, fetched=listed is None or listed.file.hub_repo is not None)
    found = []
    if wanted is None and recorded not in (None, actual):
        said = f"'{path}' is not the file that was recorded (sha256 {actual[:12]}…, recorded {recorded:.12}…)"
        hint = f"restore it, or if the change is meant: bakeoff data check {name} --accept"
        found.append(Caution("data-changed", name, said, hint))
    if twins.count:
        found.append(twin_caution(name, path, twins.count, str(twins)))
    return found


def _pinned(path: Path, listed: SplitFile | None) -> str | None:
    """The hash that a file must have: of its declaration, or that of the hub, which names what it sends by it."""
    if listed is not None and listed.file.hub_repo is None:
        return listed.file.sha256
    return _hub.announced(path)


def twin_caution(name: str, path: Path, count: int, told: str) -> Caution:
    """Keys that stand twice in an object of a data file."""
    keys = "1 key stands" if count == 1 else f"{count:,} keys stand"
    hint = "keep one of the two: the last counts, the first is lost"
    return Caution("duplicate-keys", name, f"{keys} twice in an object of '{path}' ({told})", hint, count)
