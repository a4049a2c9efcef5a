"""Files of the Hugging Face hub: found in the cache without its library, downloaded with it, checked.

The hub names a file by its content: the SHA-256 of large ones, git's SHA-1 of small ones, told in the ETag and
kept in the cache as the name of the blob. What arrives is hashed and compared with that name, because
the library compares sizes alone. Example:

    path = download(cache, "openai/gsm8k", "main/test-00000-of-00001.parquet", "e53f0488…")
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from bakeoff.core.errors import DataInvalid, MissingExtra

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


def cached(cache: Path, repo: str, path: str, revision: str | None) -> Path | None:
    """Where a file lies in the hub's cache; None when it was not fetched."""
    folder = cache / f"datasets--{repo.replace('/', '--')}"
    commit = revision or "main"
    if not _COMMIT.fullmatch(commit):
        try:
            commit = (folder / "refs" / commit).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
    found = folder / "snapshots" / commit / path
    return found if found.is_file() else None


def download(cache: Path, repo: str, path: str, revision: str | None) -> Path:
    """Fetch a file, and check that it is what the hub says.

    Raises MissingExtra, DataInvalid on other content, and whatever the hub's library raises.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils import disable_progress_bars, logging
    except ImportError:
        raise MissingExtra("the client of the hub", "hub") from None
    disable_progress_bars()
    logging.set_verbosity_error()  # what it tries again on the way is no news; how it ends is
    got = hf_hub_download(repo, path, repo_type="dataset", revision=revision, cache_dir=cache)
    found = Path(got)
    if not intact(found):
        announced, actual = found.resolve().name, sha256(found)
        remove(found)
        raise DataInvalid(
            f"what the hub sent for '{path}' of '{repo}' is not what it announced"
            f" (sha256 {actual[:16]}…, announced {announced[:16]}…); it was thrown away",
            "fetch it again; if that does not help, something between here and the hub changes files",
        )
    return found


def intact(found: Path) -> bool:
    """Whether a file of the cache is what its blob is named for; True where the name says nothing."""
    blob = found.resolve()
    if _SHA256.fullmatch(blob.name):
        return sha256(blob) == blob.name
    if _COMMIT.fullmatch(blob.name):
        return _git_sha1(blob) == blob.name
    return True  # a server that names its files otherwise


def announced(found: Path) -> str | None:
    """The SHA-256 that the hub announced a file of its cache with; None where it named none, or is not its."""
    blob = found.resolve()
    return blob.name if blob.parent.name == "blobs" and _SHA256.fullmatch(blob.name) else None


def remove(found: Path) -> None:
    """Take a file out of the hub's cache, with its content."""
    blob = found.resolve()
    found.unlink(missing_ok=True)
    if blob.parent.name == "blobs":
        blob.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_sha1(path: Path) -> str:
    hasher = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
