"""Few-shot: worked examples before the question (Brown et al. 2020).

Paper https://arxiv.org/abs/2005.14165. Which examples a sample gets is a function of seed,
benchmark and sample id alone, so workers, limits and resumes do not change the prompt; they never
come from the evaluated split. Spec: `few_shot:3`, or {method: few_shot, shots: 3}; default 5.

    Question: 2 + 2?
    Answer: 4

    Question: …
    Answer:
"""

from __future__ import annotations

import random

from bakeoff.core.errors import DataMissing
from bakeoff.core.hashing import derive_seed
from bakeoff.core.protocols import Task
from bakeoff.core.types import Message, Sample
from bakeoff.methods._single_call import SingleCall

DEFAULT_SHOTS = 5


class FewShot(SingleCall):
    name = "few_shot"
    takes_shots = True
    stop = ("\nQuestion:",)

    def reasons(self, task: Task) -> bool:
        """Examples that show their reasoning ask for reasoning: then the answer stands last."""
        return any(shot.worked for shot in task.benchmark.shot_pool()[:1])

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        blocks = [
            f"Question: {shot.question}\nAnswer: {shot.worked or shot.reference}" for shot in self.choose(sample, task)
        ]
        asks = task.benchmark.instruction()
        head = [asks] if asks else []
        text = "\n\n".join([*head, *blocks, f"Question: {sample.question}\nAnswer:"])
        return (Message("user", text),)

    def choose(self, sample: Sample, task: Task) -> list[Sample]:
        """The examples of one sample, never the sample itself. Raises DataMissing."""
        pool = task.benchmark.shot_pool()
        wanted = self.shots or DEFAULT_SHOTS
        others = sum(1 for shot in pool if shot.id == sample.id)
        if len(pool) - others < wanted:
            raise DataMissing(
                f"benchmark '{task.benchmark.name}' has {len(pool) - others} examples to show,"
                f" and few_shot wants {wanted}",
                f"ask for fewer with 'few_shot:{max(1, len(pool) - others)}'",
            )
        draw = random.Random(derive_seed(task.seed, "shots", task.benchmark.name, sample.id))
        picked = [pool[i] for i in draw.sample(range(len(pool)), min(wanted + others, len(pool)))]
        return [shot for shot in picked if shot.id != sample.id][:wanted]
