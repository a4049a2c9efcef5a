"""What a model wrote as one step of an agent: a thought, then a call of a tool or the answer. Pure.

Models write it in many ways; these are read: `Action: name` with `Action Input: {…}`, `Action: name[…]`, `name(…)`,
JSON of name and arguments, and tool calls as an engine tells them. The first step counts: what a model writes behind
its own call - an observation that nobody made, an answer drawn from it - is dropped. Example:

    parse("Thought: add\\nAction: calculator\\nAction Input: 2 + 2").calls      # (Call("calculator", "2 + 2"),)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from bakeoff.core.types import Json

MAX_CHARS = 20_000
MAX_CALLS = 8  # of one reply
_LABEL = re.compile(
    r"[ \t*#>_`-]{0,8}(?P<label>thought|action[ _]input|action|observation|final[ _]answer|answer)"
    r"[ \t]?[0-9]{0,3}[*_`]{0,3}[ \t]?:[*_`]{0,3}",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"([A-Za-z_][\w.\-/]{0,79})[ \t]*[\[(](.*)[\])][\s.;`]{0,20}\Z", re.DOTALL)
_COLON = re.compile(r"([A-Za-z_][\w.\-/]{0,79})[ \t]*:[ \t]+(\S.*)\Z", re.DOTALL)
_NAMES = ("name", "tool", "action", "function", "tool_name")
_ARGUMENTS = ("arguments", "args", "action_input", "input", "parameters", "tool_input")
_FINISH = frozenset({"finish", "final", "final_answer", "final answer", "answer"})
_QUOTES = " \t\r\n`*\"'."


@dataclass(frozen=True, slots=True)
class Call:
    """A tool that a model wants called, and its arguments: an object, or text as it was written."""

    name: str
    arguments: str | Mapping[str, Json] = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """One step. `kept` is the reply up to its end; `invented` says that the model went on to observe by itself."""

    kept: str
    calls: tuple[Call, ...] = ()
    answer: str | None = None
    invented: bool = False

    @property
    def readable(self) -> bool:
        return bool(self.calls) or self.answer is not None


def parse(reply: str) -> Parsed:
    """The first step in a reply. Never raises, in time that is linear in the reply."""
    text = without_thinking(reply[:MAX_CHARS])
    sections = list(_sections(text))
    for place, (label, start, body, end) in enumerate(sections):
        if label == "observation":
            return Parsed(text[:start].rstrip(), invented=True)
        if label == "answer":
            return _answered(text, end, body, sections[place + 1 :])
        if label == "action":
            return _called(text, sections[place:])
    return _in_json(text)


def parse_native(reply: str) -> Parsed:
    """The same of an engine that is handed tools: calls as the engine tells them; any other reply is an answer."""
    calls = _listed(_loaded(reply.strip())) if reply.lstrip().startswith("[{") else ()
    if calls:
        return Parsed(reply.strip(), calls)
    text = without_thinking(reply[:MAX_CHARS])
    found = parse(text)
    if found.answer is not None:
        return found
    return Parsed(text.strip(), (), text.strip()) if text.strip() else Parsed("")


def last_answer(reply: str) -> str | None:
    """An answer that a reply names anywhere: the best there is when the steps are used up."""
    bodies = [body for label, _, body, _ in _sections(without_thinking(reply[:MAX_CHARS])) if label == "answer"]
    return next((body.strip() for body in reversed(bodies) if body.strip()), None)


def without_thinking(text: str) -> str:
    """The reply behind the thinking that some models show."""
    return text.rpartition("</think>")[2]


def is_label(line: str) -> bool:
    """Whether a line would be read as a part of a step."""
    return _LABEL.match(line) is not None


def _sections(text: str) -> Iterator[tuple[str, int, str, int]]:
    """(label, where it begins, its text, where that ends) for each labelled part."""
    found = [(hit, start) for start, line in _lines(text) if (hit := _LABEL.match(line))]
    for place, (hit, start) in enumerate(found):
        end = found[place + 1][1] if place + 1 < len(found) else len(text)
        label = hit["label"].lower().replace("_", " ")
        yield "answer" if label == "final answer" else label, start, text[start + hit.end() : end], end


def _lines(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for line in text.split("\n"):
        yield start, line
        start += len(line) + 1


def _answered(text: str, end: int, body: str, more: list[tuple[str, int, str, int]]) -> Parsed:
    said = body.strip()
    invented = any(label == "observation" for label, *_ in more)
    return Parsed(text[:end].rstrip(), (), said, invented) if said else Parsed(text[:end].rstrip(), (), None, invented)


def _called(text: str, sections: list[tuple[str, int, str, int]]) -> Parsed:
    """A call, from the section of its action on."""
    _, _, body, end = sections[0]
    given = None
    following = sections[1:]
    if following and following[0][0] == "action input":
        _, _, given, end = following[0]
        following = following[1:]
    invented = bool(following)
    kept = text[:end].rstrip()
    call = _call(body.strip(), given)
    if call is None:
        return Parsed(kept, (), None, invented)
    if call.name.lower() in _FINISH:
        said = call.arguments if isinstance(call.arguments, str) else _said(call.arguments)
        return Parsed(kept, (), said.strip(_QUOTES) or None, invented)
    return Parsed(kept, (call,), None, invented)


def _call(action: str, given: str | None) -> Call | None:
    if given is not None:
        name = action.partition("\n")[0].strip(_QUOTES + "[]()")
        return Call(name[:80], unfenced(given)) if name else None
    told = _listed(_loaded(unfenced(action)))
    if told:
        return told[0]
    for pattern in (_BRACKETS, _COLON):
        hit = pattern.match(action.strip("`* \t"))
        if hit:
            return Call(hit[1], unfenced(hit[2]))
    first, _, rest = action.partition("\n")
    name = first.strip(_QUOTES)
    return Call(name[:80], unfenced(rest)) if name and " " not in name else None


def _in_json(text: str) -> Parsed:
    """A call that is a JSON object somewhere in the reply, and nothing else is labelled."""
    start, end = text.find("{"), text.rfind("}") + 1
    calls = _listed(_loaded(text[start:end])) if 0 <= start < end else ()
    return Parsed(text[:end].rstrip(), calls[:1]) if calls else Parsed(text.strip())


def _listed(found: object) -> tuple[Call, ...]:
    """Calls in a JSON value: an object with a name and arguments, or a list of such."""
    entries = found if isinstance(found, list) else [found]
    calls = [_of_object(entry) for entry in entries[:MAX_CALLS] if isinstance(entry, dict)]
    return tuple(call for call in calls if call is not None) if len(calls) == len(entries[:MAX_CALLS]) else ()


def _of_object(entry: Mapping[str, Json]) -> Call | None:
    inner = entry.get("function")
    if isinstance(inner, dict):
        entry = inner
    name = next((entry[key] for key in _NAMES if isinstance(entry.get(key), str)), None)
    if not isinstance(name, str) or not name.strip():
        return None
    given = next((entry[key] for key in _ARGUMENTS if key in entry), "")
    return Call(name.strip()[:80], given if isinstance(given, str | dict) else _dumped(given))


def _loaded(text: str) -> object:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _dumped(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # nested too deeply
        return str(value)[:200]


def _said(arguments: Mapping[str, Json]) -> str:
    """The answer in the arguments of a finishing call."""
    values = list(arguments.values())
    return str(values[0]) if values else ""


def unfenced(text: str) -> str:
    """The text without a fence of code around it."""
    inner = text.strip()
    if inner.startswith("```"):
        first, line_break, rest = inner.partition("\n")
        inner = rest if line_break else first.strip("`")
        inner = inner.rstrip().removesuffix("```")
    return inner.strip().strip("`").strip()
