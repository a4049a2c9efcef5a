"""Makes a knowledge base of documents, or adds to one: cut, embed, index, name.

What costs is the embedding, and that is kept by content (`vectors.py`): the same command after `kill -9` goes on
where it was, and a base of other chunks pays only for texts that no base had. A document with the id of one that is
there takes its place. Example:

    grow(folder, documents, Recipe("minilm", embedder), cache, progress)
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bakeoff.core.embedding import Embedder
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest, text_digest
from bakeoff.retrieval.base import (
    EXACT,
    KnowledgeBase,
    Manifest,
    content_digest,
    name_generation,
    new_generation,
    write_manifest,
)
from bakeoff.retrieval.chunks import MARKS, Cut, chunks
from bakeoff.retrieval.documents import Chunk, Document
from bakeoff.retrieval.lexical import Bm25
from bakeoff.retrieval.renewal import renewed
from bakeoff.retrieval.tokens import readable
from bakeoff.retrieval.vectors import Progress, VectorCache

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

SOURCES_TOLD = 1000
HARDLY = 0.8  # share of tokens that stand for no known word


@runtime_checkable
class Limited(Protocol):
    """An embedder that can tell which share of a text's tokens its model does not know."""

    def unknown(self, text: str) -> float: ...


class Uploader(Protocol):
    """An index elsewhere that takes the vectors of a generation."""

    def upload(self, collection: str, vectors: NDArray[float32], progress: Progress) -> None: ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a base is made: by which embedder (its name and itself), in which cuts, indexed where."""

    embedder_name: str
    embedder: Embedder
    cut: Cut = field(default_factory=Cut)
    index: str = EXACT
    uploader: Uploader | None = None
    embedder_key_env: str = ""
    index_key_env: str = ""


@dataclass(slots=True)
class Tally:
    """What was read: documents with and without text, those read twice, those that took the place of another.

    `unknown`: chunks of them that hold hardly a word which the embedder knows.
    """

    documents: int = 0
    empty: int = 0
    twice: int = 0
    replaced: int = 0
    unknown: int = 0
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0


def grow(
    folder: Path, documents: Iterable[Document], recipe: Recipe, cache: Path, progress: Progress
) -> tuple[Manifest, Tally]:
    """Add documents to the base in `folder`, which is made where there is none.

    Raises ConfigInvalid when nothing has text, and when the base was made by another recipe.
    """
    old = KnowledgeBase.open(folder) if (folder / "base.json").is_file() else None
    if old is not None:
        refuse_other(old.manifest, recipe)
    tally = Tally()
    began = time.monotonic()
    before = list(old.chunks()) if old is not None else []
    ids: set[str] = set()
    read = _cut(documents, recipe, tally, ids)
    found, tally.replaced = renewed(before, read, ids)
    if not found:
        raise ConfigInvalid(
            f"there is nothing to read: {tally.documents:,} documents, none of them with text",
            "name files with text in them",
        )
    vectors = _embedded(found, recipe, cache, progress, tally)
    tally.chunks = len(found)
    manifest = _manifest(folder.name, found, recipe, old.manifest if old else None)
    if old is None or found != before:
        if old is not None and old.manifest.generation == manifest.generation:  # it is not written over
            manifest = replace(manifest, generation=digest([chunk.as_json() for chunk in found])[:12])
        place = new_generation(folder, manifest.generation, found, vectors)
        Bm25.build([searched(chunk) for chunk in found], place / "bm25")
        _upload(manifest, recipe, vectors, progress)
        name_generation(folder, manifest)
    else:
        manifest = replace(manifest, generation=old.manifest.generation)
        _upload(manifest, recipe, vectors, progress)
        write_manifest(folder, manifest)
    tally.seconds = time.monotonic() - began
    return manifest, tally


def _upload(manifest: Manifest, recipe: Recipe, vectors: NDArray[float32], progress: Progress) -> None:
    if recipe.uploader is not None:
        recipe.uploader.upload(collection_of(manifest), vectors, progress)


def refuse_other(manifest: Manifest, recipe: Recipe) -> None:
    """Raise ConfigInvalid, with both names, unless a base was made by this recipe."""
    name = manifest.name
    hint = f"leave the flag out, or choose another name than '{name}'"
    if manifest.embedder_identity != recipe.embedder.identity:
        raise ConfigInvalid(
            f"knowledge base '{name}' was embedded by '{manifest.embedder}' ({manifest.embedder_identity}),"
            f" not by '{recipe.embedder_name}' ({recipe.embedder.identity}): their vectors cannot be compared",
            hint,
        )
    if (manifest.chunk_size, manifest.overlap) != (recipe.cut.size, recipe.cut.overlap):
        raise ConfigInvalid(
            f"knowledge base '{name}' has chunks of {manifest.chunk_size} tokens that share {manifest.overlap},"
            f" not {recipe.cut.size} and {recipe.cut.overlap}",
            hint,
        )
    if manifest.index != recipe.index:
        raise ConfigInvalid(f"knowledge base '{name}' is indexed in '{manifest.index}', not '{recipe.index}'", hint)


def cautions(recipe: Recipe, tally: Tally) -> list[str]:
    """What is odd about a recipe, or about what was read by it, but no fault."""
    window = recipe.embedder.window + MARKS
    found = []
    if recipe.cut.size > window:
        found.append(
            f"chunks of {recipe.cut.size} tokens are longer than the {window} that '{recipe.embedder_name}' reads at"
            " once: each is embedded in parts, and its vector is their mean"
        )
    if tally.unknown:
        found.append(
            f"{tally.unknown:,} of the chunks read hold hardly a word that '{recipe.embedder_name}' knows: a search by"
            " meaning will not find them; make the base with an --embedder of their language, or use search=bm25"
        )
    return found


def searched(chunk: Chunk) -> str:
    """The words of a chunk that BM25 finds it by."""
    return "\n".join(part for part in (chunk.title, chunk.section, chunk.text) if part)


def collection_of(manifest: Manifest) -> str:
    return f"bakeoff-{manifest.name}-{manifest.generation}"


def _cut(documents: Iterable[Document], recipe: Recipe, tally: Tally, ids: set[str]) -> list[Chunk]:
    """The chunks of documents; `ids` takes those of documents that have one."""
    found: list[Chunk] = []
    seen: set[str] = set()
    for document in documents:
        tally.documents += 1
        if document.key in seen:
            tally.twice += 1
            continue
        seen.add(document.key)
        if document.id:
            ids.add(document.id)
        pieces = list(chunks(document, recipe.embedder, recipe.cut))
        tally.empty += not pieces
        tally.unknown += sum(_is_unknown(chunk, recipe.embedder) for chunk in pieces)
        found += pieces
    return found


def _is_unknown(chunk: Chunk, embedder: Embedder) -> bool:
    return isinstance(embedder, Limited) and embedder.unknown(readable(chunk.text, embedder)) > HARDLY


def _embedded(
    found: Sequence[Chunk], recipe: Recipe, cache: Path, progress: Progress, tally: Tally
) -> NDArray[float32]:
    embedder = recipe.embedder
    folder = cache / text_digest(embedder.identity)

    def counted(done: int, of: int) -> None:
        tally.embedded = done
        progress(done, of)

    with VectorCache.open(folder, embedder.dimensions) as kept:
        return kept.fill([readable(chunk.text, embedder) for chunk in found], embedder.embed, counted)


def _manifest(name: str, found: Sequence[Chunk], recipe: Recipe, old: Manifest | None) -> Manifest:
    content = content_digest(found)
    sources = dict.fromkeys(chunk.source for chunk in found if chunk.source)
    return Manifest(
        name=name,
        embedder=recipe.embedder_name,
        embedder_identity=recipe.embedder.identity,
        dimensions=recipe.embedder.dimensions,
        chunk_size=recipe.cut.size,
        overlap=recipe.cut.overlap,
        index=recipe.index,
        documents=len({chunk.document for chunk in found}),
        chunks=len(found),
        tokens=sum(chunk.tokens for chunk in found),
        sources=tuple(sources)[:SOURCES_TOLD],
        digest=content,
        generation=content[:12],
        created_at=old.created_at if old else time.time(),
        embedder_key_env=recipe.embedder_key_env,
        index_key_env=recipe.index_key_env,
    )
