"""The members of a zip archive, also of one packed with Zstandard, which `zipfile` reads from Python 3.14 on only.

with Archive.open(Path("log.eval")) as archive: archive.read("header.json")
"""

from __future__ import annotations

import importlib
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from bakeoff.core.errors import DataInvalid, MissingExtra
from bakeoff.imports._reading import Place

LARGEST = 256 << 20  # bytes of one member, unpacked
_ZSTANDARD = 93  # APPNOTE.TXT 6.3.8, 4.4.5
_LOCAL_HEADER = 30
_HINT = "copy the file again, or make the log again"


class Archive:
    """An open archive; of members of one name the last counts, as it was written last."""

    def __init__(self, path: Path, file: BinaryIO, found: zipfile.ZipFile) -> None:
        self._path, self._file, self._zip = path, file, found
        self._members = {member.filename: member for member in found.infolist()}

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Raises DataInvalid when the file is no archive, or was cut."""
        file = path.open("rb")
        try:
            return cls(path, file, zipfile.ZipFile(file))
        except (zipfile.BadZipFile, OSError, ValueError, struct.error):
            file.seek(0)
            cut = file.read(4) == b"PK\x03\x04"
            file.close()
            what = "is a zip archive that was cut short" if cut else "is no zip archive"
            raise DataInvalid(
                f"'{path}' {what}", _HINT if cut else "name a log of inspect_ai, .eval or .json"
            ) from None

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> list[str]:
        return list(self._members)

    def read(self, name: str) -> bytes:
        """A member, unpacked. Raises DataInvalid, and MissingExtra where nothing here unpacks Zstandard."""
        member = self._members[name]
        place = Place(self._path, f"member '{name}'")
        if member.file_size > LARGEST:
            raise place.wrong(f"larger than {LARGEST >> 20} MB", "log fewer events, or images as files")
        try:
            if member.compress_type != _ZSTANDARD:
                return self._zip.read(member)
            found = _unpack(self._packed(member), member.file_size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error):
            raise place.wrong("cannot be unpacked", _HINT) from None
        if len(found) != member.file_size or zlib.crc32(found) != member.CRC:
            raise place.wrong("is not what was written", _HINT)
        return found

    def _packed(self, member: zipfile.ZipInfo) -> bytes:
        self._file.seek(member.header_offset)
        header = self._file.read(_LOCAL_HEADER)
        name, extra = struct.unpack("<HH", header[26:30])
        self._file.seek(name + extra, 1)
        return self._file.read(member.compress_size)


def _unpack(packed: bytes, size: int) -> bytes:
    """At most `size` bytes and one more of a Zstandard frame: what comes later is not what was announced."""
    try:
        decompressor: Callable[[], object] = importlib.import_module("compression.zstd").ZstdDecompressor
    except ImportError:
        return _unpack_by_arrow(packed, size)
    found: bytes = decompressor().decompress(packed, size + 1)  # type: ignore[attr-defined]
    return found


def _unpack_by_arrow(packed: bytes, size: int) -> bytes:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtra("what unpacks this .eval file (Zstandard)", "parquet") from None
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        return bytes(stream.read(size + 1))
