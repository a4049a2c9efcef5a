"""Least to most: first the simpler questions that a question rests on, then the question itself (Zhou et al. 2023).

Paper https://arxiv.org/abs/2205.10625. Spec: `least_to_most`, or `least_to_most:subquestions=3` (default 4). One call
lists the simpler questions, each of them is a call that sees the answers before it, and a last call answers the
question. Where the list holds none, the question is asked at once, and the trace says so.

    Question: …

    Which simpler questions have to be answered first? List at most 4 of them, the simplest first, each on a line of
    its own with its number, and do not answer them.
"""

from __future__ import annotations

import re

from bakeoff.core.options import Option, settled
from bakeoff.core.protocols import Engine, MethodConfig, Task
from bakeoff.core.types import Answer, Message, Request, Sample
from bakeoff.methods._single_call import oracle
from bakeoff.methods._steps import Trail

MOST_CHARS = 2000  # of a simpler question's answer that the later calls are shown
_LISTED = re.compile(r"(?m)^[ \t*_-]{0,8}(?:\d{1,2}[.):]|[-*•])[ \t*_]{1,8}(\S[^\n]{3,300})")
_A_LIST = ("1. What is known?\n2. What follows from it?",)  # what the fake engine says when it is right
_A_THOUGHT = ("It follows from what is known.",)


class LeastToMost:
    name = "least_to_most"
    OPTIONS = {"subquestions": Option(4, "simpler questions at most", low=1, high=10)}

    def __init__(self, config: MethodConfig | None = None) -> None:
        options = settled(self.name, self.OPTIONS, config.options if config is not None else {})
        self._most = int(options["subquestions"])

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        text = (
            f"Question: {sample.question}\n\n"
            f"Which simpler questions have to be answered first? List at most {self._most} of them, the simplest"
            " first, each on a line of its own with its number, and do not answer them."
        )
        return (Message("user", text),)

    def reasons(self, task: Task) -> bool:
        return True

    def calls(self, sample: Sample, task: Task) -> int:
        """The most calls that an answer takes."""
        return self._most + 2

    def limit(self, sample: Sample, task: Task) -> int:
        return self.calls(sample, task) * task.sampling(sample, 0, (), True).max_tokens

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        sampling = task.sampling(sample, repeat, (), True)
        trail = Trail(engine)
        plan = await trail.ask(Request(self.prompt(sample, task), sampling, repeat, _A_LIST), "plan")
        questions = listed(plan.text, self._most)
        if not questions:
            trail.note("status", "no simpler question was listed, so the question is asked at once")
        solved: list[str] = []
        for question in questions:
            asked = _simpler(sample, solved, question)
            found = await trail.ask(Request(asked, sampling, repeat, _A_THOUGHT), "thought")
            solved.append(f"Simpler question: {question}\nIts answer: {found.text.strip()[:MOST_CHARS]}")
        last = await trail.ask(Request(_whole(sample, task, solved), sampling, repeat, oracle(sample)))
        return trail.answer(last, last.text)


def listed(text: str, most: int) -> list[str]:
    """The questions of a numbered or dotted list, each once, `most` of them."""
    found = (hit.strip(" \t*_") for hit in _LISTED.findall(text[:20_000]))
    return list(dict.fromkeys(question for question in found if question))[:most]


def _simpler(sample: Sample, solved: list[str], question: str) -> tuple[Message, ...]:
    blocks = [f"Question: {sample.question}", *solved, f"Answer this simpler question, and no other: {question}"]
    return (Message("user", "\n\n".join(blocks)),)


def _whole(sample: Sample, task: Task, solved: list[str]) -> tuple[Message, ...]:
    how = (
        "Answer the question step by step, with the help of the answers above where there are any. Then give the final"
        f" answer on a line of its own, like this:\nAnswer: <{task.benchmark.answer_form()}>"
    )
    return (Message("user", "\n\n".join([f"Question: {sample.question}", *solved, how])),)
