"""The fake engine with a script: conversations that go as the file says."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request
from bakeoff.engines.fake import Fake

ROWS = """
{"asked": "taller", "say": ["Action: calculator", "Answer: {answer}"]}

{"asked": "older", "say": ["{answer}, I think"]}
"""


def fake(path: Path, **args: float | str) -> Fake:
    return Fake(EngineConfig(name="a", args={"accuracy": 1, "script": str(path), **args}))


def said(engine: Fake, asked: str, replies: int) -> str:
    turns = [Message("user", asked)]
    for number in range(replies):
        turns += [Message("assistant", f"reply {number}"), Message("user", "Observation: 1")]
    return asyncio.run(engine.generate(Request(tuple(turns), oracle=("20", "30")))).text


def test_the_nth_reply_is_the_nth_of_the_first_scene_that_fits(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(ROWS, encoding="utf-8")
    engine = fake(path)
    assert [said(engine, "Which is taller?", n) for n in range(4)] == ["Action: calculator"] + ["Answer: 20"] * 3
    assert said(engine, "Which is older?", 0) == "20, I think"
    assert said(engine, "Which is wider?", 0) == "20"
    assert said(fake(path, accuracy=0), "Which is taller?", 1) == "Answer: 30"


def test_another_script_is_another_model(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(ROWS, encoding="utf-8")
    before = fake(path).identity
    assert before == fake(path).identity != Fake(EngineConfig(name="a", args={"accuracy": 1})).identity
    path.write_text(ROWS + ROWS, encoding="utf-8")
    assert fake(path).identity != before


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("{", "1 is no scene"),
        ("\n[]", "2 is no scene"),
        ('{"say": []}', "1 is no scene"),
        ('{"say": [1]}', "1 is no scene"),
        (None, "cannot be read"),
    ],
)
def test_a_script_that_is_none_is_told(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "script.jsonl"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=problem):
        fake(path)
