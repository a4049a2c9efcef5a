"""The data behind benchmarks: where it is, what is in it, fetching it, checking it. Behind `bakeoff data`.

statuses(settings)              a row for each benchmark, no file read twice
summary("gsm8k", settings)      splits, targets, lengths, twins, an item
fetch("gsm8k", settings)        from the hub at the pinned revision, hashed
check("gsm8k", settings)        every row, every hash, the lint
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Literal

from bakeoff.app import wiring
from bakeoff.app.data_index import DataIndex
from bakeoff.app.own_benchmarks import kept_names, members
from bakeoff.app.settings import Settings
from bakeoff.benchmarks import BENCHMARKS, _hub
from bakeoff.benchmarks._files import DataFile, DataHome
from bakeoff.core.errors import BakeoffError, DataInvalid, DataMissing
from bakeoff.core.protocols import Benchmark
from bakeoff.core.types import Json

Status = Literal["local", "cached", "shipped", "missing", "own", "broken"]


@dataclass(frozen=True, slots=True)
class SplitFile:
    """One file of a split: where it lies, if it does."""

    split: str
    file: DataFile
    status: Status
    path: Path | None = None


@dataclass(slots=True)
class Fetched:
    """One file that `fetch` looked at."""

    benchmark: str
    split: str
    path: Path
    sha256: str
    bytes: int
    fetched: bool


@dataclass(slots=True)
class Listed:
    """One line of the listing: of a benchmark's default split; `splits` has the others."""

    name: str
    status: Status
    licence: str = ""
    rows: int | None = None
    bytes: int | None = None
    sha256: str | None = None
    split: str = ""
    path: str | None = None
    about: str = ""
    splits: list[dict[str, Json]] = field(default_factory=list)


def names(settings: Settings) -> list[str]:
    """Every benchmark that has a name here."""
    return [*BENCHMARKS.names(), *(name for name in kept_names(settings.home) if name not in BENCHMARKS.targets())]


def statuses(settings: Settings) -> list[Listed]:
    """A row for each benchmark. Looks only: nothing is fetched, and no row is read."""
    index = DataIndex(settings.home)
    found = [_listed(name, settings, index) for name in names(settings)]
    index.save()
    return found


def _listed(name: str, settings: Settings, index: DataIndex) -> Listed:
    try:
        benchmark = wiring.build_benchmark(name, settings)
        found = split_files(benchmark, settings)
    except BakeoffError as error:  # one that cannot be loaded is no reason to show none
        return Listed(name, "broken", about=str(error))
    listed = Listed(name, "own", benchmark.source.licence, split=benchmark.default_split)
    listed.splits = [_split_json(each, index) for each in found]
    mine = [each for each in found if each.split == benchmark.default_split]
    if mine:
        listed.status = next((each.status for each in mine if each.status == "missing"), mine[0].status)
        rows = [_rows(each, index) for each in mine]
        listed.rows = sum(row for row in rows if row is not None) if None not in rows else None
        present = [each.path for each in mine if each.path is not None]
        parts = [part for each in mine if each.path is not None for part in index.parts(each.path, each.split)]
        listed.bytes = sum(part.stat().st_size for part in parts) if parts else None
        listed.path = str(present[0]) if present else None
        listed.sha256 = index.digest(parts) if parts else None
    return listed


def _rows(each: SplitFile, index: DataIndex) -> int | None:
    return index.rows(each.path, each.split) if each.path is not None else None


def _split_json(each: SplitFile, index: DataIndex) -> dict[str, Json]:
    path = each.path
    parts = index.parts(path, each.split) if path is not None else []
    return {
        "split": each.split,
        "status": each.status,
        "path": str(path) if path else None,
        "files": len(parts),
        "bytes": sum(part.stat().st_size for part in parts) if parts else None,
        "rows": _rows(each, index),
        "sha256": index.digest(parts) if parts else None,
        "hub": f"{each.file.hub_repo}/{each.file.hub_path}@{each.file.hub_revision}" if each.file.hub_repo else None,
    }


def split_files(benchmark: Benchmark, settings: Settings) -> list[SplitFile]:
    """The files of a benchmark's splits; none for one that reads its items elsewhere."""
    table = getattr(benchmark, "files", {})
    home = wiring.data_home(settings)
    found: list[SplitFile] = []
    for split, listed in table.items() if isinstance(table, Mapping) else ():
        for file in [listed] if isinstance(listed, DataFile) else listed:
            if not file.local:
                path = Path(str(files("bakeoff.benchmarks") / "suites" / f"{benchmark.name}.jsonl"))
                found.append(SplitFile(split, file, "shipped", path if path.is_file() else None))
                continue
            located = home.locate(file)
            if located is None:
                folder = _folder(home, file)
                found.append(SplitFile(split, file, "local" if folder else "missing", folder))
            else:
                where: Status = "local" if Path(file.local[0]).is_absolute() else located[1]
                found.append(SplitFile(split, file, where, located[0]))
    return found


