"""An agent: it thinks, calls a tool, reads what that says, and so on until it answers (Yao et al. 2022).

Paper https://arxiv.org/abs/2210.03629. In text (`Thought`, `Action`, `Observation`), or by the tool calls of the
engine (`calls=native`). Ends as answered, stuck (the same action three times), max_iterations, tool_error (three
failures in a row), unparsed (a step that could not be read twice) or refused; the best answer named so far is kept.
Spec: `react:tools=calculator+search,max_iterations=5`.

    Question: …   Thought: …   Action: calculator   Action Input: {"expression": "3 * 17"}   Observation: 51
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import replace

from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import digest
from bakeoff.core.options import Option
from bakeoff.core.protocols import Engine, MethodConfig, Task
from bakeoff.core.tools import Tool, ToolMemory, ToolResult
from bakeoff.core.types import Answer, Completion, Json, Message, Request, Sample, Sampling
from bakeoff.methods import _react_words as words
from bakeoff.methods._rag_words import passages_in
from bakeoff.methods._react_policy import Policy
from bakeoff.methods._react_state import Act, Ask, Bounds, End, Ready, State, Status
from bakeoff.methods._steps import Trail

_CHARS_PER_TOKEN = 3  # few, so that a prompt fits for certain
_LEAST_PROMPT = 1000
_FINDS = "retrieval"
_UNSTORED = re.compile("[\x00\ud800-\udfff]")  # what no store and no engine takes: NUL, halves of surrogate pairs


class React:
    name = "react"
    needs = ("tools", "memory")
    OPTIONS = {
        "tools": Option("calculator", "tools, joined by '+': names, file.py:name, mcp:URL, mcp:COMMAND"),
        "allow": Option("", "tools that may be called, joined by '+'; empty: all of them"),
        "kb": Option("", "knowledge base of the tools that find passages"),
        "search": Option("hybrid", "how that base is searched", choices=("dense", "bm25", "hybrid")),
        "mcp_key_env": Option("", "environment variable with the key of an MCP server"),
        "calls": Option("text", "how tools are called", choices=("text", "native", "auto")),
        "example": Option(True, "show the form at work on a question of our own, where a tool has one"),
        "max_iterations": Option(5, "steps that an agent may take", low=1, high=50),
        "max_calls": Option(20, "tool calls in one trial", low=0, high=1000),
        "max_calls_each": Option(10, "calls of one tool in one trial", low=0, high=1000),
        "tool_seconds": Option(120.0, "seconds of all tools together in one trial", low=0, high=86_400),
        "prompt_chars": Option(16_000, "characters of a prompt; older observations are left out", low=_LEAST_PROMPT),
        "last_word": Option(False, "ask once more for an answer where the loop ends without one"),
    }

    def __init__(self, config: MethodConfig | None = None) -> None:
        given = config or MethodConfig()
        options = {name: given.options.get(name, option.default) for name, option in self.OPTIONS.items()}
        self._tools: dict[str, Tool] = {tool.name: tool for tool in given.tools}
        self._memory: ToolMemory | None = given.memory
        self._calls = str(options["calls"])
        self._example = bool(options["example"])
        self._policy = Policy(
            frozenset(_allowed(str(options["allow"]), self._tools)),
            int(options["max_calls"]),
            int(options["max_calls_each"]),
            float(options["tool_seconds"]),
        )
        self._bounds = Bounds(int(options["max_iterations"]), int(options["prompt_chars"]), bool(options["last_word"]))

    @property
    def depends(self) -> str:
        """What answers depend on besides model and words: the tools, their versions and what they read."""
        return "+".join(tool.identity for tool in self._tools.values())

    @property
    def native(self) -> bool:
        """Whether it needs an engine that is handed tools."""
        return self._calls == "native"

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        return self._first(sample, task, self.native)

    def _first(self, sample: Sample, task: Task, native: bool) -> tuple[Message, ...]:
        form = task.benchmark.answer_form()
        text = words.first_prompt(sample.question, form, list(self._tools.values()), native, self._example)
        asks = task.benchmark.instruction()
        return (Message("user", f"{asks}\n\n{text}" if asks else text),)

    def limit(self, sample: Sample, task: Task) -> int:
        return self.calls(sample, task) * self._sampling(sample, task, 0, False).max_tokens

    def calls(self, sample: Sample, task: Task) -> int:
        """The most calls of the engine that one answer takes."""
        return self._bounds.calls

    def reasons(self, task: Task) -> bool:
        return True

    def _sampling(self, sample: Sample, task: Task, repeat: int, native: bool) -> Sampling:
        return task.sampling(sample, repeat, () if native else words.STOP, reasoned=True)

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        native = self._is_native(engine)
        sampling = self._sampling(sample, task, repeat, native)
        state = State(
            self._tools,
            self._policy,
            self._fitting(engine, sampling),
            task.benchmark.answer_form(),
            native,
            list(self._first(sample, task, native)),
        )
        tools = words.tools_json(list(self._tools.values())) if native and self._tools else ""
        oracle = (sample.reference, *(label for label in sample.labels if label != sample.target))
        trail = Trail(engine)
        while True:
            request = Request(state.prompt(), sampling, repeat, oracle, tools=tools if state.ending is None else "")
            completion, at = await trail.call(request)
            trail.keep(completion, "thought", at)
            move = state.heard(completion.text, completion.finish_reason == "refusal")
            if isinstance(move, Act):
                results = [
                    await self._result(place, call, completion, trail, state.spent)
                    for place, call in enumerate(move.calls)
                ]
                move = state.observed(move.calls, results)
                if isinstance(move, Ask) and state.ending is None:
                    move = state.at_limit() or move
            elif isinstance(move, Ask) and state.ending is None:
                trail.note("repair", move.why)
            if isinstance(move, End):
                return _answer(state, trail, move.status)

    def _is_native(self, engine: Engine) -> bool:
        if self.native and not engine.limits.tools:
            raise ConfigInvalid(
                f"'{engine.identity.name}' is handed no tools, which react:calls=native asks for",
                "use react:calls=text, or auto",
            )
        return self._calls != "text" and engine.limits.tools

    def _fitting(self, engine: Engine, sampling: Sampling) -> Bounds:
        """The bounds, with a prompt that leaves room for the reply in the model's context."""
        context = engine.limits.context_length
        if context is None:
            return self._bounds
        room = max(_LEAST_PROMPT, (context - sampling.max_tokens) * _CHARS_PER_TOKEN)
        chars = min(self._bounds.prompt_chars, room)
        return Bounds(self._bounds.iterations, chars, self._bounds.last_word)

    async def _result(self, place: int, call: Ready, asked: Completion, trail: Trail, spent: float) -> ToolResult:
        """What a call brings: from the memory where it was made before, refused where the policy says so."""
        arguments = words.details_of(call.arguments)
        trail.note("action", call.name, {"arguments": arguments})
        if call.refusal:
            trail.note("observation", call.refusal, {"tool": call.name, "success": False, "denied": True})
            return ToolResult(call.refusal, False)
        at = trail.now
        result, kept = await self._made(place, call, asked, self._policy.seconds - spent)
        details: dict[str, Json] = {"tool": call.name, "success": result.success}
        # The step of what was kept is as long as the call once was, as it is with replies from the store.
        took = result.seconds if kept else None
        trail.note("observation", result.text, details | ({"kept": True} if kept else {}), at, took)
        return result

    async def _made(self, place: int, call: Ready, asked: Completion, left: float) -> tuple[ToolResult, bool]:
        """A result, and whether it is that of an earlier execution of the same trial. `left`: seconds it may take."""
        tool = self._tools[call.name]
        memory = self._memory if asked.key and not tool.steady else None
        if memory is None:
            return await _executed(tool, call.arguments, left), False
        key = digest([asked.key.hex(), place, tool.identity])  # the completion's key names all that came before
        found = memory.find(key)
        if found is not None:
            return found, True
        result = await _executed(tool, call.arguments, left)
        if not result.fault:
            memory.keep(key, result)
        return result, False


