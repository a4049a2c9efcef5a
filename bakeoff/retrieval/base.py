"""A knowledge base on disk: chunks, their vectors, a BM25 index, and a manifest that says how they were made.

    NAME/base.json                      the manifest; names the generation that holds
    NAME/<generation>/chunks.jsonl      one chunk a line
    NAME/<generation>/offsets.npy       where each line begins
    NAME/<generation>/vectors.npy       float32, a row a chunk
    NAME/<generation>/bm25/

A new generation is written beside the old one and named at the end, by a rename: whoever reads sees one or the
other, whole. Example:

    base = KnowledgeBase.open(home / "knowledge" / "wiki")
    base.chunk(7).text
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from bakeoff.core.errors import DataInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.types import Json
from bakeoff.retrieval.chunks import Cut
from bakeoff.retrieval.documents import Chunk

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

MANIFEST = "base.json"
EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Manifest:
    """How a base was made. `index`: "exact", or where a Qdrant is; `digest`: of ids and texts of all chunks."""

    name: str
    embedder: str
    embedder_identity: str
    dimensions: int
    chunk_size: int
    overlap: int
    index: str
    documents: int
    chunks: int
    tokens: int
    sources: tuple[str, ...]
    digest: str
    generation: str
    created_at: float
    embedder_key_env: str = ""  # variables that hold keys, where there are any; never the keys
    index_key_env: str = ""

    @property
    def identity(self) -> str:
        """What passages found in it depend on, besides query and way of search."""
        parts = [self.digest[:12], self.embedder_identity, f"{self.chunk_size}/{self.overlap}"]
        return "/".join([*parts, *([] if self.index == EXACT else ["qdrant"])])


class KnowledgeBase:
    """One generation of a base, read as it is needed."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.folder = folder / manifest.generation

    @classmethod
    def open(cls, folder: Path) -> KnowledgeBase:
        """Raises DataInvalid when its manifest or a file of it is broken, FileNotFoundError when there is none."""
        manifest = read_manifest(folder)
        base = cls(folder, manifest)
        for name in ("chunks.jsonl", "offsets.npy", "vectors.npy"):
            if not (base.folder / name).is_file():
                raise DataInvalid(
                    f"knowledge base '{manifest.name}' lacks its file '{name}'",
                    f"remove it (bakeoff kb remove {manifest.name}) and add its documents again",
                )
        return base

    def chunk(self, row: int) -> Chunk:
        start, end = int(self._offsets[row]), int(self._offsets[row + 1])
        with (self.folder / "chunks.jsonl").open("rb") as file:
            file.seek(start)
            return Chunk(**orjson.loads(file.read(end - start)))

    def chunks(self) -> Iterator[Chunk]:
        with (self.folder / "chunks.jsonl").open("rb") as file:
            for line in file:
                yield Chunk(**orjson.loads(line))

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each chunk, by its id."""
        return {chunk.id: row for row, chunk in enumerate(self.chunks())}

    @cached_property
    def _offsets(self) -> NDArray[int64]:
        import numpy as np

        offsets: NDArray[int64] = np.load(self.folder / "offsets.npy")
        return offsets


def read_manifest(folder: Path) -> Manifest:
    """Raises DataInvalid, FileNotFoundError."""
    told = (folder / MANIFEST).read_bytes()
    try:
        fields = orjson.loads(told)
        return Manifest(**(fields | {"sources": tuple(fields["sources"])}))
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise DataInvalid(
            f"'{folder / MANIFEST}' is not what 'bakeoff kb add' writes ({error})",
            f"remove it (bakeoff kb remove {folder.name}) and add its documents again",
        ) from None


def content_digest(chunks: Sequence[Chunk]) -> str:
    told: list[Json] = [[chunk.id, chunk.text, chunk.title, chunk.section] for chunk in chunks]
    return digest(told)


def new_generation(folder: Path, generation: str, chunks: Sequence[Chunk], vectors: NDArray[float32]) -> Path:
    """Write chunks and vectors where the generation will be; nothing reads it before `name_generation`."""
    import numpy as np

    place = folder / f"{generation}.new"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    offsets = [0]
    with (place / "chunks.jsonl").open("wb") as file:
        for chunk in chunks:
            offsets.append(offsets[-1] + file.write(orjson.dumps(chunk.as_json()) + b"\n"))
    np.save(place / "offsets.npy", np.asarray(offsets, np.int64))
    np.save(place / "vectors.npy", vectors)
    return place


def name_generation(folder: Path, manifest: Manifest) -> None:
    """From here on this generation, written by `new_generation`, is the base; older ones are removed."""
    final = folder / manifest.generation
    shutil.rmtree(final, ignore_errors=True)  # of a try that was killed before it was named
    (folder / f"{manifest.generation}.new").rename(final)
    write_manifest(folder, manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Say which generation is the base, at once, and remove the others."""
    written = folder / f"{MANIFEST}.new"
    with written.open("wb") as file:
        file.write(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    written.rename(folder / MANIFEST)
    for other in folder.iterdir():
        if other.is_dir() and other.name != manifest.generation:
            shutil.rmtree(other, ignore_errors=True)


def cut_of(manifest: Manifest) -> Cut:
    return Cut(manifest.chunk_size, manifest.overlap)
