"""Embeddings of an endpoint with OpenAI's API: POST /v1/embeddings, so many texts at once.

An endpoint tells nothing of its tokenizer; words and signs are counted in its place. Its vectors are brought to
length 1. A fault that may pass is tried again a few times; what came before it is kept (`vectors.py`). Example:

    Endpoint("text-embedding-3-small", "https://api.openai.com/v1", key).embed(["A cat sat."])
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from bakeoff.core.embedding import Span
from bakeoff.core.errors import AuthFailed, BadResponse, ConfigInvalid, EndpointWrong, EngineError, Unavailable

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

AT_ONCE = 32
TRIES = 5
SECONDS = 120.0
_MOST_BYTES = 256 << 20
_WORD = re.compile(r"\w+|[^\w\s]")
_PROBE = "probe"


class Endpoint:
    window = 8000

    def __init__(self, model: str, base_url: str, key: str | None = None, pause: float = 1.0) -> None:
        """`pause`: seconds before the second try; it doubles. Raises ConfigInvalid."""
        if not base_url.startswith(("http://", "https://")):
            raise ConfigInvalid(f"embedder address '{base_url}' is no URL", "write it like http://127.0.0.1:8000/v1")
        self._model = model
        self._url = base_url.rstrip("/")
        self._key = key
        self._pause = pause

    @property
    def identity(self) -> str:
        return f"openai/{self._model}@{self._url}"

    @cached_property
    def dimensions(self) -> int:
        return int(self._ask([_PROBE]).shape[1])

    def tokens(self, text: str) -> list[Span]:
        return [hit.span() for hit in _WORD.finditer(text)]

    def embed(self, texts: Sequence[str]) -> NDArray[float32]:
        import numpy as np

        groups = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
        if not groups:
            return np.zeros((0, self.dimensions), np.float32)
        return np.concatenate([self._ask(group) for group in groups])

    def _ask(self, texts: Sequence[str]) -> NDArray[float32]:
        import numpy as np

        body = orjson.dumps({"model": self._model, "input": [text or " " for text in texts]})
        told = self._tried(body)
        try:
            rows = sorted(orjson.loads(told)["data"], key=lambda row: row["index"])
            matrix = np.asarray([row["embedding"] for row in rows], np.float32)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise BadResponse(f"'{self._url}' sent no embeddings ({type(error).__name__}: {error})") from None
        if matrix.ndim != 2 or len(matrix) != len(texts):
            raise BadResponse(f"'{self._url}' sent {len(matrix)} embeddings for {len(texts)} texts")
        lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
        return np.asarray(matrix / np.where(lengths > 0, lengths, 1), np.float32)

    def _tried(self, body: bytes) -> bytes:
        """What it sent. A fault that may pass is tried again, each time after a longer pause."""
        for further in range(TRIES - 1, -1, -1):
            try:
                return self._send(body)
            except EngineError as error:
                if not error.retryable or not further:
                    raise
                time.sleep(self._pause * 2 ** (TRIES - 2 - further))
        raise AssertionError("the last try returns or raises")

    def _send(self, body: bytes) -> bytes:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {self._key}"} if self._key else {})
        request = urllib.request.Request(f"{self._url}/embeddings", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as reply:
                told: bytes = reply.read(_MOST_BYTES)
                return told
        except urllib.error.HTTPError as error:
            raise self._of_status(error) from None
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", error)
            raise Unavailable(f"embedder '{self._url}' cannot be reached ({why})", "start it, then repeat") from None

    def _of_status(self, error: urllib.error.HTTPError) -> EngineError:
        told = " ".join(error.read(500).decode("utf-8", "replace").split())
        if self._key:
            told = told.replace(self._key, "[secure]")
        said = f"embedder '{self._url}' answered {error.code} ({told[:200]})"
        if error.code in (401, 403):
            return AuthFailed(said, "name the variable that holds its key with --api-key-env")
        if error.code == 429 or error.code >= 500:
            return Unavailable(said, "repeat the command later; what was embedded is kept")
        if error.code == 404:
            return EndpointWrong(said, "give the address up to and with /v1, and a model that it has")
        return BadResponse(said) if error.code < 400 else EngineError(said, "correct the model's name or the texts")
