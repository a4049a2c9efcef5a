"""The page of methods names every method of the table, and every option of the reasoning ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.methods import METHODS

PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text(encoding="utf-8")
ON_PAGES_OF_THEIR_OWN = ("rag_", "react")


@pytest.mark.parametrize("name", METHODS.names())
def test_the_page_names_it_and_its_options(name: str) -> None:
    assert f"`{name}`" in PAGE
    options = {} if name.startswith(ON_PAGES_OF_THEIR_OWN) else getattr(METHODS.load(name), "OPTIONS", {})
    assert [option for option in options if f"`{option}`" not in PAGE] == []
