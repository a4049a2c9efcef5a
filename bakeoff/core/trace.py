"""The steps that led to an answer, as they are stored with the trial.

A method that takes more than one step says each as a `Step`; `Answer.trace` holds `step.as_json()`.
`bakeoff show TRIAL`, the HTML report and the OpenTelemetry export read them back with `steps_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from bakeoff.core.types import Json

StepKind = Literal[
    "call", "thought", "action", "observation", "retrieval", "vote", "plan", "draft", "critique", "repair", "status"
]
_KINDS = frozenset(get_args(StepKind))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what kind, its text, when it began and how long it took (seconds since the trial began).

    `call` is the place of its completion among the trial's, where it is what a model said; tokens and
    cost are that completion's and are not written twice. `details` is what only this kind has: the
    arguments of an action, the ids and scores of a retrieval, the share of a vote.
    """

    kind: StepKind
    text: str = ""
    at: float = 0.0
    seconds: float = 0.0
    call: int | None = None
    details: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        told: dict[str, Json] = {"step": self.kind, "text": self.text}
        told |= {"at": round(self.at, 6), "seconds": round(self.seconds, 6)}
        if self.call is not None:
            told["call"] = self.call
        return told | ({"details": dict(self.details)} if self.details else {})


def steps_of(trace: Sequence[Mapping[str, Json]]) -> list[Step]:
    """The steps of a stored trace; what is of another kind (the mark of an import) is passed over."""
    return [_step(told) for told in trace if told.get("step") in _KINDS]


def _step(told: Mapping[str, Json]) -> Step:
    kind = next(known for known in get_args(StepKind) if known == told["step"])
    call, details = told.get("call"), told.get("details")
    return Step(
        kind,
        str(told.get("text") or ""),
        _seconds(told.get("at")),
        _seconds(told.get("seconds")),
        call if isinstance(call, int) else None,
        details if isinstance(details, dict) else {},
    )


def _seconds(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
