"""The simple English Wikipedia as documents: wikimedia/wikipedia on the hub, configuration 20231101.simple.

https://huggingface.co/datasets/wikimedia/wikipedia, CC BY-SA 3.0: 241,787 articles with id, url, title, text.
The file is looked for in the hub's cache, and fetched where the hub may be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bakeoff.core.errors import DataMissing, MissingExtra
from bakeoff.retrieval.documents import Document

REPO = "wikimedia/wikipedia"
FILE = "20231101.simple/train-00000-of-00001.parquet"
_ROWS = 1000


def simple_wikipedia(cache: Path, offline: bool, limit: int | None = None) -> Iterator[Document]:
    """Its articles, the first `limit` of them. Raises MissingExtra, DataMissing."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("what reads its file", "hub") from None
    left = limit
    for batch in parquet.ParquetFile(_file(cache, offline)).iter_batches(_ROWS):
        for row in batch.to_pylist():
            if left is not None and left <= 0:
                return
            yield Document(row["text"], row["title"], url=row["url"], id=str(row["id"]), source=REPO)
            left = left - 1 if left is not None else None


def _file(cache: Path, offline: bool) -> Path:
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.utils import disable_progress_bars
    except ImportError:
        raise MissingExtra("the client of the hub", "hub") from None
    disable_progress_bars()
    try:
        return Path(hf_hub_download(REPO, FILE, repo_type="dataset", cache_dir=cache, local_files_only=offline))
    except Exception as error:  # its errors, those of its HTTP library and of sockets share no class
        why = " ".join(str(error).split())[:160]
        raise DataMissing(
            f"the simple Wikipedia cannot be fetched ({why})",
            "unset HF_HUB_OFFLINE where the hub can be reached, or add files of your own",
        ) from None
