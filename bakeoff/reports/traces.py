"""A trial step by step, as readers are shown it: what was said and done, when, for how many tokens. Pure.

A step that a call made has its words, tokens and cost from the stored completion; a call that no step names (those of
a method of one call) is a step of its own, and so are a judge's. Secrets are out of every text. Example:

    steps_shown(trial, completions)[0].kind       # "vote"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bakeoff.core.records import CellRecord
from bakeoff.core.redaction import redacted, redacted_json
from bakeoff.core.trace import Step, steps_of
from bakeoff.core.types import Completion, Json, Trial

JUDGE = "judge"


@dataclass(frozen=True, slots=True)
class StepView:
    """One step, numbered from 1. `at` and `seconds` as in `core.trace.Step`; `key` names its completion."""

    number: int
    kind: str
    text: str = ""
    thinking: str = ""
    at: float = 0.0
    seconds: float = 0.0
    key: bytes | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cached_tokens: int | None = None
    cost: float | None = None
    finish: str = ""
    finished_at: float = 0.0
    details: Mapping[str, Json] = field(default_factory=dict)

    def as_json(self) -> dict[str, Json]:
        """The contract for scripts; fields are only ever added. What is not known is left out."""
        told: dict[str, Json] = {"number": self.number, "kind": self.kind, "text": self.text}
        told |= {"at": self.at, "seconds": self.seconds}
        more: dict[str, Json] = {
            "thinking": self.thinking or None,
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "thinking_tokens": self.thinking_tokens,
            "cached_tokens": self.cached_tokens,
            "cost": self.cost,
            "finish_reason": self.finish or None,
            "content_key": None if self.key is None else self.key.hex(),
            "details": dict(self.details) or None,
        }
        return told | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True, slots=True)
class TraceView:
    """One trial with its steps, and where it belongs."""

    run: str
    cell: CellRecord
    trial: Trial
    steps: tuple[StepView, ...]


def steps_shown(trial: Trial, completions: Mapping[bytes, Completion]) -> tuple[StepView, ...]:
    """The steps of a trial; `completions` are those of its keys that are stored."""
    judges = int(trial.parts.get("judge_calls", 0))  # their keys come first
    answered = trial.keys[judges:]
    steps = steps_of(trial.trace)
    named = {step.call for step in steps}
    alone = [Step("call", call=number) for number in range(len(answered)) if number not in named]
    told: list[tuple[str, Step, bytes | None]] = [
        (step.kind, step, _of(answered, step.call)) for step in (*alone, *steps)
    ]
    told += [(JUDGE, Step("call"), key) for key in trial.keys[:judges]]
    return tuple(
        _view(number, kind, step, key, completions.get(key) if key is not None else None)
        for number, (kind, step, key) in enumerate(told, start=1)
    )


def _of(keys: tuple[bytes, ...], call: int | None) -> bytes | None:
    return keys[call] if call is not None and 0 <= call < len(keys) else None


def _view(number: int, kind: str, step: Step, key: bytes | None, said: Completion | None) -> StepView:
    details = redacted_json(dict(step.details))
    shown = details if isinstance(details, dict) else {}
    if said is None:
        return StepView(number, kind, redacted(step.text), "", step.at, step.seconds, key, details=shown)
    return StepView(
        number,
        kind,
        redacted(step.text or said.text),
        redacted(said.thinking),
        step.at,
        step.seconds or said.latency_s,
        key,
        said.prompt_tokens,
        said.output_tokens,
        said.thinking_tokens,
        said.cached_tokens,
        said.cost,
        said.finish_reason,
        said.finished_at,
        shown,
    )
