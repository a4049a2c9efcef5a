"""Knowledge bases by their names: making, listing, opening and removing them, and searching one.

They lie in `$BAKEOFF_HOME/knowledge/NAME`; what was embedded in `$BAKEOFF_HOME/cache/vectors`. Example:

    made = add(Wish("wiki", (Path("wiki.jsonl"),)), settings, progress)
    finder = open_finder("wiki", settings, Looking("hybrid"))
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import cast

from bakeoff.app.settings import Settings, secret
from bakeoff.core.complaints import NAME_IN_WORDS
from bakeoff.core.embedding import Embedder
from bakeoff.core.errors import ConfigInvalid, DataInvalid, MissingKey, UnknownName
from bakeoff.core.retrieval import Retriever
from bakeoff.retrieval.base import EXACT, MANIFEST, KnowledgeBase, Manifest, read_manifest
from bakeoff.retrieval.chunks import Cut
from bakeoff.retrieval.dense import DenseIndex, ExactIndex
from bakeoff.retrieval.documents import Document
from bakeoff.retrieval.ingest import Recipe, Tally, cautions, collection_of, grow
from bakeoff.retrieval.readers import read
from bakeoff.retrieval.search import POOL, Finder, Reranker, Way
from bakeoff.retrieval.vectors import Progress

EMBEDDER = "minilm"
WIKIPEDIA = "wikipedia:simple"
BY_MODEL = "lm"  # the reranker that is the answering model itself
_SECRET = re.compile(r"(?i)(?:key|token|secret|password)[^=&]{0,20}=")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be added, and how. `embedder`: minilm, sentence-transformers/NAME or openai/MODEL@URL.

    What is None is as the base has it, or the usual: 256 tokens that share 50, minilm, exact search.
    """

    name: str
    paths: tuple[Path, ...]
    embedder: str | None = None
    key_env: str | None = None
    chunk_size: int | None = None
    overlap: int | None = None
    index: str | None = None
    index_key_env: str | None = None
    limit: int | None = None


@dataclass(slots=True)
class Made:
    """What came of it."""

    manifest: Manifest
    tally: Tally
    skipped: list[Path] = field(default_factory=list)
    cautions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Looking:
    """How a base is searched. `reranker`: name or folder of a cross-encoder; empty for none."""

    way: Way = "dense"
    pool: int = POOL
    reranker: str = ""


def folder_of(settings: Settings) -> Path:
    return settings.home / "knowledge"


