"""What a reader finds in a log: where it comes from, its cells, and its trials one at a time.

All are core values, or made of them. A graded trial comes as `scored`, whatever the metric: only who has
seen all scores of a cell can say whether they are right and wrong, or degrees. Example:

    Answered(Trial(0, "7", 0, Outcome.SCORED, 1.0, target="18"), reply("18", prompt="9 + 9?"))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

import orjson

from bakeoff.core.hashing import exchange
from bakeoff.core.types import Completion, FinishReason, Json, TokenLogProb, Trial

Grading = Literal["found", "degrees", "given"]


@dataclass(frozen=True, slots=True)
class Source:
    """The tool that made a log, its version, the name of the file (without its folder) and its SHA-256."""

    tool: str
    version: str
    file: str
    sha256: str

    @property
    def told(self) -> str:
        """`lm-eval 0.4.13`."""
        return f"{self.tool} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class FoundCell:
    """One cell of a log.

    `planned`: the trials that the tool meant to make, None where it does not say; `reported`: the mean
    that it printed. `grading` says what graded trials are: "found" looks whether all scores are 0 or 1,
    "degrees" never takes them for right and wrong, "given" leaves the outcomes as the reader set them.
    `number` keeps cells of equal names apart.
    """

    model: str
    benchmark: str
    method: str
    profile: str
    preset: str = "balanced"
    planned: int | None = None
    reported: float | None = None
    grading: Grading = "found"
    data_digest: str = ""
    number: int = 0


@dataclass(slots=True)
class Answered:
    """One trial (`trial.cell` is the place of its cell in the log) and the reply behind it.

    `asked` is a digest of the question: two logs are of one sample when id, target and this are equal.
    """

    trial: Trial
    completion: Completion | None = None
    asked: str = ""
    keys: tuple[str, ...] = ()  # under which another store has its completions


@dataclass(slots=True)
class Log:
    """An opened log. `cells` is complete when `answered()` was read to its end; that may be done twice.

    `options` are the choices that make this another import of the same file. `cautions`: what a person
    should know of this kind of log.
    """

    source: Source
    cells: list[FoundCell]
    answered: Callable[[], Iterator[Answered]]
    complete: bool = True
    seconds: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)
    cautions: Sequence[str] = ()


def as_json(value: Json) -> bytes:
    """A value as JSON, also one with half a surrogate pair or a number of more than 64 bits."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def asked_digest(question: Json) -> str:
    """16 hex digits that stand for what was asked."""
    return blake2b(as_json(question), digest_size=8).hexdigest()


def reply(
    text: str,
    prompt: str | Sequence[Json] = "",
    finish: FinishReason = "stop",
    prompt_tokens: int | None = None,
    output_tokens: int | None = None,
    latency_s: float = 0.0,
    scored: Sequence[tuple[str, str, float]] = (),
) -> Completion:
    """The reply in a log as a completion that has no key yet.

    `prompt` is a text or messages; `scored` instead: (context, continuation, log-probability).
    """
    request: dict[str, Json] = {"prompt": prompt} if isinstance(prompt, str) else {"messages": list(prompt)}
    if scored:
        request = {"scored": [[before, after] for before, after, _ in scored]}
    return Completion(
        key=b"",
        text=text,
        finish_reason=finish,
        prompt_tokens=prompt_tokens,
        output_tokens=output_tokens,
        latency_s=latency_s,
        raw=exchange(as_json(request), b"null"),
        logprobs=tuple(TokenLogProb(after, logprob) for _, after, logprob in scored),
    )
