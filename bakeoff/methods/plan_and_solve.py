"""Plan and solve: understand the problem, make a plan, carry it out, all in one reply (Wang et al. 2023).

Paper https://arxiv.org/abs/2305.04091. The zero-shot prompt of the paper with its "understand, plan, carry out" in
our words; no text ends a reply, since reasoning may hold any.

    Question: …

    First understand the problem and make a plan to solve it. Then carry out the plan step by step, minding each
    calculation. Then give the final answer on a line of its own, like this:
    Answer: <number>
"""

from __future__ import annotations

from bakeoff.core.protocols import Task
from bakeoff.core.types import Message, Sample
from bakeoff.methods._single_call import SingleCall


class PlanAndSolve(SingleCall):
    name = "plan_and_solve"

    def reasons(self, task: Task) -> bool:
        return True

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        text = (
            f"Question: {sample.question}\n\n"
            "First understand the problem and make a plan to solve it. Then carry out the plan step by step, minding"
            " each calculation. Then give the final answer on a line of its own, like this:\n"
            f"Answer: <{task.benchmark.answer_form()}>"
        )
        return (Message("user", text),)
