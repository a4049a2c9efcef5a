"""The shape of a model in a folder, from its config.json, for the kinds whose layers are those of Llama.

Example: `shape_of(Path("models/qwen3-8b"))` counts as `architectures()["qwen3-8b"]` does; None for other kinds, of
which nothing is guessed.

Source of the fields: https://huggingface.co/docs/transformers/model_doc/llama (LlamaConfig), qwen2, qwen3, mistral.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from bakeoff.engines.architecture import Architecture

_KINDS = {"llama": "none", "mistral": "none", "qwen2": "qkv", "qwen3": "none"}  # and which biases they have


def shape_of(folder: Path) -> Architecture | None:
    """None for a folder without a config.json that can be read, and for kinds that are built otherwise."""
    try:
        config = orjson.loads((folder / "config.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None
    return shape_of_config(config) if isinstance(config, dict) else None


def shape_of_config(config: dict[str, Any]) -> Architecture | None:
    """The shape in the fields of a config.json (pure)."""
    kind = config.get("model_type")
    if kind not in _KINDS or config.get("quantization_config") or config.get("mlp_bias"):
        return None
    bias = "qkv" if config.get("attention_bias") and kind != "qwen2" else _KINDS[kind]
    try:
        heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
        shape = Architecture(
            layers=int(config["num_hidden_layers"]),
            hidden=hidden,
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or hidden // heads),
            intermediate=int(config["intermediate_size"]),
            vocabulary=int(config["vocab_size"]),
            positions=int(config["max_position_embeddings"]),
            published_parameters=0,
            source="",
            tied=bool(config.get("tie_word_embeddings", kind in ("qwen2", "qwen3"))),
            bias=bias,
            qk_norm=kind == "qwen3",
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return shape if min(shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.vocabulary) > 0 else None
