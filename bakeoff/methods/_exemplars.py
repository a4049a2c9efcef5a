"""Worked examples of our own, by family of task, and the prompt that shows them.

A family is told by the kind of answer that is looked for. The examples stand in `exemplars.toml`, three to five
of each; a benchmark whose answers are of no family (a list of tool calls) has none. Example:

    family(sample, task)          # "arithmetic"
    prompt(sample, task, 3)       # the instruction, three examples, the question
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from bakeoff.core.answers import kind_of
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import Task
from bakeoff.core.types import Message, Sample

_YES_OR_NO = frozenset({"yes", "no", "true", "false"})
_OF_KIND = {"number": "arithmetic", "math": "formula", "letter": "choice", "code": "code"}
_OF_FORM = {"summary": "summary", "translation": "translation", "the text asked for": "writing"}
_ANSWERED = re.compile(r"(?im)^[ \t*_#]{0,6}answer\b")
_NEXT_QUESTION = re.compile(r"\n\s{0,20}Question:")


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A question, how one gets to its answer, and the answer."""

    question: str
    reasoning: str
    answer: str

    def shown(self) -> str:
        between = "\n" if "\n" in self.answer else " "
        return f"Question: {self.question}\nReasoning: {self.reasoning}\nAnswer:{between}{self.answer}"


@lru_cache(maxsize=1)
def exemplars() -> dict[str, tuple[Exemplar, ...]]:
    """Every family's examples, in the order in which they are shown."""
    text = files("bakeoff.methods").joinpath("exemplars.toml").read_text(encoding="utf-8")
    return {name: tuple(Exemplar(**one) for one in listed) for name, listed in tomllib.loads(text).items()}


def family(sample: Sample, task: Task) -> str:
    """Which family a sample is of. Raises ConfigInvalid where there are no examples for its kind of answer."""
    kind, form = kind_of(sample, task.profile), task.benchmark.answer_form()
    if kind == "label":
        return "boolean" if _YES_OR_NO.issuperset(label.lower() for label in sample.labels) else "label"
    if kind == "text":
        return "reading" if "\n\n" in sample.question else "short"
    found = _OF_FORM.get(form) if kind == "whole" else _OF_KIND[kind]
    if found is None:
        raise ConfigInvalid(
            f"there are no worked examples for answers of the form '{form}' ('{task.benchmark.name}')",
            "use method cot, which shows none, or few_shot",
        )
    return found


def prompt(sample: Sample, task: Task, shots: int | None) -> tuple[Message, ...]:
    """The instruction, the family's first `shots` examples (all, where None), the question. Raises ConfigInvalid."""
    name = family(sample, task)
    known = exemplars()[name]
    if shots is not None and shots > len(known):
        raise ConfigInvalid(
            f"there are {len(known)} worked examples of family '{name}', and {shots} are wanted",
            f"ask for {len(known)} or fewer",
        )
    asks = task.benchmark.instruction()
    how = (
        "Think step by step, as in the examples. Then give the final answer on a line of its own, like this:\n"
        f"Answer: <{task.benchmark.answer_form()}>"
    )
    shown = [one.shown() for one in known[: shots or len(known)]]
    blocks = [*([asks] if asks else []), how, *shown, f"Question: {sample.question}\nReasoning:"]
    return (Message("user", "\n\n".join(blocks)),)


def own_part(text: str) -> str:
    """A reply without the further questions that a model asks itself once it has answered ours."""
    answered = _ANSWERED.search(text)
    further = _NEXT_QUESTION.search(text, answered.end()) if answered else None
    return text[: further.start()] if further else text
