"""Shapes read from config.json count as many parameters as the models have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bakeoff.engines.architecture import architectures
from bakeoff.engines.folder_shape import shape_of, shape_of_config
from tests.conftest import require
from tests.engines.tiny_model import make_tiny

KINDS = {"smollm2-135m": "llama", "qwen3-8b": "qwen3", "qwen3-14b": "qwen3", "qwen2.5-7b-instruct": "qwen2"}


def config_of(name: str) -> dict[str, Any]:
    """What the config.json of a model of the catalogue says."""
    shape = architectures()[name]
    return {
        "model_type": KINDS[name],
        "num_hidden_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.intermediate,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "tie_word_embeddings": shape.tied,
    }


@pytest.mark.parametrize("name", [name for name in KINDS if name in architectures()])
def test_parameters_are_those_that_the_files_hold(name: str) -> None:
    found = shape_of_config(config_of(name))
    assert found is not None and found.parameters == architectures()[name].published_parameters


def test_a_model_that_was_built_has_as_many(tmp_path: Path) -> None:
    require("torch")
    require("transformers")
    folder = make_tiny(tmp_path / "tiny")
    from safetensors.torch import load_file

    found = shape_of(folder)
    assert found is not None
    assert found.parameters == sum(tensor.numel() for tensor in load_file(folder / "model.safetensors").values())


@pytest.mark.parametrize("change", [{"model_type": "mamba"}, {"hidden_size": None}, {"num_hidden_layers": 0}])
def test_nothing_is_guessed(change: dict[str, Any], tmp_path: Path) -> None:
    assert shape_of_config({**config_of("smollm2-135m"), **change}) is None
    assert shape_of(tmp_path) is None
    (tmp_path / "config.json").write_text("[", encoding="utf-8")
    assert shape_of(tmp_path) is None
    (tmp_path / "config.json").write_text(json.dumps([1]), encoding="utf-8")
    assert shape_of(tmp_path) is None
