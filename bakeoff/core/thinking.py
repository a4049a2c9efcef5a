"""What a model thinks before it answers, kept apart from the answer.

Some servers hand the thinking over in a field of its own; others leave it in the reply between tags, or, where the
template opens the tag, with the closing tag alone. Only the answer is graded. A reply that ends within its thinking
was cut, whatever the server says of it: it has no answer, and so no wrong one (law 1). Example:

    apart("<think>6 * 7 is 42.</think>\n\n42")      # Apart(thinking="6 * 7 is 42.", answer="42", cut=False)
"""

from __future__ import annotations

import re
from typing import NamedTuple

from bakeoff.core.types import Completion

_OPEN = re.compile(r"\A\s{0,100}<(think|thinking|thought)>")
_CLOSE = "</think>"


class Apart(NamedTuple):
    """A reply in two; `cut` when it ends within the thinking."""

    thinking: str
    answer: str
    cut: bool


def apart(text: str) -> Apart:
    """The thinking and the answer of a reply. Without tags all of it is the answer."""
    opened = _OPEN.match(text)
    close = f"</{opened.group(1)}>" if opened else _CLOSE
    start = opened.end() if opened else 0
    end = text.find(close, start)
    if end >= 0:
        return Apart(text[start:end].strip(), text[end + len(close) :].lstrip("\n"), False)
    return Apart(text[start:].strip(), "", True) if opened else Apart("", text, False)


def set_apart(completion: Completion) -> Completion:
    """Move what stands between tags in a reply's text to its `thinking`; the same completion, changed."""
    if "<" not in completion.text[:200] and _CLOSE not in completion.text:
        return completion
    found = apart(completion.text)
    if found.answer == completion.text and not found.cut:
        return completion
    completion.thinking = "\n".join(filter(None, (completion.thinking, found.thinking)))
    completion.text = found.answer
    if found.cut:
        ended_within(completion)
    return completion


def ended_within(completion: Completion) -> Completion:
    """Say of a completion that it ends within its thinking."""
    if completion.finish_reason in ("stop", "other"):
        completion.finish_reason = "length"
    return completion


def cut_at(completion: Completion, stops: tuple[str, ...]) -> Completion:
    """End the answer where one of the stop texts begins: they were not sent, so that they end no thinking."""
    places = [place for stop in stops if stop and (place := completion.text.find(stop)) >= 0]
    if places:
        completion.text = completion.text[: min(places)]
        if completion.finish_reason in ("length", "other"):
            completion.finish_reason = "stop"  # the answer was whole before it was cut
    return completion
