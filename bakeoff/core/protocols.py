"""The seams: what an engine, a benchmark, a method, a scorer and a sink have to be.

Implementations live in their own rooms and know only this file and `core.types`; `app.wiring`
joins them. Example: any object with `identity`, `limits`, `generate` and `close` is an Engine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from bakeoff.core.retrieval import Retriever
from bakeoff.core.tools import Tool, ToolMemory
from bakeoff.core.types import (
    Answer,
    Completion,
    Message,
    ModelIdentity,
    Price,
    Request,
    Sample,
    Sampling,
    Score,
    Trial,
)


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """What the planner must know of an engine: calls at once, and whether it runs in process.

    Engines in process share this machine, so their cells run one model after the other.
    `likelihood`: whether it answers `scored` requests - all, those whose continuations are single
    letters, or none. `tools`: whether it hands tools to the model as such.
    `prefix_cache`: whether it keeps the beginnings of prompts - one for each of its `slots`, or in one cache
    that all calls share - so that trials are worth putting in order by them.
    """

    max_concurrency: int | None = None
    in_process: bool = False
    context_length: int | None = None
    price: Price | None = None
    likelihood: Literal["full", "letters", "none"] = "none"
    tools: bool = False
    prefix_cache: Literal["none", "slot", "shared"] = "none"
    slots: int | None = None


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """What an engine class is built from: `OpenAICompatible(config)`.

    `name` is the model's name as the engine knows it; `settings` are the preset's, `args` the
    user's (they win). `timeout` in seconds for one call.
    """

    name: str
    revision: str = ""
    base_url: str | None = None
    api: Literal["chat", "completions"] = "chat"
    api_key: str | None = field(default=None, repr=False)
    stream: bool = False
    settings: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    args: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    context_length: int | None = None
    price: Price | None = None
    timeout: float = 300.0
    trust_proxies: bool = False
    model_file: str | None = None


@dataclass(frozen=True, slots=True)
class MethodConfig:
    """What a method class is built from: `FewShot(config)`.

    `options` are the method's own settings, already known to it (`OPTIONS`); `retriever` and `tools` are what
    `app.wiring` plugs in where the method's class says that it `needs` them.
    """

    shots: int | None = None
    options: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    retriever: Retriever | None = None
    tools: tuple[Tool, ...] = ()
    memory: ToolMemory | None = None


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """What a tool's class is built from: `Search(config)`.

    `retriever` and `runner` are there where the class says that it `needs` them. `folder` is for what it keeps between
    runs, `base_url` the address of the service that it asks, where the user named one.
    """

    retriever: Retriever | None = None
    runner: CodeRunner | None = None
    folder: Path | None = None
    base_url: str | None = None
    offline: bool = False
    trust_proxies: bool = False


@runtime_checkable
class Engine(Protocol):
    """A way to reach a model.

    An engine fills in what only it knows of a completion (text, finish reason, tokens, time to
    first token, seconds in a queue of its own, log-probabilities, raw exchange); the runner adds key,
    cost and times.
    """

    @property
    def identity(self) -> ModelIdentity: ...

    @property
    def limits(self) -> EngineLimits: ...

    async def generate(self, request: Request) -> Completion:
        """One call. Raises an EngineError when there is no reply to give; never returns one empty."""
        ...

    async def close(self) -> None: ...


AnswerKind = Literal["number", "letter", "label", "text", "math", "code", "whole"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """The words of a profile that prescribes how it is asked, as data.

    Templates name a sample's `fields` as `{name}`, further `{answer}` (of an example), `{choice}` and
    `{label}` (of a continuation). A likelihood profile scores `choice` after `question`, for each of
    the sample's choices; where `question` names `{choice}`, the contexts differ. Text in `given` are
    examples, word for word. With `tools` the model is handed what `meta["tools"]` of a sample lists.
    `draw` "sequence" is lm-eval's: one generator with seed 1234, advanced for each item in the order of
    the source. `among` names another list of choices than the sample's own
    (`core.prompts.among`).
    """

    question: str
    answer: str = " {answer}"
    example: str = ""  # the question of an example, where that is worded otherwise
    choice: str = " {choice}"
    head: str = ""
    given: str = ""
    between: str = "\n\n"
    shots: int = 0
    draw: Literal["first", "sequence"] = "first"
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    among: str = ""
    tools: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """One step from a reply to the answer in it: the first (or last) match of a pattern, or a change.

    A pattern that matches nothing leaves `otherwise`; its first group that took part counts, else all.
    """

    pattern: str = ""
    pick: Literal["first", "last"] = "first"
    otherwise: str = "[invalid]"
    cut: tuple[str, ...] = ()  # the reply ends before the first of these
    strip: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """How a benchmark is asked and graded: where the answer is looked for, and who compares it.

    Without a `prompt` the method words the question and `answer` says what is looked for; with `find`
    that is done as prescribed, and every reply is graded. `ask` "turns" asks what `meta["turns"]` of a
    sample lists, one after the other. `options` are the scorer's. `splits`: those that have what it
    grades by, where not all do.
    """

    name: str
    answer: AnswerKind
    scorer: str
    ask: Literal["generate", "likelihood", "turns"] = "generate"
    prompt: Prompt | None = None
    find: tuple[Find, ...] = ()
    options: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    splits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """Where a benchmark's items come from: for its docs page, its signature and its hash."""

    url: str
    licence: str
    revision: str


