"""Vectors in Qdrant: a server by its URL, or a local folder (https://qdrant.tech, client Apache-2.0).

A collection for each generation of a base; points are numbered as the chunks are. What was sent before a fault
stays there, and the next try sends the rest. Example:

    with Qdrant.open("http://127.0.0.1:6333") as index:
        index.upload("bakeoff-wiki-3f0c", vectors, progress)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bakeoff.core.errors import MissingExtra, RetrievalFailed
from bakeoff.retrieval.dense import Found
from bakeoff.retrieval.vectors import Progress

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

AT_ONCE = 500
SECONDS = 30
Result = TypeVar("Result")


class Qdrant:
    """One Qdrant; `collection` is what `nearest` asks."""

    def __init__(self, where: str, key: str | None = None, collection: str = "") -> None:
        """`where`: a URL, or the path of a folder. Raises MissingExtra, RetrievalFailed."""
        try:
            from qdrant_client import QdrantClient, models
        except ImportError:
            raise MissingExtra("the client of Qdrant", "qdrant") from None
        self._where = where
        self._models = models
        self._collection = collection
        if where.startswith(("http://", "https://")):
            made = lambda: QdrantClient(url=where, api_key=key, timeout=SECONDS, check_compatibility=False)  # noqa: E731
        else:
            made = lambda: QdrantClient(path=where, force_disable_check_same_thread=True)  # noqa: E731
        self._client: Any = self._said(made)

    @classmethod
    @contextmanager
    def open(cls, where: str, key: str | None = None) -> Iterator[Qdrant]:
        """One that answers; so a server that is down is told before anything is embedded for it."""
        opened = cls(where, key)
        try:
            opened._said(opened._client.get_collections)
            yield opened
        finally:
            opened.close()

    def close(self) -> None:
        self._client.close()

    def upload(self, collection: str, vectors: NDArray[float32], progress: Progress) -> None:
        """Make the collection hold these vectors; those that it has already are not sent again."""
        there = self._said(lambda: self._client.collection_exists(collection))
        if not there:
            self._said(lambda: self._make(collection, vectors.shape[1]))
        there_already = int(self._said(lambda: self._client.count(collection).count))
        start = there_already // AT_ONCE * AT_ONCE  # a group may have been cut
        while start < len(vectors):
            group = vectors[start : start + AT_ONCE]
            ids = list(range(start, start + len(group)))
            self._said(partial(self._send, collection, ids, group))
            start += len(group)
            progress(start, len(vectors))

    def _make(self, collection: str, size: int) -> None:
        kind = self._models.Distance.DOT  # of vectors of length 1: the cosine
        self._client.create_collection(collection, vectors_config=self._models.VectorParams(size=size, distance=kind))

    def _send(self, collection: str, ids: list[int], group: NDArray[float32]) -> None:
        points = self._models.Batch(ids=ids, vectors=group.tolist())
        self._client.upsert(collection, points=points, wait=True)

    def nearest(self, vector: NDArray[float32], count: int) -> list[Found]:
        points = self._said(
            lambda: (
                self._client.query_points(
                    self._collection, query=vector.tolist(), limit=count, with_payload=False
                ).points
            )
        )
        found = [(int(point.id), float(point.score)) for point in points]
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def drop(self, prefix: str, keep: str = "") -> None:
        """Remove the collections of a base, but one."""
        told = self._said(lambda: self._client.get_collections().collections)
        for name in (one.name for one in told):
            if name.startswith(prefix) and name != keep:
                self._said(partial(self._client.delete_collection, name))

    def _said(self, ask: Callable[[], Result]) -> Result:
        """What Qdrant said, or RetrievalFailed: its client has no error that all of its faults share."""
        try:
            return ask()
        except Exception as error:
            why = " ".join(str(error).split())[:200] or type(error).__name__
            raise RetrievalFailed(
                f"Qdrant at '{self._where}' cannot be asked ({why})",
                "start it (or end who uses the folder), then repeat the command; what was sent is kept",
            ) from None
