"""Few-shot chain of thought: worked examples that reason before they answer (Wei et al. 2022).

Paper https://arxiv.org/abs/2201.11903. The examples are ours and the same for every sample of a family of tasks
(`exemplars.toml`: three to five for word problems, formulas, multiple choice, yes or no, labels, reading, short
answers, summaries, writing, translation and code). Spec: `few_shot_cot` shows all of them, `few_shot_cot:2` the
first two. No text ends a reply, since reasoning may hold any; what follows a further "Question:" that the model
asks itself is not looked at.

    Think step by step, as in the examples. Then give the final answer on a line of its own, like this:
    Answer: <number>

    Question: A carpenter cuts a board of 3 metres …
    Reasoning: 3 metres are 300 centimetres. …
    Answer: 13

    Question: …
    Reasoning:
"""

from __future__ import annotations

from dataclasses import replace

from bakeoff.core.protocols import Engine, Task
from bakeoff.core.types import Answer, Message, Sample
from bakeoff.methods import _exemplars
from bakeoff.methods._single_call import SingleCall


class FewShotChainOfThought(SingleCall):
    name = "few_shot_cot"
    takes_shots = True

    def reasons(self, task: Task) -> bool:
        return True

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        return _exemplars.prompt(sample, task, self.shots)

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        found = await super().answer(sample, task, engine, repeat)
        return replace(found, text=_exemplars.own_part(found.text))
