"""Tools of the user's own, from a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.types import Json
from bakeoff.tools._own import FunctionTool, load

FILE = '''
from __future__ import annotations
import asyncio, sys, threading, time
from dataclasses import dataclass
from typing import Literal

def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C", near: list[str] | None = None) -> str:
    """The weather of the
    next days.

    And more that no model needs to know.
    """
    return f"{city}: rain for {days} days, {unit}, {near}"

async def later(text: str) -> dict:
    await asyncio.sleep(0)
    return {"said": text}

def broken(x: float) -> str:
    raise KeyError("no such thing")

def hangs(x) -> str:
    threading.Event().wait()

def exits(x) -> str:
    sys.exit(3)

async def exits_later(x) -> str:
    sys.exit(3)

def interrupts(x) -> str:
    raise KeyboardInterrupt

def runs_out(x) -> str:
    return next(iter([]))

class Unsayable(Exception):
    def __str__(self):
        raise ValueError

def cannot_say(x) -> str:
    raise Unsayable

def takes_places(*values: int) -> int:
    return sum(values)

def odd(x: complex, y: list, z: dict, **more) -> object:
    return object

class Whole:
    name = "whole"; description = "d"; steady = True; schema = {}; identity = "w"
    async def execute(self, arguments):
        return None

class Half:
    name = "half"

class Fails:
    def __init__(self):
        raise RuntimeError("no key")

class Exits:
    def __init__(self):
        sys.exit(4)

number = 3
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "mine.py"
    place.write_text(FILE, encoding="utf-8")
    return place


def ran(tool: object, **arguments: Json) -> tuple[bool, str]:
    assert isinstance(tool, FunctionTool)
    result = asyncio.run(tool.execute(arguments))
    return result.success, result.text


def test_a_function_is_a_tool_by_its_signature(file: Path) -> None:
    tool = load(f"{file}:weather")
    assert (tool.name, tool.description, tool.steady) == ("weather", "The weather of the next days.", False)
    assert tool.schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer"},
            "unit": {"enum": ["C", "F"]},
            "near": {},
        },
        "required": ["city"],
        "additionalProperties": False,
    }
    assert ran(tool, city="Oslo", days=2) == (True, "Oslo: rain for 2 days, C, None")
    assert ran(tool, town="Oslo") == (False, "argument 'city' is missing")
    assert ran(tool, city="Oslo", unit="K") == (False, "argument 'unit' is none of C, F")


def test_its_identity_is_that_of_the_file(file: Path) -> None:
    before = load(f"{file}:weather").identity
    assert before == load(f"{file}:weather").identity
    file.write_text(FILE + "\n# edited\n", encoding="utf-8")
    assert load(f"{file}:weather").identity != before


def test_other_functions(file: Path) -> None:
    assert ran(load(f"{file}:later"), text="hi") == (True, '{"said":"hi"}')
    assert ran(load(f"{file}:broken"), x=1.5) == (False, "KeyError: 'no such thing'")
    assert load(f"{file}:broken").description == "Calls broken."
    assert load(f"{file}:odd").schema["required"] == ["x", "y", "z"]
    assert load(f"{file}:Whole").name == "whole"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("exits", "SystemExit: 3"),
        ("exits_later", "SystemExit: 3"),
        ("interrupts", "KeyboardInterrupt: "),
        ("runs_out", "StopIteration: "),
        ("cannot_say", "Unsayable"),
    ],
)
def test_one_that_ends_its_thread_is_a_failure_at_once(
    file: Path, capfd: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    tool = load(f"{file}:{name}")
    assert ran(tool, x=1) == (False, said)
    assert isinstance(tool, FunctionTool) and tool._left_behind == 0
    assert capfd.readouterr().err == ""


def test_many_at_once_are_fine(file: Path) -> None:
    tool = load(f"{file}:weather")

    async def many() -> list[bool]:
        return [one.success for one in await asyncio.gather(*(tool.execute({"city": "Oslo"}) for _ in range(60)))]

    assert all(asyncio.run(many()))


def test_one_that_hangs_is_left_behind(file: Path) -> None:
    tool = load(f"{file}:hangs")
    assert isinstance(tool, FunctionTool)
    tool.seconds = 0.02
    assert ran(tool, x=1) == (False, "no result within 0.02 s")
    assert tool._left_behind == 1
    tool._left_behind = 16
    assert ran(tool, x=1) == (False, "16 calls of 'hangs' have not ended")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nowhere.py:x", "no file 'nowhere.py'"),
        ("mine.py:x", "'mine.py' has no function 'x': it has: weather, later, broken"),
        ("mine.py:number", "has no function 'number'"),
        ("mine.py:takes_places", "takes 'values' by its place"),
        ("mine.py:Half", "is no tool: it has no 'description'"),
        ("mine.py:Fails", "cannot be made .RuntimeError: no key."),
        ("mine.py:Exits", "cannot be made .SystemExit: 4."),
        ("bad.py:x", "cannot be loaded .SyntaxError"),
        ("ends.py:x", "cannot be loaded .SystemExit: 5"),
    ],
)
def test_what_is_no_tool_is_told(file: Path, named: str, said: str) -> None:
    (file.parent / "ends.py").write_text("raise SystemExit(5)", encoding="utf-8")
    (file.parent / "bad.py").write_text("def x(:", encoding="utf-8")
    path = file.parent / named.partition(":")[0] if "nowhere" not in named else named.partition(":")[0]
    with pytest.raises(ConfigInvalid, match=said):
        load(f"{path}:{named.partition(':')[2]}")
