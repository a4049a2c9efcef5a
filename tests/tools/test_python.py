"""Programs of an agent: run in the sandbox, never here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from unittest.mock import ANY

import pytest

from bakeoff.core.errors import ConfigInvalid, UsageError
from bakeoff.core.protocols import CodeCall, CodeResult, CodeRunner, CodeTests, CodeVerdict, ToolConfig
from bakeoff.core.tools import ToolResult
from bakeoff.sandbox.choice import choose
from bakeoff.tools.python import PythonTool
from tests.conftest import missing


def ran(code: str, runner: CodeRunner | None = None) -> ToolResult:
    if runner is None:
        try:
            runner = choose("auto")
        except UsageError as error:
            missing(f"no sandbox works here ({error.message})")
    return asyncio.run(PythonTool(ToolConfig(runner=runner)).execute({"code": code}))


@pytest.mark.parametrize(
    ("code", "success", "said"),
    [
        ("print(sum(range(10)))", True, "45"),
        ("x = 6\nx * 7", True, "42"),
        ("import math\nprint('a')\nmath.pi", True, "a\n3.141592653589793"),
        ("x = 1", True, "(nothing was printed)"),
        ("1 / 0", False, "ZeroDivisionError: division by zero"),
        ("def f(:", False, "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", False, "SystemExit: 3"),
        ("import sys\nprint(1)\nsys.exit('no')", False, "SystemExit: no"),
        ("open('/etc/passwd').read()", False, "Error"),
        ("import socket; socket.create_connection(('127.0.0.1', 80), 1)", False, "Error"),
        ("__import__('os')._exit(0)", False, "stopped"),
        ("print('\\ud800')", True, "?"),
    ],
)
def test_a_program_is_run_where_it_can_do_no_harm(code: str, success: bool, said: str) -> None:
    result = ran(code)
    assert result.success is success and said in result.text


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys\nsys.stdout.write('12')", "12\n2"),
        ("print(5, end='')\nlen('abc')", "5\n3"),
        ("print(5)\nlen('abc')", "5\n3"),
        ("print('a\\n')\n3", "a\n\n3"),
    ],
)
def test_the_value_stands_on_a_line_of_its_own(code: str, said: str) -> None:
    assert ran(code) == ToolResult(said, True, seconds=ANY)


def test_an_error_stands_on_a_line_of_its_own() -> None:
    result = ran("print(5, end='')\n1 / 0")
    assert (result.success, result.text) == (False, "5\nZeroDivisionError: division by zero")


def test_an_error_is_told_however_much_was_printed() -> None:
    assert "ZeroDivisionError" in ran("print('y' * 10**5)\n1 / 0").text


@pytest.mark.parametrize("end", ["sys.exit()", "sys.exit(0)", "exit(0)", "raise SystemExit", "sys.exit(None)"])
def test_a_program_that_ends_itself_without_an_error_is_a_success(end: str) -> None:
    result = ran(f"import sys\nprint(42)\n{end}\nprint(43)")
    assert (result.success, result.text) == (True, "42")


def test_what_it_prints_is_bounded() -> None:
    result = ran("print('y' * 10**6)")
    assert result.success and len(result.text) < 4100 and "more characters" in result.text


class Lying:
    """A sandbox whose program took over its process and answers as it likes."""

    def __init__(self, value: object) -> None:
        self.value = value

    async def call(self, code: str, entry_point: str, calls: Sequence[CodeCall]) -> CodeResult:
        return CodeResult((self.value,))

    async def test(self, job: CodeTests) -> CodeVerdict:
        raise AssertionError("no tests are run")


@pytest.mark.parametrize("value", [None, 3, [], [False], [False, "x" * 10**6], {"a": 1}, [False, {"a": [1]}]])
def test_a_program_that_takes_over_its_process_gains_nothing(value: object) -> None:
    assert len(ran("1", Lying(value)).text) < 4100


def test_without_a_sandbox_there_is_no_such_tool() -> None:
    with pytest.raises(ConfigInvalid, match="needs a sandbox"):
        PythonTool(ToolConfig())
