"""The shapes of models, and the parameters that follow from them: data in architectures.toml, read once.

Memory is counted from shapes (memory.py), and the count of parameters is the proof of a shape: it has to
come out as the count that the model's files hold. Only decoders with dense feed-forward layers are known.

    shape = architectures()["qwen3-8b"]
    shape.parameters                  # 8_190_735_360, counted from layers, heads and sizes
    shape.published_parameters        # the same, as the files of the model say

Sources: `config.json` of each model on the Hugging Face hub (the address is in its row), where `intermediate_size`
of the first Qwen models counts the gate and the up matrix together; the classes of transformers
(modeling_qwen3.py, modeling_qwen2.py, modeling_llama.py, modeling_phi.py, modeling_gemma2.py, modeling_gemma3.py)
for which matrices have biases and how many norms a layer has.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any

from bakeoff.core.errors import ConfigInvalid

BIASES = ("none", "qkv", "all")


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a decoder. Sizes are numbers of values, `positions` the most tokens that it was made for.

    `mlp_matrices`: 3 with a gate, else 2. `bias`: none, of query, key and value, or of everything (`all`: the
    norms and the output matrix, too). `norms`: norm vectors of the hidden size in a layer. `qk_norm`: one more of
    a head's size for queries, and one for keys. `published_parameters`: what the model's files hold.
    """

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int
    positions: int
    published_parameters: int
    source: str
    tied: bool = False
    mlp_matrices: int = 3
    bias: str = "none"
    norms: int = 2
    qk_norm: bool = False

    @property
    def matrices(self) -> int:
        """Parameters in the matrices of the layers: what quantisation makes smaller."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return self.layers * (attention + self.mlp_matrices * self.hidden * self.intermediate)

    @property
    def kept(self) -> int:
        """Parameters that stay in 16 bits: the embedding, the output matrix, norms and biases."""
        tables = self.vocabulary * self.hidden * (1 if self.tied else 2)
        vectors = self.hidden * (1 + self.layers * self.norms)
        if self.qk_norm:
            vectors += self.layers * 2 * self.head_dim
        return tables + vectors + self._biases

    @property
    def parameters(self) -> int:
        """All parameters, counted from the shape."""
        return self.matrices + self.kept

    @property
    def _biases(self) -> int:
        if self.bias == "none":
            return 0
        qkv = self.layers * self.head_dim * (self.heads + 2 * self.kv_heads)
        if self.bias == "qkv":
            return qkv
        output, mlp = self.hidden, (self.mlp_matrices - 1) * self.intermediate + self.hidden
        norms = self.hidden * (1 + self.layers * self.norms)
        return qkv + self.layers * (output + mlp) + norms + self.vocabulary


_NUMBERS = frozenset(f.name for f in fields(Architecture) if f.type == "int")
_FLAGS = frozenset(f.name for f in fields(Architecture) if f.type == "bool")


@cache
def architectures() -> dict[str, Architecture]:
    """Every known shape by the model's name in the catalogue. Raises ConfigInvalid when the file is wrong."""
    text = files("bakeoff.engines").joinpath("architectures.toml").read_text(encoding="utf-8")
    return {name: architecture(name, row) for name, row in tomllib.loads(text).items()}


def architecture(name: str, row: Mapping[str, object]) -> Architecture:
    """One row of the file as an Architecture (pure). Raises ConfigInvalid for what it may not hold."""
    known = {f.name for f in fields(Architecture)}
    for key, value in row.items():
        if key not in known:
            raise _wrong(name, f"has an unknown field '{key}'", f"known: {', '.join(sorted(known))}")
        if not _fits(key, value):
            raise _wrong(name, f"has {value!r:.60} in '{key}'", "see the comment at the top of the file")
    missing = sorted(known - set(row) - {"tied", "mlp_matrices", "bias", "norms", "qk_norm"})
    if missing:
        raise _wrong(name, f"lacks '{missing[0]}'", "add it, or leave the model out: unknown is better than guessed")
    given: dict[str, Any] = dict(row)
    if given["heads"] % given["kv_heads"]:
        raise _wrong(name, "has heads that its KV heads do not divide", "correct it")
    return Architecture(**given)


def _fits(key: str, value: object) -> bool:
    if key in _NUMBERS:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if key in _FLAGS:
        return isinstance(value, bool)
    if key == "bias":
        return value in BIASES
    return isinstance(value, str) and value.startswith("https://")


def _wrong(name: str, what: str, hint: str) -> ConfigInvalid:
    return ConfigInvalid(f"architecture of '{name}' {what}", hint)
