"""Run the tests of a benchmark against a program that a model wrote, in processes that share nothing.

Program and tests run in two processes of the sandbox: what the tests call is run in the program's,
and plain data comes back. So `os._exit(0)`, objects that equal everything, patched builtins and a
search for the expected values all fail (https://arxiv.org/abs/2107.03374, section 2.3, warns of such
programs). Licence: ours. Repeats of a sample give c of n for `stats.passes.pass_at_k`. Printed example:
two of three assertions hold → incorrect, "assert f(2) == 4 (it returned 3)".
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from typing import Literal

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import CodeRunner
from bakeoff.core.protocols import CodeTests as Job
from bakeoff.core.types import Json, Sample, Score

Kind = Literal["reply", "completion", "function"]
MOST_SECONDS = 600.0
MOST_PARSED = 20_000  # characters: many times a solution's, and parsed in a fraction of a second
_FUTURE = re.compile(r"(?m)^from __future__ import [^\n]*\n?")


class CodeTests:
    continuous = False

    def __init__(
        self,
        runner: CodeRunner,
        program: Kind = "reply",
        helpers: Literal["program", "reference"] = "program",
        seconds: float = 10.0,
        setup: bool = True,
        tests: str = "tests",
    ) -> None:
        """`program`: what the reply is - all of it, what follows the prompt, or a function that the prompt begins.

        `helpers`: whose functions the tests use beside the one that is tested. `setup`: whether the
        benchmark's own preparation is run before the tests. `tests`: which of the target's lists they are.
        """
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 < seconds <= MOST_SECONDS:
            raise ConfigInvalid(
                f"option 'seconds' of scorer 'code_tests' is {seconds!r:.40}",
                f"write a number over 0 and up to {MOST_SECONDS:g}",
            )
        self._tests = tests
        self._runner = runner
        self._program: Kind = program
        self._helpers: Literal["program", "reference"] = helpers
        self._seconds = seconds
        self._setup = setup

    async def score(self, sample: Sample, extracted: str) -> Score:
        target = sample.target
        if not isinstance(target, dict) or not isinstance(target.get(self._tests), list):
            raise ValueError(f"sample '{sample.id}' has no tests to run")
        entry = _text(target, "entry_point")
        tests = target[self._tests]
        job = Job(
            code=whole_program(extracted, sample.fields.get("prompt", ""), entry, self._program),
            tests=tuple(str(test) for test in tests) if isinstance(tests, list) else (),
            entry_point=entry,
            setup=_text(target, "setup") if self._setup else "",
            reference=_text(target, "reference"),
            helpers=self._helpers,
            seconds=self._seconds,
        )
        verdict = await self._runner.test(job)
        right = bool(verdict.passed) and all(verdict.passed)
        parts = {"passed": float(sum(verdict.passed)), "tests": float(len(job.tests)), "pass@1": float(right)}
        reason = verdict.reason or f"{len(job.tests)} of {len(job.tests)} tests passed"
        return Score(float(right), f"{reason} [{verdict.backend}]", parts)


def _text(target: dict[str, Json], name: str) -> str:
    value = target.get(name)
    return value if isinstance(value, str) else ""


def whole_program(reply: str, prompt: str, entry: str, kind: Kind) -> str:
    """The program to run: the reply, with what the prompt gave it where the reply leaves that out.

    As a "function", a reply that binds `entry` in any way keeps the imports and helpers that the prompt has
    before it; one that does not is taken for the body.
    """
    if kind == "reply":
        return reply
    if kind == "completion":
        return prompt + reply
    header = re.compile(rf"(?m)^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(entry)}\b")
    if not header.search(reply) and not _binds(reply, entry):
        first = next((line for line in reply.split("\n") if line.strip()), "")
        body = reply if first[:1] in (" ", "\t") else textwrap.indent(reply, "    ")
        return f"{prompt.rstrip()}\n{body}\n"
    place = header.search(prompt)
    given = prompt[: place.start()] if place else ""
    future = "".join(_FUTURE.findall(reply))  # has to come first
    return f"{future}{given}\n{_FUTURE.sub('', reply) if future else reply}\n"


def _binds(reply: str, entry: str) -> bool:
    """Whether the reply is a module that binds `entry`: `root = _impl`, `class root`, `import isqrt as root`.

    What returns or yields at its top level is a function's body, whatever names it uses.
    """
    if len(reply) > MOST_PARSED or entry not in reply:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a reply's escapes nobody here wants to hear
            left: list[ast.AST] = [*ast.parse(reply).body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # hostile replies reach all of these
        return False
    bound = False
    while left:
        node = left.pop()
        match node:
            case ast.Return() | ast.Yield() | ast.YieldFrom():
                return False
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound |= name == entry
                continue  # what is inside binds nothing out here
            case ast.Lambda():
                continue
            case ast.alias():
                bound |= (node.asname or node.name.partition(".")[0]) == entry
            case ast.Name(id=name, ctx=ast.Store()):
                bound |= name == entry
        left.extend(ast.iter_child_nodes(node))
    return bound
