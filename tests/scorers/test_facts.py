"""A summary's score: the share of facts it names, halved over the limit."""

from __future__ import annotations

import pytest

from bakeoff.core.types import Json
from bakeoff.scorers.facts import Facts
from tests.scorers.samples import target

SAMPLE = target({"facts": [["15%", "15 percent"], ["Velden"], ["six weeks", "6 weeks"]], "max_words": 10})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Velden: 15% more in six weeks.", 1.0),
        ("VELDEN: 15 Percent more in 6\nweeks", 1.0),
        ("Velden grew by 15%.", 2 / 3),
        ("Velden grew by 115%.", 1 / 3),
        ("Veldens grew by 15%x", 0.0),
        ("(15%)", 1 / 3),
        ("", 0.0),
        ("Nothing of the kind.", 0.0),
    ],
)
def test_share(text: str, value: float) -> None:
    score = Facts().score(SAMPLE, text)
    assert score.value == pytest.approx(value)
    assert score.continuous
    assert score.parts["facts"] == 3.0
    assert score.parts["named"] == pytest.approx(3 * value)


def test_too_many_words_halve_it() -> None:
    fits = "Velden: 15% more in six weeks" + " and" * 4
    assert Facts().score(SAMPLE, fits).value == 1.0
    over = Facts().score(SAMPLE, fits + " and")
    assert over.value == 0.5
    assert over.parts["words"] == 11.0
    assert "over 10" in over.reason


@pytest.mark.parametrize("wrong", ["text", {"facts": [], "max_words": 3}, {"facts": [["a"]]}, {"max_words": 3}, None])
def test_a_target_without_facts_is_the_benchmarks_fault(wrong: Json) -> None:
    with pytest.raises(ValueError, match="no facts"):
        Facts().score(target(wrong), "text")
