"""Embeddings of a model of sentence-transformers, by its name on the hub or the path of a folder.

https://github.com/huggingface/sentence-transformers (Apache-2.0). torch is imported when the first text is read.

    SentenceModel("sentence-transformers/all-mpnet-base-v2").dimensions      # 768
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.core.embedding import Span
from bakeoff.core.errors import DataMissing, MissingExtra
from bakeoff.core.hashing import text_digest

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

_MARKS = 2


class SentenceModel:
    def __init__(self, name: str, offline: bool = False) -> None:
        if find_spec("sentence_transformers") is None:
            raise MissingExtra(f"what runs the embedder '{name}'", "sentence-transformers")
        self._name = name
        self._offline = offline

    @cached_property
    def identity(self) -> str:
        folder = Path(self._name).expanduser()
        if not folder.is_dir():
            return f"sentence-transformers/{self._name}"
        told = [f"{file.name}:{file.stat().st_size}" for file in sorted(folder.rglob("*")) if file.is_file()]
        return f"sentence-transformers/{folder.name}@{text_digest('|'.join(told))[:8]}"

    @property
    def dimensions(self) -> int:
        return int(self._model.get_sentence_embedding_dimension())

    @property
    def window(self) -> int:
        return int(self._model.max_seq_length or 512) - _MARKS

    def tokens(self, text: str) -> list[Span]:
        read = self._model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return [(int(start), int(end)) for start, end in read["offset_mapping"]]

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        found = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, np.float32)

    @cached_property
    def _model(self) -> Any:
        from sentence_transformers import SentenceTransformer

        given = str(Path(self._name).expanduser())
        try:
            return SentenceTransformer(given, device=None, local_files_only=self._offline)
        except (OSError, ValueError) as error:
            why = " ".join(str(error).split())[:160]
            raise DataMissing(
                f"embedder '{self._name}' cannot be loaded ({why})",
                "name a folder that holds it, or let it be fetched: unset HF_HUB_OFFLINE",
            ) from None
