"""Shapes: the parameters counted from them are those that the models' files hold."""

from __future__ import annotations

from typing import Any

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.engines.architecture import architecture, architectures
from bakeoff.engines.catalogue import models

ROW: dict[str, Any] = {
    "layers": 2,
    "hidden": 8,
    "heads": 4,
    "kv_heads": 2,
    "head_dim": 2,
    "intermediate": 16,
    "vocabulary": 10,
    "positions": 32,
    "published_parameters": 1320,
    "source": "https://example.org/config.json",
}


@pytest.mark.parametrize("name", sorted(architectures()))
def test_the_parameters_counted_are_the_published_ones(name: str) -> None:
    shape = architectures()[name]
    assert shape.parameters == pytest.approx(shape.published_parameters, rel=0.01)
    size = models()[name].size_b
    assert size is not None
    assert shape.parameters / 1e9 == pytest.approx(size, rel=0.01)  # what the model's card says, rounded


@pytest.mark.parametrize("name", sorted(architectures()))
def test_a_shape_is_of_a_model_that_takes_its_context(name: str) -> None:
    context = models()[name].context_length
    assert context is not None
    assert architectures()[name].positions >= context


def test_every_open_model_of_the_catalogue_has_a_shape() -> None:
    assert set(architectures()) == {name for name, found in models().items() if found.licence != "proprietary"}


def test_parameters_part_by_part() -> None:
    plain = architecture("m", ROW)
    attention = 8 * 8 + 2 * 8 * 4 + 8 * 8
    assert plain.matrices == 2 * (attention + 3 * 8 * 16)
    assert plain.kept == 2 * 10 * 8 + 8 * (1 + 2 * 2)
    assert architecture("m", {**ROW, "tied": True}).kept == plain.kept - 10 * 8
    assert architecture("m", {**ROW, "qk_norm": True}).kept == plain.kept + 2 * 2 * 2
    assert architecture("m", {**ROW, "bias": "qkv"}).kept == plain.kept + 2 * (8 + 4 + 4)
    everywhere = 2 * (8 + 4 + 4) + 2 * (8 + 2 * 16 + 8) + 8 * (1 + 2 * 2) + 10
    assert architecture("m", {**ROW, "bias": "all"}).kept == plain.kept + everywhere


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**ROW, "colour": "red"}, "unknown field 'colour'"),
        ({**ROW, "layers": 0}, "0 in 'layers'"),
        ({**ROW, "layers": True}, "True in 'layers'"),
        ({**ROW, "hidden": 8.0}, "8.0 in 'hidden'"),
        ({**ROW, "tied": 1}, "1 in 'tied'"),
        ({**ROW, "bias": "some"}, "'some' in 'bias'"),
        ({**ROW, "source": "a friend"}, "'a friend' in 'source'"),
        ({**ROW, "kv_heads": 3}, "do not divide"),
        ({name: value for name, value in ROW.items() if name != "layers"}, "lacks 'layers'"),
    ],
)
def test_a_row_that_is_wrong_is_refused(row: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match="architecture of 'm'") as found:
        architecture("m", row)
    assert said in str(found.value)
