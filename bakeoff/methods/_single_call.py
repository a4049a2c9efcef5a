"""What the methods of one call share: a prompt, a request, an answer."""

from __future__ import annotations

from bakeoff.core.protocols import Engine, MethodConfig, Task
from bakeoff.core.types import Answer, Message, Request, Sample


class SingleCall:
    """Subclasses write `prompt`, and `reasons` where reasoning precedes the answer."""

    name: str
    stop: tuple[str, ...] = ()

    def __init__(self, config: MethodConfig | None = None) -> None:
        self.shots = config.shots if config is not None else None

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        raise TypeError(f"{type(self).__name__} defines no prompt()")

    def reasons(self, task: Task) -> bool:
        return False

    def limit(self, sample: Sample, task: Task) -> int:
        return task.sampling(sample, 0, self.stop, self.reasons(task)).max_tokens

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer:
        request = Request(
            self.prompt(sample, task),
            task.sampling(sample, repeat, self.stop, self.reasons(task)),
            repeat,
            oracle(sample),
        )
        completion = await engine.generate(request)
        return Answer(completion.text, (completion,), self.reasons(task))


def oracle(sample: Sample) -> tuple[str, ...]:
    """A right reply, then the wrong labels: what only the fake engine reads."""
    return (sample.reference, *(label for label in sample.labels if label != sample.target))
