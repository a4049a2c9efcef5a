"""Short answers against accepted ones, normalised as TriviaQA's script does."""

from __future__ import annotations

import pytest

from bakeoff.scorers.alias import Alias, normalise
from tests.scorers.samples import target

OCEAN = target(["Indian Ocean", "the Indian"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Indian Ocean", "indian ocean"),
        ("  INDIAN   ocean. ", "indian ocean"),
        ("Indian_Ocean", "indian ocean"),
        ("“Indian” — Ocean!", "indian ocean"),
        ("an apple a day the best", "apple day best"),
        ("Theatre", "theatre"),
        ("rock'n'roll", "rock n roll"),
        ("Beyoncé", "beyoncé"),
        ("the", ""),
        ("", ""),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    ("reply", "exact"),
    [
        ("Indian Ocean", 1.0),
        ("the indian ocean.", 1.0),
        ("Indian", 1.0),
        ("It's the Indian Ocean.", 0.0),
        ("It is the Indian Ocean. It is warm.", 0.0),
    ],
)
def test_right(reply: str, exact: float) -> None:
    score = Alias().score(OCEAN, reply)
    assert score.value == 1.0
    assert score.parts["exact"] == exact


@pytest.mark.parametrize(
    "reply", ["Atlantic Ocean", "Indiana", "Ocean", "", "...", "It is the Atlantic. Not the Indian Ocean."]
)
def test_wrong(reply: str) -> None:
    assert Alias().score(OCEAN, reply).value == 0.0


def test_one_target_needs_no_list() -> None:
    assert Alias().score(target("Sn"), "Sn").value == 1.0
    assert Alias().score(target("4"), "four").value == 0.0


def test_a_target_of_articles_alone_matches_no_empty_reply() -> None:
    assert Alias().score(target(["the", "The Band"]), "...").value == 0.0
    assert Alias().score(target(["the", "The Band"]), "the band").value == 1.0
