"""The names of tools, joined to what they are: wherever they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bakeoff.app.settings import Settings
from bakeoff.app.toolbox import memory_for, named
from bakeoff.app.wiring import build_method
from bakeoff.core.errors import ConfigInvalid, MissingKey, UnknownName, UsageError
from bakeoff.core.specs import method_of
from bakeoff.core.tools import ToolResult
from bakeoff.methods.react import React
from bakeoff.tools import TOOLS


@pytest.fixture
def settings() -> Settings:
    return Settings.load()


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ("calculator", ["calculator"]),
        ("calculator+search", ["calculator", "search"]),
        (" calculator + a/b.py:f ", ["calculator", "a/b.py:f"]),
        ("mcp:http://127.0.0.1/x?a=1+2+calculator", ["mcp:http://127.0.0.1/x?a=1+2", "calculator"]),
        ("mcp:c++ server+mcp:d", ["mcp:c++ server", "mcp:d"]),
        ("", []),
        ("+", []),
    ],
)
def test_a_list_of_tools(told: str, names: list[str]) -> None:
    assert named(told) == names


def test_a_label_becomes_an_agent_with_its_tools(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def double(n: int) -> str:\n    return str(2 * n)\n", encoding="utf-8")
    label = f"react:max_iterations=3,tools=calculator+{tmp_path}/mine.py:double"
    spec = method_of(label)
    assert spec.label == label
    method = build_method(spec, None, settings)
    assert isinstance(method, React) and list(method._tools) == ["calculator", "double"]
    assert isinstance(build_method(spec), React)  # to grade again it needs none of them


@pytest.mark.parametrize(
    ("label", "error", "said"),
    [
        ("react:tools=calculater", UnknownName, "unknown tool 'calculater': did you mean 'calculator'"),
        ("react:tools=calculator+calculator", ConfigInvalid, "two tools are called 'calculator'"),
        ("react:tools=retrieval", ConfigInvalid, "no knowledge base is named"),
        ("react:tools=search", ConfigInvalid, "HF_HUB_OFFLINE is set"),
        ("react:tools=x.py:y", ConfigInvalid, "no file 'x.py'"),
        ("react:tools=mcp:https://me:key@host/mcp", ConfigInvalid, "holds a user or password"),
        ("react:tools=mcp:https://host/mcp?api_key=abc", ConfigInvalid, "seems to hold a key"),
        ("react:tools=mcp:https://host/mcp,mcp_key_env=NO_SUCH_KEY", MissingKey, "no API key for 'MCP server host'"),
        ("react:tools=calculator,allow=python", ConfigInvalid, "allow 'python', which is none of its tools"),
        ("react:tools=", ConfigInvalid, "'tools=' names none"),
        ("react:tools=+", ConfigInvalid, "'tools=' names none"),
        ("react:max_iterations=0", ConfigInvalid, "from 1 to 50 is expected"),
        ("react:calls=both", ConfigInvalid, "one of text, native, auto is expected"),
        ("react:5", ConfigInvalid, "takes no shots"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_asked(
    settings: Settings, label: str, error: type[UsageError], said: str
) -> None:
    with pytest.raises(error) as raised:
        build_method(method_of(label), None, settings)
    assert said in str(raised.value)


def test_every_tool_of_the_table_is_one(settings: Settings) -> None:
    for name in TOOLS.names():
        cls: Any = TOOLS.load(name)
        assert cls.name == name and cls.description and cls.parameters["type"] == "object"
        assert cls.seconds > 0 and cls.most <= 4000


def test_what_tools_said_is_kept_at_home(settings: Settings) -> None:
    memory_for({}, settings).keep("ab", ToolResult("x"))
    assert (settings.home / "tools" / "ab" / "ab.json").is_file()
