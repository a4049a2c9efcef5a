"""Zero-shot chain of thought: reason first, then answer after a marker (Kojima et al. 2022).

Paper https://arxiv.org/abs/2205.11916. The answer is looked for after "Answer:", then in a
sentence that begins with "Therefore", then in the last sentence; the trial says which rule fired.

    Question: …
    Think step by step. Then give the final answer on a line of its own, like this:
    Answer: <number>
"""

from __future__ import annotations

from bakeoff.core.protocols import Task
from bakeoff.core.types import Message, Sample
from bakeoff.methods._single_call import SingleCall


class ChainOfThought(SingleCall):
    name = "cot"

    def reasons(self, task: Task) -> bool:
        return True

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        text = (
            f"Question: {sample.question}\n\n"
            "Think step by step. Then give the final answer on a line of its own, like this:\n"
            f"Answer: <{task.benchmark.answer_form()}>"
        )
        return (Message("user", text),)
