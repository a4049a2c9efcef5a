"""Arguments beside their schema, told in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from bakeoff.core.types import Json
from bakeoff.tools._arguments import problem
from bakeoff.tools._bounded import BoundedTool, ToolFailed, shortened

CITY: dict[str, Json] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 2, "maxLength": 5},
        "days": {"type": "integer", "minimum": 1, "maximum": 7},
        "unit": {"enum": ["C", "F"]},
        "near": {"type": "array", "items": {"type": "string"}},
        "at": {"type": "object", "properties": {"lat": {"type": "number"}}, "required": ["lat"]},
        "note": {"type": ["string", "null"]},
        "wet": {"type": "boolean"},
    },
    "required": ["city"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"city": "Oslo"}, ""),
        ({"city": "Oslo", "days": 3.0, "unit": "C", "near": ["a"], "at": {"lat": 1}, "note": None, "wet": True}, ""),
        ({}, "argument 'city' is missing"),
        ({"city": 3}, "argument 'city' is a number, and a text is expected"),
        ({"city": "O"}, "argument 'city' has to be at least 2 characters"),
        ({"city": "Reykjavik"}, "argument 'city' has to be at most 5 characters"),
        ({"city": "Oslo", "days": 0}, "argument 'days' has to be at least 1"),
        ({"city": "Oslo", "days": 9}, "argument 'days' has to be at most 7"),
        ({"city": "Oslo", "days": True}, "argument 'days' is true or false, and a whole number is expected"),
        ({"city": "Oslo", "days": 1.5}, "argument 'days' is a number, and a whole number is expected"),
        ({"city": "Oslo", "unit": "K"}, "argument 'unit' is none of C, F"),
        ({"city": "Oslo", "near": ["a", 1]}, "argument 'near[1]' is a number, and a text is expected"),
        ({"city": "Oslo", "at": {}}, "argument 'at.lat' is missing"),
        ({"city": "Oslo", "note": 1}, "argument 'note' is a number, and a text or null is expected"),
        ({"city": "Oslo", "town": 1}, "there is no argument 'town'; known: city, days, unit, near, at, note, wet"),
        ([], "what is given is a list, and an object is expected"),
        ("x", "what is given is a text, and an object is expected"),
    ],
)
def test_what_is_wrong_is_said(arguments: object, said: str) -> None:
    assert problem(arguments, CITY) == said


def test_what_it_does_not_know_it_lets_pass() -> None:
    assert problem({"a": 1}, {}) == ""
    assert problem({"a": 1}, {"oneOf": [], "type": "object", "properties": {"a": True}, "required": "a"}) == ""


def test_a_schema_without_an_end_ends() -> None:
    endless: dict[str, Json] = {"type": "object", "properties": {}}
    endless["properties"] = {"a": endless}
    deep: dict[str, Json] = {}
    for _ in range(100):
        deep = {"a": deep}
    assert "nested too deeply" in problem(deep, endless)


class Slow(BoundedTool):
    name = "slow"
    seconds = 0.05
    most = 10

    async def run(self, arguments: Mapping[str, Json]) -> str:
        if arguments.get("raise"):
            raise KeyError("some key")
        if arguments.get("fail"):
            raise ToolFailed("no luck")
        if arguments.get("wait"):
            await asyncio.sleep(60)
        return "x" * 25


@pytest.mark.parametrize(
    ("arguments", "success", "said"),
    [
        ({}, True, "xxxxxxxxxx… (15 more characters)"),
        ({"wait": 1}, False, "no result within 0.05 s"),
        ({"raise": 1}, False, "KeyError: 'some key'"),
        ({"fail": 1}, False, "no luck"),
    ],
)
def test_whatever_a_tool_does_is_a_result(arguments: dict[str, Json], success: bool, said: str) -> None:
    result = asyncio.run(Slow().execute(arguments))
    assert (result.success, result.text) == (success, said)
    assert result.seconds > 0


def test_a_cut_says_how_much_is_missing() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcd" * 1000, 4) == "abcd… (3,996 more characters)"
