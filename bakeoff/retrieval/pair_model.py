"""A transformer that reads two texts together: a cross-encoder for ranking, or a model of entailment.

By its name on the hub or the path of a folder, through transformers; weights as safetensors only, since other
formats run code when they are opened. torch is imported when the first pair is read. Example:

    PairModel("cross-encoder/ms-marco-MiniLM-L6-v2").logits([("who wrote it?", "It was written by her.")])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from bakeoff.core.errors import DataMissing, MissingExtra
from bakeoff.core.hashing import text_digest

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

AT_ONCE = 16
LONGEST = 1024  # tokens of both texts, where the model takes more
_SHORTEST = 16
_LOADING = Lock()  # one model at a time
_ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9_][\w.-]*)?")


class PairModel:
    def __init__(self, name: str, offline: bool = False) -> None:
        """`name`: org/name on the hub, or a folder. Raises MissingExtra."""
        for library in ("torch", "transformers"):
            if find_spec(library) is None:
                raise MissingExtra(f"what runs '{name}'", "transformers")
        self.name = name
        self._offline = offline
        self._lock = Lock()
        self._parts: tuple[Any, Any] | None = None
        self._missing: DataMissing | None = None

    @cached_property
    def identity(self) -> str:
        """Of a folder its name and what is in its configuration and weights' sizes; of the hub its commit."""
        folder = Path(self.name).expanduser()
        if folder.is_dir():
            self._check_folder(folder)
            told = [f"{file.name}:{file.stat().st_size}" for file in sorted(folder.iterdir()) if file.is_file()]
            config = folder / "config.json"
            told.append(config.read_text(encoding="utf-8") if config.is_file() else "")
            return f"{folder.name}@{text_digest('|'.join(told))[:8]}"
        commit = getattr(self._loaded[1].config, "_commit_hash", None)
        return f"{self.name}@{str(commit or 'unknown')[:8]}"

    @property
    def labels(self) -> list[str]:
        """The names of its classes, in order."""
        named = self._loaded[1].config.id2label
        return [str(named[place]) for place in sorted(named)]

    @property
    def most_tokens(self) -> int:
        tokenizer, model = self._loaded
        told = getattr(model.config, "max_position_embeddings", None) or LONGEST
        return int(max(_SHORTEST, min(LONGEST, told, tokenizer.model_max_length)))

    def logits(self, pairs: Sequence[tuple[str, str]]) -> NDArray[float32]:
        """A row for each pair, a column for each class. Of a pair that is too long the first text is cut."""
        import numpy as np
        import torch

        tokenizer, model = self._loaded
        rows = []
        with self._lock, torch.inference_mode():
            for start in range(0, len(pairs), AT_ONCE):
                firsts, seconds = zip(*pairs[start : start + AT_ONCE], strict=True)
                read = tokenizer(
                    list(firsts),
                    list(seconds),
                    padding=True,
                    truncation="longest_first",
                    max_length=self.most_tokens,
                    return_tensors="pt",
                )
                rows.append(model(**read).logits.float().cpu().numpy())
        if not rows:
            return np.zeros((0, len(self.labels)), np.float32)
        found: NDArray[float32] = np.concatenate(rows)
        return found

    def windows(self, text: str, beside: str) -> list[str]:
        """A long text as parts that each fit into the model with the text beside it, half overlapping."""
        tokenizer = self._loaded[0]
        room = max(_SHORTEST, self.most_tokens - len(tokenizer.tokenize(beside)) - 8)
        spans = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]
        if len(spans) <= room:
            return [text]
        starts = range(0, max(1, len(spans) - room // 2), max(1, room // 2))
        return [text[spans[at][0] : spans[min(at + room, len(spans)) - 1][1]] for at in starts]

    @property
    def _loaded(self) -> tuple[Any, Any]:
        """Tokenizer and model, looked for once, found or not. Raises DataMissing when there are none to be had."""
        with _LOADING:
            if self._missing is not None:
                raise self._missing
            if self._parts is None:
                try:
                    self._parts = self._load()
                except DataMissing as error:
                    self._missing = error  # not looked for again by each answer: a hub out of reach takes half a minute
                    raise
            return self._parts

    def _load(self) -> tuple[Any, Any]:
        given = Path(self.name).expanduser()
        self._check_folder(given)
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        kept = {"local_files_only": self._offline or given.is_dir()}
        try:
            tokenizer = AutoTokenizer.from_pretrained(str(given), **kept)
            model = AutoModelForSequenceClassification.from_pretrained(str(given), use_safetensors=True, **kept)
        except (OSError, ValueError, KeyError) as error:
            why = " ".join(str(error).split())[:160]
            hint = "name a folder that holds it, or let it be fetched: unset HF_HUB_OFFLINE"
            if given.is_dir():
                hint = "name the folder of a whole model: config.json, a tokenizer, weights as safetensors"
            raise DataMissing(f"model '{self.name}' cannot be loaded ({why})", hint) from None
        return tokenizer, model.eval()

    def _check_folder(self, given: Path) -> None:
        """Raise DataMissing for a path that is none: the hub would be asked for a model of that name."""
        hint = "name the folder that holds config.json, a tokenizer and weights as safetensors, or org/name on the hub"
        if given.is_dir():
            if not (given / "config.json").is_file():
                raise DataMissing(f"folder '{self.name}' cannot be loaded: it holds no model (no 'config.json')", hint)
        elif given.exists():
            raise DataMissing(f"'{self.name}' cannot be loaded: it is a file, and no folder of a model", hint)
        elif not _ON_HUB.fullmatch(self.name):
            raise DataMissing(f"model '{self.name}' cannot be loaded: there is no such folder", hint)