def _folder(home: DataHome, file: DataFile) -> Path | None:
    """The folder that a table of files names in place of a file."""
    places = [home.local / relative for relative in file.local] if home.local is not None else []
    return next((place for place in places if place.is_dir()), None)


def fetch_all(names: Sequence[str], settings: Settings, force: bool = False) -> Iterator[Fetched]:
    """`fetch` for each of the names; of a group what is on the hub. Raises as that."""
    for asked in names:
        for name in members(asked, settings.home):
            if name == asked or _on_hub(name, settings):
                yield from fetch(name, settings, force)


def _on_hub(name: str, settings: Settings) -> bool:
    try:
        found = split_files(wiring.build_benchmark(name, settings), settings)
    except BakeoffError:  # one that cannot be loaded is no reason to fetch none
        return False
    return any(each.file.hub_repo is not None for each in found)


def fetch(name: str, settings: Settings, force: bool = False) -> Iterator[Fetched]:
    """Bring the files of a benchmark from the hub; one that is here is left alone.

    Raises DataMissing, DataInvalid, MissingExtra.
    """
    benchmark = wiring.build_benchmark(name, settings)
    found = split_files(benchmark, settings)
    wanted = [each for each in found if each.file.hub_repo is not None]
    if not wanted:
        if found and all(each.status == "shipped" for each in found):
            raise DataMissing(f"benchmark '{name}' is shipped with Bakeoff", "there is nothing to fetch")
        where = next((each.file.local[0] for each in found if each.file.local), name)
        raise DataMissing(
            f"benchmark '{name}' names no file on the hub",
            f"put '{where}' into a folder and set BAKEOFF_DATA to it",
        )
    home = replace(wiring.data_home(settings), local=None)
    index = DataIndex(settings.home)
    for each in wanted:
        if each.path is not None and not force:
            yield _fetched(name, each.split, each.path, index, False)
            continue
        old = _cached(home.cache, each.file)
        if old is not None and force:
            _hub.remove(old)
        path = home.fetch(name, each.file)
        told = _fetched(name, each.split, path, index, True)
        if index.recorded(path) is None:
            index.record(path, told.sha256)
        index.save()
        _compare(path, index.recorded(path), told.sha256, name)
        yield told


def _cached(cache: Path, file: DataFile) -> Path | None:
    return _hub.cached(cache / "hub", file.hub_repo or "", file.hub_path or "", file.hub_revision)


def _fetched(name: str, split: str, path: Path, index: DataIndex, fetched: bool) -> Fetched:
    return Fetched(name, split, path, index.sha256(path), path.stat().st_size, fetched)


def _compare(path: Path, recorded: str | None, actual: str, name: str) -> None:
    """Raise DataInvalid when a file is not what it was."""
    if recorded is not None and recorded != actual:
        raise DataInvalid(
            f"'{path}' is not the file that was recorded (sha256 {actual[:12]}…, recorded {recorded[:12]}…)",
            f"restore it, or if the change is meant: bakeoff data check {name} --accept",
        )


def compare_hash(path: Path, file: DataFile, index: DataIndex, name: str, accept: bool = False) -> None:
    """Compare a file with its recorded hash, and record it the first time. Raises DataInvalid when they differ."""
    actual = index.sha256(path)
    own = file.sha256 if file.hub_repo is None else None  # that of the hub is of the hub's file
    if own is not None and own != actual:
        raise other_file(path, name, actual, own)
    if accept or index.recorded(path) is None:
        index.record(path, actual)
    _compare(path, index.recorded(path), actual, name)
    if not _hub.intact(path):
        raise other_file(path, name, actual, fetched=True)


def other_file(path: Path, name: str, actual: str, wanted: str = "", fetched: bool = False) -> DataInvalid:
    """The error for a file that is not the pinned one: of the hub where it was `fetched`, else of a declaration."""
    found = f"sha256 {actual[:12]}…" + (f", wanted {wanted[:12]}…" if wanted else "")
    if fetched:
        return DataInvalid(
            f"'{path}' is not what the hub sent ({found})", f"fetch it again: bakeoff data fetch {name} --force"
        )
    return DataInvalid(
        f"'{path}' is not the file that '{name}' was declared for ({found})",
        "restore it, or add it again with: bakeoff data add … --replace; to go on with it as it is, take its"
        " 'sha256' out of the declaration",
    )