async def _executed(tool: Tool, arguments: Mapping[str, Json], left: float) -> ToolResult:
    """What a tool says, whoever wrote it: within the time that is left, clean text, and never an exception."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(left):
            result = _checked(await tool.execute(arguments), tool.name)
    except TimeoutError:
        result = ToolResult(f"no result within the {left:.1f} s that are left for tools", False, left, True)
    except (Exception, SystemExit) as error:
        result = ToolResult(f"{type(error).__name__}: {error}"[:300], False, 0.0, True)
    text = _UNSTORED.sub("\ufffd", str(result.text))
    return replace(result, text=text, seconds=result.seconds or time.perf_counter() - began)


def _checked(result: object, name: str) -> ToolResult:
    if isinstance(result, ToolResult):
        return result
    return ToolResult(f"'{name}' returned {type(result).__name__} instead of a ToolResult", False, 0.0, True)


def _allowed(told: str, tools: dict[str, Tool]) -> list[str]:
    """The names of the tools that may be called. Raises ConfigInvalid."""
    names = [name.strip() for name in told.split("+") if name.strip()]
    unknown = [name for name in names if tools and name not in tools]
    if unknown:
        raise ConfigInvalid(
            f"react is to allow '{unknown[0]}', which is none of its tools", f"its tools: {', '.join(tools)}"
        )
    return names or list(tools)


def _answer(state: State, trail: Trail, status: Status) -> Answer:
    parts = state.parts(status)
    told: dict[str, Json] = {"steps": int(parts["agent_steps"]), **dict(state.counts)}
    trail.note("status", status, told)
    place = -1 if state.answered_by is None else state.answered_by
    text = f"Answer: {state.answer}" if state.answer is not None else state.plain
    answer = trail.answer(trail.completions[place], text, reasoned=True, parts=parts)
    return replace(answer, context=tuple(_shown(trail).items()))


def _shown(trail: Trail) -> dict[str, str]:
    """The passages that the tool of that name showed, by their marks: what an answer can be faithful to."""
    shown: dict[str, str] = {}
    for step in trail.steps:
        if step.kind == "observation" and step.details.get("tool") == _FINDS and step.details.get("success"):
            shown |= dict(passages_in(step.text))
    return shown
