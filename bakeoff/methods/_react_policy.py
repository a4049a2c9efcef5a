"""What an agent may do with its tools: which, how often, for how long. Pure.

What a tool said is text to read; if it talks the model into a call, that call is judged by the same rule as any
other, so an instruction in a passage gains nothing that the user did not allow. Example:

    Policy(frozenset({"search"}), calls=10, each=5, seconds=60).refusal("python", Counter(), 0.0)
    # "tool 'python' is not allowed; allowed: search"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bakeoff.methods._react_parse import is_label

_ORDERS = re.compile(
    r"(?i)\b(?:ignore|disregard|forget|override)\b[^.\n]{0,60}\b(?:instruction|prompt|rule|question|above|previous)"
    r"|\b(?:call|use|run|invoke|execute)\b[^.\n]{0,30}\btool\b"
    r"|<\|?(?:tool_call|im_start|system)|\"name\"\s{0,5}:\s{0,5}\"[^\"\n]{0,60}\"\s{0,5},\s{0,5}\"arguments\""
)


@dataclass(frozen=True, slots=True)
class Policy:
    """`calls` in all, `each` of one tool, `seconds` of all tools together, in one trial."""

    allowed: frozenset[str]
    calls: int
    each: int
    seconds: float

    def refusal(self, name: str, made: Mapping[str, int], spent: float) -> str:
        """Why a call may not be made; empty when it may. `made`: calls of each tool so far."""
        if name not in self.allowed:
            known = ", ".join(sorted(self.allowed)) or "none"
            return f"tool '{name[:60]}' is not allowed; allowed: {known}"
        if sum(made.values()) >= self.calls:
            return f"all {self.calls} tool calls are used up: answer with what is known"
        if made.get(name, 0) >= self.each:
            return f"tool '{name}' was called {self.each} times, which is all that is allowed"
        if spent >= self.seconds:
            return f"the {self.seconds:g} s for tools are used up: answer with what is known"
        return ""


def gives_orders(text: str) -> bool:
    """Whether what a tool said looks like an instruction to the agent, or like a step of its own."""
    return _ORDERS.search(text) is not None or any(is_label(line) for line in text.split("\n"))


def as_quoted(text: str) -> str:
    """What a tool said, with a mark before each line that looks like a step of the agent's own."""
    return "\n".join(f"| {line}" if is_label(line) else line for line in text.split("\n"))
