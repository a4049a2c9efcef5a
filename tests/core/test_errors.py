"""The tree of errors: its drawing is complete, its codes are unique, its messages say what to type."""

from __future__ import annotations

import re

import pytest

from bakeoff.core import errors
from bakeoff.core.errors import (
    AuthFailed,
    BakeoffError,
    ConfigInvalid,
    EndpointWrong,
    EngineError,
    MissingExtra,
    MissingKey,
    RateLimited,
    StoreError,
    TrialError,
    UnknownName,
    UsageError,
    error_classes,
)

CLASSES = error_classes()


def drawn() -> list[tuple[int, str]]:
    """(depth, name) of every line of the drawing in the module's docstring."""
    found = []
    for line in (errors.__doc__ or "").splitlines():
        hit = re.match(r"    ([│ ]*)(?:[├└]─ )?([A-Z]\w+)(?:\(message, hint\))?\s", line + " ")
        if hit and re.search(r"[├└]─|\(message, hint\)", line):
            depth = 0 if "(message" in line else 1 + len(hit.group(1)) // 3
            found.append((depth, hit.group(2)))
    return found


def test_the_drawing_is_the_tree() -> None:
    assert drawn() == [(len(cls.__mro__) - len(BakeoffError.__mro__), cls.__name__) for cls in CLASSES]
    assert len(CLASSES) > 25


def test_every_error_of_the_module_is_in_the_tree() -> None:
    defined = {found for found in vars(errors).values() if isinstance(found, type) and issubclass(found, Exception)}
    assert defined == set(CLASSES)


def test_codes_are_unique_and_fit_for_an_anchor() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_every_class_says_what_it_stands_for() -> None:
    assert all((cls.__doc__ or "").strip().endswith(".") for cls in CLASSES)


@pytest.mark.parametrize(("family", "exit_code"), [(UsageError, 2), (EngineError, 3), (TrialError, 3), (StoreError, 3)])
def test_the_owner_decides_the_exit_code(family: type[BakeoffError], exit_code: int) -> None:
    members = [cls for cls in CLASSES if issubclass(cls, family)]
    assert len(members) > 1
    assert {cls.exit_code for cls in members} == {exit_code}


def test_what_stops_a_model_is_not_tried_again() -> None:
    engine = [cls for cls in CLASSES if issubclass(cls, EngineError)]
    assert {cls for cls in engine if cls.fatal} == {AuthFailed, EndpointWrong}
    assert not [cls for cls in engine if cls.fatal and cls.retryable]
    assert {cls.code for cls in engine if cls.retryable} == {"rate-limited", "timeout", "unavailable", "bad-response"}


class TestMessages:
    def test_message_and_hint(self) -> None:
        assert str(ConfigInvalid("'x' is wrong", "type 'y'")) == "'x' is wrong: type 'y'"
        assert str(ConfigInvalid("'x' is wrong")) == "'x' is wrong"

    def test_an_unknown_name_suggests_the_nearest(self) -> None:
        told = str(UnknownName("benchmark", "gsm9k", ["gsm8k", "triviaqa"]))
        assert told == "unknown benchmark 'gsm9k': did you mean 'gsm8k'? See 'bakeoff list benchmarks'"

    def test_an_unknown_name_far_from_all_suggests_none(self) -> None:
        told = str(UnknownName("method", "zzzzzz", ["naive", "cot"], see="docs/methods.md"))
        assert told == "unknown method 'zzzzzz': see 'docs/methods.md'"

    def test_a_missing_part_and_a_missing_key_say_the_line_to_type(self) -> None:
        assert "pip install 'bakeoff[sandbox]'" in str(MissingExtra("the sandbox", "sandbox"))
        assert "export OPENAI_API_KEY=" in str(MissingKey("gpt", "OPENAI_API_KEY"))

    def test_when_to_try_again(self) -> None:
        assert RateLimited("slow down", 2.5).retry_after == 2.5
        assert RateLimited("slow down").retry_after is None
