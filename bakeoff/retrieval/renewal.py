"""What a base holds after documents were read again: those with the id of one that it has take that one's place.

Lines with one id, read together, are parts of one document. One that is as it was keeps its chunks where they stand,
so that reading the same files again changes nothing. Pure. Example:

    renewed(list(old.chunks()), cut, {"paris"})     # (the chunks of the next generation, 1)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Set

from bakeoff.core.types import Json
from bakeoff.retrieval.chunks import distinct
from bakeoff.retrieval.documents import Chunk


def renewed(before: Iterable[Chunk], read: Iterable[Chunk], ids: Set[str]) -> tuple[list[Chunk], int]:
    """All chunks, and how many documents were replaced. `ids`: of documents that were read, with text or without."""
    old = [*before]
    new = [*read]
    kept, now = _by_document(old, ids), _by_document(new, ids)
    changed = {name for name, chunks in kept.items() if _told(chunks) != _told(now.get(name, []))}
    found: list[Chunk] = []
    placed: set[str] = set()
    for chunk in old:
        if chunk.document not in changed:
            found.append(chunk)
        elif chunk.document not in placed:
            placed.add(chunk.document)
            found += now.get(chunk.document, [])
    return distinct([*found, *(chunk for chunk in new if chunk.document not in kept)]), len(changed)


def _by_document(chunks: Iterable[Chunk], ids: Set[str]) -> dict[str, list[Chunk]]:
    found: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        if chunk.document in ids:
            found[chunk.document].append(chunk)
    return found


def _told(chunks: Iterable[Chunk]) -> list[Json]:
    """What a document says: its file may have another name, and its chunks' ids follow from the rest."""
    return [[one.text, one.start, one.tokens, one.title, one.section, one.url, dict(one.meta)] for one in chunks]
