"""Tools of an MCP server: a real one, made with the protocol's own package, over its streams and over HTTP."""

from __future__ import annotations

import asyncio
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.tools import ToolResult
from bakeoff.core.types import Json
from bakeoff.tools._mcp import McpTool, tools_of
from bakeoff.tools._mcp_session import Server
from tests.conftest import require

SERVER = Path(__file__).with_name("mcp_server.py")
COMMAND = shlex.join([sys.executable, str(SERVER)])


@pytest.fixture(autouse=True)
def installed() -> None:
    require("mcp")


Calls = list[tuple[str, dict[str, Json]]]


def called(tools: dict[str, McpTool], calls: Calls) -> list[ToolResult]:
    async def all_of_them() -> list[ToolResult]:
        return [await tools[name].execute(arguments) for name, arguments in calls]

    return asyncio.run(all_of_them())


def test_the_tools_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = {tool.name: tool for tool in tools_of(Server(COMMAND))}
    assert sorted(tools) == ["add", "end", "fail", "hang", "long", "surroundings"]
    assert tools["add"].description == "Add two numbers."
    assert tools["add"].schema["required"] == ["a", "b"] and not tools["add"].steady
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    tools["hang"].seconds = 0.3
    results = called(
        tools,
        [
            ("add", {"a": 1, "b": 2}),
            ("add", {"a": 1}),
            ("add", {"a": 1, "b": "x"}),
            ("fail", {}),
            ("long", {}),
            ("surroundings", {}),
            ("hang", {}),
            ("add", {"a": 20, "b": 22}),
            ("end", {}),
            ("add", {"a": 1, "b": 1}),
        ],
    )
    said = [(result.success, result.text[:60]) for result in results]
    assert said[:3] == [
        (True, "3"),
        (False, "argument 'b' is missing"),
        (False, "argument 'b' is a text, and a whole number is expected"),
    ]
    assert (results[3].success, results[3].text, results[3].fault) == (False, "Error executing tool fail", False)
    assert results[4].success and len(results[4].text) < 4100
    assert said[5] == (True, "nothing")
    assert said[6] == (False, "no result within 0.3 s") and results[6].fault
    assert said[7] == (True, "42")
    assert not results[8].success and results[8].fault and "MCP server" in results[8].text
    assert said[9] == (True, "2")  # it was started again


@pytest.fixture
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


def test_the_tools_of_an_address(address: str) -> None:
    tools = {tool.name: tool for tool in tools_of(Server(address, key="a-key"))}
    assert "a-key" not in repr(Server(address, key="a-key"))
    one, failed = called(tools, [("add", {"a": 1, "b": 2}), ("fail", {})])
    assert (one.text, failed.success) == ("3", False)
    assert tools["add"].identity.startswith(f"mcp:{address}:add:")
    (other,) = called(tools, [("add", {"a": 2, "b": 2})])  # another loop, another connection
    assert other.text == "4"
    for tool in tools.values():
        tool._session.server = Server("http://127.0.0.1:9/mcp")
    (result,) = called(tools, [("add", {"a": 1, "b": 2})])
    assert not result.success and result.fault  # it went away


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.1:9/mcp", "told no tools"),
        ("/nowhere/such-command", "told no tools"),
        (f"{shlex.quote(sys.executable)} -c pass", "told no tools"),
        ("'unclosed", "cannot be read|told no tools"),
        ("", "neither URL nor command|told no tools"),
    ],
)
def test_a_server_that_is_none_is_told(target: str, said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        tools_of(Server(target))