class Benchmark(Protocol):
    """Samples, the words of the prompt, and the grading profile of one task."""

    name: str
    source: Source
    default_split: str
    max_tokens: int

    def samples(self, split: str) -> Iterator[Sample]:
        """All items in the order of the source; may be iterated more than once."""
        ...

    def shot_pool(self) -> Sequence[Sample]:
        """Items that may be shown as examples; never ones of the evaluated split."""
        ...

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        """The examples that a prescribed prompt shows before a sample. Raises DataMissing."""
        ...

    def instruction(self) -> str:
        """One sentence that says in which form the answer is wanted; may be empty."""
        ...

    def answer_form(self) -> str:
        """What stands for the answer in 'Answer: <…>', e.g. "number"."""
        ...

    def profile(self, name: str) -> Profile:
        """The named grading rule. Raises UnknownName."""
        ...


class Task(Protocol):
    """One benchmark as one experiment asks it: what a method is handed beside the sample."""

    @property
    def benchmark(self) -> Benchmark: ...

    @property
    def profile(self) -> Profile: ...

    @property
    def seed(self) -> int: ...

    def sampling(
        self, sample: Sample, repeat: int, stop: tuple[str, ...] = (), reasoned: bool = False, most: int | None = None
    ) -> Sampling:
        """The sampling parameters of one call; a reply that reasons first is given more tokens.

        `most` tokens, where the benchmark's own number is not meant and the user named none.
        """
        ...


class Method(Protocol):
    """How an answer is sought."""

    name: str

    def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
        """The messages of the first call: for dry runs, docs and tests."""
        ...

    def limit(self, sample: Sample, task: Task) -> int:
        """The most output tokens an answer can cost: for dry runs."""
        ...

    def reasons(self, task: Task) -> bool:
        """Whether replies argue before they answer, so that what stands last counts."""
        ...

    async def answer(self, sample: Sample, task: Task, engine: Engine, repeat: int) -> Answer: ...


class Scorer(Protocol):
    """Compares an extracted answer with the sample's target; async when it needs the sandbox.

    One that gives 0 and 1 alone says so by `continuous = False`: an A/B test of it needs fewer samples. Without
    the attribute its scores may lie between.
    """

    def score(self, sample: Sample, extracted: str) -> Score | Awaitable[Score]: ...


class TrialSink(Protocol):
    """Takes completions and trials. A completion outlives the process when `completion` returns."""

    async def completion(self, completion: Completion) -> None: ...

    async def trial(self, trial: Trial) -> None: ...


class Archive(Protocol):
    """The store as the runner sees it: blocking, so it is called from threads of the runner's own.

    Raises StoreError.
    """

    def write(self, completions: Sequence[Completion], trials: Sequence[Trial]) -> None:
        """Both or neither are durable when it returns; a completion that is there stays as it is."""
        ...

    def keys(self, models: Sequence[str]) -> Iterator[bytes]:
        """The content keys of every stored completion of these identity digests."""
        ...

    def count(self, models: Sequence[str]) -> int:
        """How many keys there are."""
        ...

    def find(self, keys: Sequence[bytes]) -> dict[bytes, Completion]:
        """The completions that are stored, by content key; `raw` is left empty."""
        ...


@dataclass(frozen=True, slots=True)
class CodeCall:
    """One call of a function that a model wrote: positional arguments, as JSON values."""

    args: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class CodeResult:
    """What came back: the JSON value of each call, or why there is none; `backend` is the sandbox that ran it."""

    values: tuple[object, ...] = ()
    error: str | None = None
    backend: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class CodeTests:
    """A program that a model wrote, and tests to be run beside it, in another process than it.

    Each of `tests` is a text that raises nothing where it passes; `setup` is run before the first.
    Names that they use and do not define are the program's, called from afar; with `helpers`
    "reference" only `candidate` is (the program's `entry_point`), and all others are of `reference`,
    a program known to be right. `seconds` of CPU for each of the two; by the clock a sandbox gives them longer.
    """

    code: str
    tests: tuple[str, ...]
    entry_point: str = ""
    setup: str = ""
    reference: str = ""
    helpers: Literal["program", "reference"] = "program"
    seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class CodeVerdict:
    """Which tests passed, and of the first that did not: why. All of it is said by the tests' process.

    `stopped`: the limit that ended the program ("wall", "cpu"), else empty.
    """

    passed: tuple[bool, ...]
    reason: str = ""
    stopped: str = ""
    backend: str = ""


class CodeRunner(Protocol):
    """Runs untrusted code. The verdict on it is never taken from its process (law 6)."""

    async def call(self, code: str, entry_point: str, calls: Sequence[CodeCall]) -> CodeResult:
        """Call a function; the caller compares the values. Raises ScorerFailed when the sandbox fails."""
        ...

    async def test(self, job: CodeTests) -> CodeVerdict:
        """Run tests against a program. Raises ScorerFailed when the sandbox fails."""
        ...
