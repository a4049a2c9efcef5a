"""Where an agent stands: what was said, what was called how often, and what comes next. Pure but for its own fields.

It is told each reply (`heard`) and each result (`observed`) and says what to do: call tools, ask again, or end.
Every way through it ends: each reply uses up a step or the one repair that a step has. Example:

    state.heard("Thought: add\\nAction: calculator\\nAction Input: 2 + 2")     # Act of one call
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from bakeoff.core.tools import Tool, ToolResult
from bakeoff.core.types import Json, Message
from bakeoff.methods import _react_words as words
from bakeoff.methods._react_arguments import arguments_of, same_call
from bakeoff.methods._react_parse import Call, Parsed, last_answer, parse, parse_native, without_thinking
from bakeoff.methods._react_policy import Policy, as_quoted, gives_orders

Status = Literal["answered", "stuck", "max_iterations", "tool_error", "unparsed", "refused"]
STATUSES: tuple[Status, ...] = get_args(Status)
SAME_ACTION = 3  # the time at which an equal action ends the loop
FAILED_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Ready:
    """A call whose arguments were read; `refusal` says why it is not to be made."""

    name: str
    arguments: Mapping[str, Json]
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Call these tools, then tell what they said."""

    calls: tuple[Ready, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the model again; `why`, as the last step could not be read or no step is left."""

    why: str


@dataclass(frozen=True, slots=True)
class End:
    """It is over."""

    status: Status


Move = Act | Ask | End


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an agent may go: steps, characters of a prompt, and whether it is asked once more at the end."""

    iterations: int = 5
    prompt_chars: int = 16_000
    last_word: bool = False

    @property
    def calls(self) -> int:
        """The most calls of the engine that this allows."""
        return 2 * self.iterations + self.last_word


@dataclass(slots=True)
class State:
    """One trial of an agent."""

    tools: Mapping[str, Tool]
    policy: Policy
    bounds: Bounds
    form: str
    native: bool
    messages: list[Message]
    iteration: int = 1
    repaired: bool = False
    ending: Status | None = None  # of which only the last word is still to come
    answer: str | None = None
    answered_by: int | None = None  # which reply named that answer
    plain: str = ""  # the reply that could not be read for the second time: words, and maybe an answer
    replies: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    failed_in_a_row: int = 0
    spent: float = 0.0

    def prompt(self) -> tuple[Message, ...]:
        """The messages of the next call."""
        return words.fitted(self.messages, self.bounds.prompt_chars)

    def heard(self, reply: str, refused: bool = False) -> Move:
        """Take a reply; what to do next."""
        self.replies += 1
        self._note_answer(reply)
        if refused:
            return End("refused")
        if self.ending is not None:
            self._take_last_word(reply)
            return End(self.ending)
        step = parse_native(reply) if self.native else parse(reply)
        self.counts["invented"] += step.invented
        self.messages.append(Message("assistant", step.kept or "(nothing)"))
        if step.answer is not None:
            self.answer, self.answered_by = step.answer, self.replies - 1
            return End("answered")
        if not step.calls:
            return self._unreadable(step)
        return self._acted(step)

    def observed(self, calls: Sequence[Ready], results: Sequence[ToolResult]) -> Move:
        """Take what the calls of an `Act` brought; what to do next."""
        told: list[tuple[str, str]] = []
        for call, result in zip(calls, results, strict=True):
            if not call.refusal:
                self._note_result(call, result)
            text = result.text if result.success else f"Error: {result.text}"
            told.append((call.name, as_quoted(text)))
        self.messages.append(Message("user", words.observation(told, self.native)))
        if self.failed_in_a_row >= FAILED_IN_A_ROW:
            return self._over("tool_error")
        self.iteration += 1
        self.repaired = False
        return Ask("")

    def _note_answer(self, reply: str) -> None:
        named = last_answer(reply)
        if named is not None:
            self.answer, self.answered_by = named, self.replies - 1

    def _take_last_word(self, reply: str) -> None:
        """A reply to the last question that names no answer is one, unless it is a call."""
        said = without_thinking(reply).strip()
        if self.answered_by != self.replies - 1 and said and not parse(reply).calls:
            self.answer, self.answered_by = said, self.replies - 1

    def _note_result(self, call: Ready, result: ToolResult) -> None:
        self.made[call.name] += 1
        self.spent += result.seconds
        self.counts["calls"] += 1
        self.counts["failures"] += not result.success
        self.counts["orders"] += gives_orders(result.text)
        self.failed_in_a_row = 0 if result.success else self.failed_in_a_row + 1

    def _unreadable(self, step: Parsed) -> Move:
        if self.repaired:
            self.plain = step.kept
            return End("unparsed")
        self.repaired = True
        self.counts["repairs"] += 1
        why = words.repair(sorted(self.policy.allowed), self.form)
        self.messages.append(Message("user", why))
        return Ask(why)

    def _acted(self, step: Parsed) -> Move:
        ready = [self._ready(call) for call in step.calls]
        for call in ready:
            key = same_call(call.name, call.arguments)
            self.seen[key] += 1
            if self.seen[key] >= SAME_ACTION:
                return self._over("stuck")
        if self.iteration >= self.bounds.iterations and not self.bounds.last_word:
            return End("max_iterations")  # nobody would read what the tools say
        planned: list[Ready] = []
        made = Counter(self.made)
        for call in ready:
            refusal = self.policy.refusal(call.name, made, self.spent)
            made[call.name] += not refusal
            self.counts["denied"] += bool(refusal)
            planned.append(Ready(call.name, call.arguments, refusal))
        return Act(tuple(planned))

    def _ready(self, call: Call) -> Ready:
        name = call.name if call.name in self.tools else _nearest(call.name, self.tools)
        tool = self.tools.get(name)
        return Ready(name, arguments_of(call.arguments, tool.schema if tool is not None else {}))

    def _over(self, status: Status) -> Move:
        """The end, or one more question where the user wants a last word."""
        if not self.bounds.last_word:
            return End(status)
        self.ending = status
        if self.messages[-1].role == "user":
            self.messages[-1] = Message("user", f"{self.messages[-1].content}\n\n{words.last_word(self.form)}")
        else:
            self.messages.append(Message("user", words.last_word(self.form)))
        return Ask("last word")

    def at_limit(self) -> Move | None:
        """What to do where the steps are used up after an observation; None while there are some."""
        return self._over("max_iterations") if self.iteration > self.bounds.iterations else None

    def parts(self, status: Status) -> dict[str, float]:
        """Numbers of the trial, for reports to count."""
        found = {f"agent_{name}": float(name == status) for name in STATUSES}
        kinds = ("calls", "failures", "denied", "orders", "repairs", "invented")
        return (
            found
            | {"agent_steps": float(min(self.iteration, self.bounds.iterations))}
            | {f"agent_{kind}": float(self.counts[kind]) for kind in kinds}
        )


def _nearest(name: str, tools: Mapping[str, Tool]) -> str:
    """The tool of that name in other case, or with other signs; else the name as it is."""
    plain = {_plain(known): known for known in tools}
    return plain.get(_plain(name), name)


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
