"""Runs a Python program in the sandbox: what it prints, and the value of its last line.

No network, no files, limits of time and memory: the sandbox that also grades code (`BAKEOFF_SANDBOX`). The value
stands on a line of its own. A program that ends itself without an error (`sys.exit()`, `exit(0)`) is a success.

    {"code": "print(sum(range(10)))"}      → 45
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import CodeCall, CodeRunner, ToolConfig
from bakeoff.core.types import Json
from bakeoff.tools._bounded import BoundedTool, ToolFailed

MAX_CODE = 20_000
# Runs inside the sandbox. What it does is of no matter to us: its reply is text, and cut outside again.
_HOST = """
import ast, contextlib, io, sys, traceback

def on_a_line(printed, text):
    before = printed.getvalue()
    printed.write(("\\n" if before and before[-1] != "\\n" else "") + text)

def run(source, most):
    printed = io.StringIO()
    space = {"__name__": "__main__", "exit": sys.exit, "quit": sys.exit}
    failed = False
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            tree = ast.parse(source)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "program.py", "exec"), space)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "program.py", "eval"), space)
                if value is not None:
                    on_a_line(printed, repr(value))
        except BaseException as error:
            failed = not isinstance(error, SystemExit) or error.code not in (None, 0)
            if failed:
                on_a_line(printed, "".join(traceback.format_exception_only(error)).strip())
    text = printed.getvalue()
    return [failed, (text[-most:] if failed else text[:most]).encode("utf-8", "replace").decode()]
"""


class PythonTool(BoundedTool):
    name = "python"
    description = "Runs a Python program and returns what it prints. No network, no files."
    parameters: ClassVar[Mapping[str, Json]] = {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "a program", "minLength": 1, "maxLength": MAX_CODE}},
        "required": ["code"],
        "additionalProperties": False,
    }
    needs = ("runner",)
    steady = False  # it may draw numbers, or look at the clock
    seconds = 60.0  # it waits for its turn; the sandbox's own limits hold the program

    def __init__(self, config: ToolConfig) -> None:
        if config.runner is None:
            raise ConfigInvalid("tool 'python' needs a sandbox", "set BAKEOFF_SANDBOX to one that works here")
        self._runner: CodeRunner = config.runner

    @property
    def identity(self) -> str:
        return "python:2"

    async def run(self, arguments: Mapping[str, Json]) -> str:
        call = CodeCall((str(arguments["code"]), self.most + 1))
        result = await self._runner.call(_HOST, "run", [call])
        if result.error is not None:
            raise ToolFailed(f"the program was stopped: {result.error}")
        told = result.values[0] if result.values else None
        if not isinstance(told, list) or len(told) != 2:
            raise ToolFailed("the program left no result")
        text = str(told[1]).strip()
        if told[0]:
            raise ToolFailed(text[-300:])
        return text or "(nothing was printed)"
