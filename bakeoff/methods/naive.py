"""The question as it is: `Question: … Answer:`, after the benchmark's instruction if it has one.

The baseline that every other method is compared with.

    Question: What is the capital of Mongolia?
    Answer:
"""

from __future__ import annotations

from bakeoff.core.protocols import Task
from bakeoff.core.types import Message, Sample
from bakeoff.methods._single_call import SingleCall


class Naive(SingleCall):
    name = "naive"
    # A model that goes on to ask itself the next question has answered this one.
    stop = ("\nQuestion:",)

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        asks = task.benchmark.instruction()
        text = f"Question: {sample.question}\nAnswer:"
        return (Message("user", f"{asks}\n\n{text}" if asks else text),)
