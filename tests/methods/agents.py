"""What the agent's tests share: a scripted engine, a small knowledge base, tools, a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from bakeoff.core.hashing import content_key
from bakeoff.core.protocols import EngineLimits, MethodConfig, ToolConfig
from bakeoff.core.retrieval import Passage
from bakeoff.core.tools import Tool, ToolResult
from bakeoff.core.types import Completion, FinishReason, Json, ModelIdentity, Request
from bakeoff.methods.react import React
from bakeoff.tools.calculator import Calculator
from bakeoff.tools.retrieval import Retrieval

Script = Sequence[str] | Callable[[Request], str]


class Scripted:
    """An engine that says what it was told to, one reply after the other, and keeps what it was asked."""

    identity = ModelIdentity("scripted", "s")

    def __init__(self, script: Script, tools: bool = False, finish: FinishReason = "stop", context: int | None = None):
        self.script = script
        self.finish = finish
        self.limits = EngineLimits(tools=tools, context_length=context)
        self.requests: list[Request] = []

    async def generate(self, request: Request) -> Completion:
        self.requests.append(request)
        place = len(self.requests) - 1
        text = self.script(request) if callable(self.script) else self.script[min(place, len(self.script) - 1)]
        key = content_key(self.identity, request)
        return Completion(key, text, self.finish, 10, 5, cost=0.001, latency_s=0.01)

    async def close(self) -> None:
        pass


@dataclass
class Shelf:
    """A knowledge base in memory: passages ranked by the words that they share with the query."""

    passages: Sequence[Passage]
    identity: str = "shelf"

    async def search(self, query: str, count: int) -> list[Passage]:
        words = set(query.lower().replace("?", "").split())
        ranked = sorted(self.passages, key=lambda one: -len(words & set(f"{one.title} {one.text}".lower().split())))
        return ranked[:count]


@dataclass
class Said:
    """A tool that says what it is told to, or does what it is told to."""

    name: str = "oracle"
    description: str = "Says things."
    steady: bool = True
    says: Callable[[Mapping[str, Json]], ToolResult] = lambda arguments: ToolResult("said")
    identity: str = "said"
    schema: Mapping[str, Json] = field(
        default_factory=lambda: {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
        }
    )
    asked: list[Mapping[str, Json]] = field(default_factory=list)

    async def execute(self, arguments: Mapping[str, Json]) -> ToolResult:
        self.asked.append(arguments)
        return self.says(arguments)


@dataclass
class Memory:
    """What tools said, in a dictionary."""

    kept: dict[str, ToolResult] = field(default_factory=dict)

    def find(self, key: str) -> ToolResult | None:
        return self.kept.get(key)

    def keep(self, key: str, result: ToolResult) -> None:
        self.kept[key] = result


def agent(*tools: Tool, **options: bool | int | float | str) -> React:
    return React(MethodConfig(None, options, None, tools))


def remembering(tool: Tool, memory: Memory) -> React:
    return React(MethodConfig(None, {}, None, (tool,), memory))


def with_shelf(*passages: Passage, **options: bool | int | float | str) -> React:
    return agent(Calculator(), Retrieval(ToolConfig(retriever=Shelf(passages))), **options)


def step(thought: str, action: str, **arguments: str) -> str:
    body = ", ".join(f'"{name}": "{value}"' for name, value in arguments.items())
    return f"Thought: {thought}\nAction: {action}\nAction Input: {{{body}}}"
