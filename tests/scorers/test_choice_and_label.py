"""Letters and labels."""

from __future__ import annotations

import pytest

from bakeoff.scorers.choice import Choice
from bakeoff.scorers.label import Label
from tests.scorers.samples import target


@pytest.mark.parametrize(("found", "value"), [("C", 1.0), ("B", 0.0), ("c", 0.0), ("", 0.0)])
def test_choice(found: str, value: float) -> None:
    score = Choice().score(target("C"), found)
    assert score.value == value
    assert "C" in score.reason


@pytest.mark.parametrize(("found", "value"), [("negative", 1.0), ("Negative", 1.0), ("negativ", 0.0), ("", 0.0)])
def test_label(found: str, value: float) -> None:
    assert Label().score(target("negative"), found).value == value
    assert Label().score(target("NEGATIVE"), found).value == value
