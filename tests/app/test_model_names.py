"""A model goes by its catalogue name, its further ids and `engine/id`; whichever is typed, it is the same one."""

from __future__ import annotations

import pytest

from bakeoff.app.catalogue import describe
from bakeoff.app.coverage import DEFAULT_MODELS
from bakeoff.app.scaling_cells import aliases
from bakeoff.app.wiring import resolve_model
from bakeoff.core.errors import UnknownName
from bakeoff.engines.catalogue import find, models


@pytest.mark.parametrize("name", DEFAULT_MODELS)
def test_a_further_id_resolves_to_the_model_of_the_catalogue(name: str) -> None:
    listed = find(name)
    assert listed is not None
    known, entry = listed
    assert resolve_model(name) == resolve_model(known) == resolve_model(name.replace("_", "-"))
    assert resolve_model(name).id == entry.id


@pytest.mark.parametrize("name", ["qwen2.5_8b", "qwen2.5-8b", "openai_compatible/Qwen/Qwen2.5-7B-Instruct"])
def test_cells_of_a_model_are_found_by_any_of_its_names(name: str) -> None:
    assert aliases(name) >= {
        name,
        "qwen2.5-7b-instruct",
        "qwen2.5_8b",
        "openai_compatible/Qwen/Qwen2.5-7B-Instruct",
    }
    assert aliases("fake/a") == {"fake/a"}


def test_names_that_nobody_knows_suggest_the_nearest_further_id_too() -> None:
    with pytest.raises(UnknownName, match=r"unknown model 'qwen2\.5_9b': did you mean 'qwen2\.5_8b'\?"):
        resolve_model("qwen2.5_9b")
    with pytest.raises(UnknownName, match="unknown model 'gemma-2-9b-ti': did you mean 'gemma-2-9b-it'"):
        resolve_model("gemma-2-9b-ti")


def test_the_listing_has_the_further_ids() -> None:
    rows = {str(row["name"]): row["aliases"] for row in describe("models")}
    assert rows["qwen-14b-chat"] == ["qwen_14b"]
    assert rows.keys() == models().keys()
