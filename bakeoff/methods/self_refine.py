"""Self-refine: a draft, the model's own criticism of it, a correction, and so on (Madaan et al. 2023).

Paper https://arxiv.org/abs/2303.17651. Spec: `self_refine`, or `self_refine:rounds=3` (default 2 rounds of criticism
and correction). The draft is asked for as by `cot`. It ends early when the criticism finds nothing (a line "NO
MISTAKES"), when a correction changes nothing or holds no answer where the draft does (then the draft stays), and when
a call is refused.

    Question: …

    A reply to it:
    …

    Check this reply: is each step right, and does its last line answer the question? Name each mistake in a sentence.
    If there is none, reply with this line alone:
    NO MISTAKES
"""

from __future__ import annotations

import re

from bakeoff.core.answers import answer_in
from bakeoff.core.options import Option, settled
from bakeoff.core.protocols import Engine, MethodConfig, Task
from bakeoff.core.types import Answer, Completion, Message, Request, Sample
from bakeoff.methods._single_call import oracle
from bakeoff.methods._steps import Trail
from bakeoff.methods.cot import ChainOfThought

MOST_CHARS = 8000  # of a draft or a criticism that the next call is shown
_NOTHING_FOUND = re.compile(r"(?im)^\W{0,8}no (?:mistakes?|errors?)(?: (?:were |was )?found)?\W{0,8}$")
_NO_MISTAKES = ("NO MISTAKES",)  # what the fake engine says when it is right


class SelfRefine:
    name = "self_refine"
    OPTIONS = {"rounds": Option(2, "of criticism and correction, at most", low=1, high=10)}

    def __init__(self, config: MethodConfig | None = None) -> None:
        options = settled(self.name, self.OPTIONS, config.options if config is not None else {})
        self._rounds = int(options["rounds"])

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        return ChainOfThought().prompt(sample, task)

    def reasons(self, task: Task) -> bool:
        return True

    def calls(self, sample: Sample, task: Task) -> int:
        """The most calls that an answer takes."""
        return 1 + 2 * self._rounds

    def limit(self, sample: Sample, task: Task) -> int:
        return self.calls(sample, task) * task.sampling(sample, 0, (), True).max_tokens

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        sampling, trail = task.sampling(sample, repeat, (), True), Trail(engine)
        best = await trail.ask(Request(self.prompt(sample, task), sampling, repeat, oracle(sample)), "draft")
        ended = "refused" if best.finish_reason == "refusal" else ""
        for _ in range(0 if ended else self._rounds):
            asked = Request(_criticism(sample, best), sampling, repeat, _NO_MISTAKES)
            critique = await trail.ask(asked, "critique")
            ended = _ended(critique)
            if ended:
                break
            asked = Request(_correction(sample, task, best, critique), sampling, repeat, oracle(sample))
            again = await trail.ask(asked, "repair")
            ended = _kept(best, again, sample, task)
            if ended:
                break
            best = again
        trail.note("status", ended or "all rounds were used")
        return trail.answer(best, best.text)


def _ended(critique: Completion) -> str:
    """Why there is nothing to correct; empty where there is."""
    if critique.finish_reason == "refusal":
        return "refused"
    return "nothing found" if _NOTHING_FOUND.search(critique.text[:MOST_CHARS]) else ""


def _kept(draft: Completion, again: Completion, sample: Sample, task: Task) -> str:
    """Why a correction does not take the place of the draft; empty where it does."""
    if again.finish_reason == "refusal":
        return "refused"
    if again.text.strip() == draft.text.strip():
        return "nothing changed"
    lost = _answered(draft, sample, task) and not _answered(again, sample, task)
    return "the correction holds no answer" if lost else ""


def _answered(reply: Completion, sample: Sample, task: Task) -> bool:
    found = answer_in(reply.text, sample, task.profile, reasoned=True)
    return found is not None and (found.firm or reply.finish_reason != "length")


def _criticism(sample: Sample, draft: Completion) -> tuple[Message, ...]:
    text = (
        f"Question: {sample.question}\n\nA reply to it:\n{draft.text.strip()[:MOST_CHARS]}\n\n"
        "Check this reply: is each step right, and does its last line answer the question? Name each mistake in a"
        " sentence. If there is none, reply with this line alone:\nNO MISTAKES"
    )
    return (Message("user", text),)


def _correction(sample: Sample, task: Task, draft: Completion, critique: Completion) -> tuple[Message, ...]:
    text = (
        f"Question: {sample.question}\n\nA reply to it:\n{draft.text.strip()[:MOST_CHARS]}\n\n"
        f"What was said against it:\n{critique.text.strip()[:MOST_CHARS]}\n\n"
        "Write the reply anew, without these mistakes. Think step by step. Then give the final answer on a line of its"
        f" own, like this:\nAnswer: <{task.benchmark.answer_form()}>"
    )
    return (Message("user", text),)
