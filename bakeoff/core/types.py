"""The words of the house as values: what is asked, what came back, how it ended.

All frozen and slotted; all times in seconds, all money in US dollars, tokens as counted by the
engine (None where it did not say). Example:

    Sample(id="7", question="2 + 2?", target="4", reference="4")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Role = Literal["system", "user", "assistant"]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Outcome(StrEnum):
    """How a trial ended. Only the first three carry a score; the rest are missing, never wrong."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    SCORED = "scored"  # a continuous metric: the value says how good
    UNPARSED = "unparsed"  # a reply in which no answer could be found
    TRUNCATED = "truncated"  # cut at the token limit before an answer
    REFUSED = "refused"  # the model or its provider declined
    ERROR = "error"  # the machinery failed

    @property
    def graded(self) -> bool:
        return self in _GRADED


_GRADED = frozenset({Outcome.CORRECT, Outcome.INCORRECT, Outcome.SCORED})


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the engine is to draw tokens. None means: the engine's default is used."""

    temperature: float = 0.0
    max_tokens: int = 512
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One call of an engine.

    `repeat` is part of the content key, so that repeat 1 is a new call and not repeat 0 again.
    `scored` asks for the log-probability of texts instead of a reply: (context, continuation) pairs,
    and no messages. `tools` is JSON: what the model may call, as a list in OpenAI's format.
    `oracle` is a right reply, then wrong ones where they are known: only the fake engine reads it;
    it is never sent, never hashed, never stored.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    repeat: int = 0
    oracle: tuple[str, ...] = field(default=(), compare=False, repr=False)
    scored: tuple[tuple[str, str], ...] = ()
    tools: str = ""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What makes two completions comparable: part of every content key (law 2).

    `template` names the way messages become text, `settings` whatever else of the engine can
    change the reply; `endpoint` keeps two servers apart that use one model name. `measured`: the optimisation
    and the round of a measurement, whose replies are asked anew because their speed is what counts.
    """

    engine: str
    name: str
    revision: str = ""
    template: str = ""
    endpoint: str = ""
    settings: str = ""
    measured: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens. An unknown price is None in the catalogue, not Price(0, 0)."""

    input: float
    output: float

    def cost(self, prompt_tokens: int, output_tokens: int) -> float:
        return (prompt_tokens * self.input + output_tokens * self.output) / 1e6


@dataclass(frozen=True, slots=True)
class TokenLogProb:
    """A token and its natural-log probability, with the alternatives the engine returned.

    Of a `scored` request: a continuation, the sum over its tokens, and in `top` those tokens.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


FinishReason = Literal["stop", "length", "refusal", "other", "dummy"]


@dataclass(slots=True)
class Completion:
    """The reply to one call.

    `model` is the digest of the identity that gave it; `raw` the JSON of request and response
    (core.hashing.exchange). A reply of random weights ends "dummy": it has a speed and no score.
    `gaps`: seconds between the pieces of a streamed reply, where the engine noted them; `cached_tokens`: prompt
    tokens that it read from a prefix cache (0: none; None: it does not tell). `thinking` is what the model thought
    before the text, and no part of it; `thinking_tokens` are among the output tokens.
    """

    key: bytes
    text: str
    finish_reason: FinishReason = "stop"
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    queue_s: float = 0.0
    first_token_s: float | None = None
    latency_s: float = 0.0
    attempts: int = 1
    finished_at: float = 0.0
    raw: bytes = b""
    logprobs: tuple[TokenLogProb, ...] = ()
    model: str = ""
    cached: bool = False
    gaps: tuple[float, ...] = ()
    cached_tokens: int | None = None
    thinking: str = ""
    thinking_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One item of a benchmark.

    `question` is the body shown to the model, `target` what the scorer compares with,
    `reference` a reply that would be graded as right, `worked` the same with its reasoning.
    `choices` are the texts behind `labels`; `fields` what a profile's templates may name; `position`
    the place in the source, which some references draw their examples by.
    """

    id: str
    question: str
    target: Json
    reference: str
    worked: str | None = None
    labels: tuple[str, ...] = ()
    meta: Mapping[str, Json] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method returns: the text to grade, the calls behind it, and a trace of its steps.

    `reasoned` says that reasoning precedes the answer, so the answer must be looked for. The last of `completions`
    is the one that the answer stands in: how it ended is how the trial ends. `parts` are numbers of the method's
    own, kept with the trial beside those of its scorer. `context` are the passages that the model was shown, each
    its mark and its text: what a scorer of faithfulness reads.
    """

    text: str
    completions: tuple[Completion, ...]
    reasoned: bool = False
    trace: tuple[Mapping[str, Json], ...] = ()
    parts: Mapping[str, float] = field(default_factory=dict)
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """An answer found in a reply, by which rule; `firm` when a cut-off reply could not change it."""

    value: str
    rule: str
    firm: bool = True


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer says: value in [0, 1], and why. `parts` are sufficient statistics and further metrics.

    `chosen` is shown as the answer where that is not the text that was scored. `calls` are those made to
    grade: they were paid for, and stay with the trial. `unparsed`: a judge's reply held no verdict, so
    there is no value, and no wrong answer.
    """

    value: float
    reason: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    continuous: bool = False
    chosen: str | None = None
    calls: tuple[Completion, ...] = ()
    unparsed: bool = False


@dataclass(slots=True)
class Trial:
    """One sample answered once by one cell, graded. The pair (cell, sample, repeat) is unique."""

    cell: int
    sample_id: str
    repeat: int
    outcome: Outcome
    value: float | None = None
    target: str = ""
    answer: str | None = None
    extracted: str | None = None
    rule: str | None = None
    reason: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    keys: tuple[bytes, ...] = ()
    trace: tuple[Mapping[str, Json], ...] = ()
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    latency_s: float = 0.0
    cached: int = 0
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its uncertainty: `value` and the bounds are None when nothing was graded.

    `n` items were graded, `n_missing` were not; `lowest` and `highest` are the value if all the
    missing ones were wrong, or right. `method` names how the interval was computed.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_missing: int
    method: str
    lowest: float | None = None
    highest: float | None = None

    def __str__(self) -> str:
        if self.value is None or self.low is None or self.high is None:
            return f"no estimate (n=0, missing={self.n_missing})"
        missing = f", missing={self.n_missing}" if self.n_missing else ""
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}] (n={self.n}{missing})"
