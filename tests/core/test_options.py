"""The settings of methods: what is unknown, of a wrong kind or out of bounds is refused in one line."""

from __future__ import annotations

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.options import Option, Value, settled

TABLE = {
    "votes": Option(5, "replies that vote", low=2, high=100),
    "temperature": Option(0.7, "of the replies", low=0, high=2),
    "weighted": Option(False, "by likelihood"),
    "style": Option("plain", "of the plan", choices=("plain", "detailed")),
    "note": Option("", "any text"),
    "model": Option("lm", "any name", filled=True),
    "least": Option(1, "at least", low=1),
    "most": Option(1, "at most", high=9),
}


def test_what_is_not_given_has_its_default() -> None:
    assert settled("m", TABLE, {"votes": 7}) == {
        **{name: option.default for name, option in TABLE.items()},
        "votes": 7,
    }


@pytest.mark.parametrize(
    "given",
    [{"votes": 2}, {"votes": 100}, {"temperature": 0}, {"temperature": 2.0}, {"weighted": True}, {"style": "detailed"}],
)
def test_bounds_are_allowed_themselves(given: dict[str, Value]) -> None:
    assert settled("m", TABLE, given).items() >= given.items()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"votse": 5}, "method 'm' has no option 'votse': did you mean 'votes'?"),
        ({"qqq": 5}, "method 'm' has no option 'qqq': known: votes, temperature"),
        ({"votes": 1}, "option 'votes' of method 'm' cannot be 1: a whole number from 2 to 100 is expected"),
        ({"votes": 101}, "from 2 to 100"),
        ({"votes": 2.5}, "cannot be 2.5: a whole number"),
        ({"votes": True}, "cannot be True: a whole number"),
        ({"votes": "five"}, "cannot be 'five': a whole number"),
        ({"temperature": float("nan")}, "a number from 0 to 2 is expected"),
        ({"weighted": 1}, "cannot be 1: true or false is expected: write it like m:weighted=false"),
        ({"style": "baroque"}, "one of plain, detailed is expected"),
        ({"note": 3}, "a text is expected"),
        ({"model": " "}, "cannot be ' ': it is empty, and a text is expected: write it like m:model=lm"),
        ({"least": 0}, "a whole number of 1 or more"),
        ({"most": 10}, "a whole number of 9 or less"),
    ],
)
def test_what_is_refused_is_told_in_one_line(given: dict[str, Value], said: str) -> None:
    with pytest.raises(ConfigInvalid) as refused:
        settled("m", TABLE, given)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_method_without_options_says_so() -> None:
    with pytest.raises(ConfigInvalid, match="it takes none: write 'naive'"):
        settled("naive", {}, {"votes": 5})