def add(wish: Wish, settings: Settings, progress: Progress) -> Made:
    """Read, cut, embed and index. Raises UsageError, EngineError, RetrievalFailed; to repeat it is to go on."""
    if not _NAME.fullmatch(wish.name):
        raise ConfigInvalid(f"'{wish.name}' is no name for a knowledge base", NAME_IN_WORDS)
    folder = folder_of(settings) / wish.name
    old = read_manifest(folder) if (folder / MANIFEST).is_file() else None
    size = wish.chunk_size or (old.chunk_size if old else Cut().size)
    overlap = wish.overlap if wish.overlap is not None else (old.overlap if old else min(Cut().overlap, size // 5))
    name = wish.embedder or (old.embedder if old else EMBEDDER)
    index = _whole(wish.index) if wish.index else (old.index if old else EXACT)
    key_env = wish.key_env or (old.embedder_key_env if old else "")
    index_key_env = wish.index_key_env or (old.index_key_env if old else "")
    skipped: list[Path] = []
    documents = _documents(wish, settings, skipped)
    cut = Cut(size, overlap)
    embedder = build_embedder(name, settings, key_env)
    if index == EXACT:
        recipe = Recipe(name, embedder, cut, embedder_key_env=key_env)
        manifest, tally = grow(folder, documents, recipe, _cache(settings), progress)
    else:
        from bakeoff.retrieval.qdrant import Qdrant

        with Qdrant.open(index, _key(f"Qdrant at '{index}'", index_key_env)) as server:
            recipe = Recipe(name, embedder, cut, index, server, key_env, index_key_env)
            manifest, tally = grow(folder, documents, recipe, _cache(settings), progress)
            server.drop(f"bakeoff-{wish.name}-", collection_of(manifest))
    return Made(manifest, tally, skipped, cautions(recipe, tally))


def _whole(index: str) -> str:
    """A folder as its whole path: the base is used from other folders, too. Raises ConfigInvalid."""
    if "://" in index:
        _refuse_secret("index", index, "--index-key-env")
    return index if index == EXACT or "://" in index else str(Path(index).expanduser().resolve())


def _documents(wish: Wish, settings: Settings, skipped: list[Path]) -> Iterator[Document]:
    for path in wish.paths:
        if str(path) == WIKIPEDIA:
            from bakeoff.retrieval.wikipedia import simple_wikipedia

            yield from simple_wikipedia(settings.home / "cache" / "hub", settings.offline, wish.limit)
        else:
            yield from read([path], skipped)


def _cache(settings: Settings) -> Path:
    return settings.home / "cache" / "vectors"


def _key(whose: str, variable: str) -> str | None:
    found = secret(variable) if variable else None
    if variable and found is None:
        raise MissingKey(whose, variable)
    return found


def build_embedder(name: str, settings: Settings, key_env: str = "") -> Embedder:
    """Raises ConfigInvalid, MissingExtra, MissingKey. A model is loaded once in a process."""
    kind, slash, rest = name.partition("/")
    if kind == "openai" and slash and "@" in rest:
        from bakeoff.retrieval.endpoint import Endpoint

        model, _, url = rest.partition("@")
        _refuse_secret("embedder", url, "--api-key-env")
        return Endpoint(model, url, _key(f"embedder '{name}'", key_env))
    return _own(name, settings.offline)


def _refuse_secret(whose: str, url: str, flag: str) -> None:
    """Raise ConfigInvalid, without the address, where it holds a user or password: it is stored, and told in errors."""
    host, *query = re.split(r"[/#?]", url.partition("://")[2] or url, maxsplit=1)
    if "@" in host or _SECRET.search("".join(query)):
        raise ConfigInvalid(
            f"the address of the {whose} holds a user, a password or a key, and a knowledge base keeps its address",
            f"put the key in the environment and name the variable: {flag} VARIABLE",
        )


@lru_cache(maxsize=4)
def _own(name: str, offline: bool) -> Embedder:
    kind, slash, rest = name.partition("/")
    if name == EMBEDDER:
        from bakeoff.retrieval.minilm import MiniLm

        return MiniLm()
    if kind == "sentence-transformers" and slash and rest:
        from bakeoff.retrieval.sentence_model import SentenceModel

        return SentenceModel(rest, offline)
    raise ConfigInvalid(
        f"unknown embedder '{name}'", "write minilm, sentence-transformers/NAME or openai/MODEL@http://HOST/v1"
    )


def bases(settings: Settings) -> list[Manifest]:
    """Every base that is here, by name. Raises DataInvalid."""
    folder = folder_of(settings)
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [read_manifest(inner) for inner in found if (inner / MANIFEST).is_file()]


def open_base(name: str, settings: Settings) -> KnowledgeBase:
    """Raises UnknownName, DataInvalid."""
    folder = folder_of(settings) / name
    if not _NAME.fullmatch(name) or not (folder / MANIFEST).is_file():
        known = [manifest.name for manifest in bases(settings)]
        raise UnknownName("knowledge base", name, known, see="bakeoff kb list")
    return KnowledgeBase.open(folder)


def remove(name: str, settings: Settings) -> Manifest | None:
    """Remove a base with its collections; None when its manifest was broken. What was embedded is kept.

    Raises UnknownName, RetrievalFailed.
    """
    folder = folder_of(settings) / name
    try:
        manifest = open_base(name, settings).manifest
    except DataInvalid:
        shutil.rmtree(folder)
        return None
    if manifest.index != EXACT:
        from bakeoff.retrieval.qdrant import Qdrant

        with Qdrant.open(manifest.index, _key(f"Qdrant at '{manifest.index}'", manifest.index_key_env)) as server:
            server.drop(f"bakeoff-{name}-")
    shutil.rmtree(folder)
    return manifest


def open_finder(name: str, settings: Settings, looking: Looking) -> Finder:
    """A base, searched in one way. Raises UsageError, with both names when another embedder made it."""
    base = open_base(name, settings)
    manifest = base.manifest
    embedder = build_embedder(manifest.embedder, settings, manifest.embedder_key_env)
    if embedder.identity != manifest.embedder_identity:
        raise ConfigInvalid(
            f"knowledge base '{name}' was embedded by {manifest.embedder_identity}, and here '{manifest.embedder}' is"
            f" {embedder.identity}: their vectors cannot be compared",
            f"bring the old one back, or: bakeoff kb remove {name}, and add its documents again",
        )
    index = _index(base)
    reranker = _reranker(looking.reranker, settings.offline) if looking.reranker else None
    return Finder(base, embedder, index, looking.way, looking.pool, reranker)


def _index(base: KnowledgeBase) -> DenseIndex:
    manifest = base.manifest
    if manifest.index == EXACT:
        return ExactIndex.open(base.folder / "vectors.npy")
    from bakeoff.retrieval.qdrant import Qdrant

    key = _key(f"Qdrant at '{manifest.index}'", manifest.index_key_env)
    return Qdrant(manifest.index, key, collection_of(manifest))


@lru_cache(maxsize=2)
def _reranker(name: str, offline: bool) -> Reranker:
    from bakeoff.retrieval.cross_encoder import CrossEncoder

    return CrossEncoder(name, offline)


def retriever_for(options: Mapping[str, bool | int | float | str], settings: Settings) -> Retriever:
    """What `app.wiring` plugs into a method that needs a retriever, by the method's own options.

    `kb` names the base, `search` the way; `pool` and `reranker` where the method has them. Raises UsageError.
    """
    name = str(options.get("kb") or "")
    if not name:
        known = [manifest.name for manifest in bases(settings)]
        raise ConfigInvalid(
            "no knowledge base is named",
            f"add kb=NAME to the method, e.g. rag_hybrid:kb={known[0] if known else 'wiki'}"
            + ("" if known else "; make one with: bakeoff kb add wiki PATH"),
        )
    reranker = str(options.get("reranker") or "")
    looking = Looking(
        cast("Way", options.get("search", "dense")),
        int(options.get("pool", POOL)),
        "" if reranker == BY_MODEL else reranker,
    )
    return open_finder(name, settings, looking)
