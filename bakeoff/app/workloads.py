"""What a profile asks: prompts of a set length, or those of a benchmark under a method; each call another one.

Prompts of a set length are common words in an order drawn by hash, so that no cache of prefixes helps; how many words
make the tokens asked for is learned from what the engine counts. Example:

    one = of_length(128, 32)
    next(one.requests(words=100)).messages
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import count, cycle

from bakeoff.app import wiring
from bakeoff.app.settings import Settings
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.hashing import derive_seed
from bakeoff.core.protocols import Engine
from bakeoff.core.specs import ExperimentSpec, parse_spec
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.runner.draw import Draw

_COMMON = """
the and for you with that this from have not but all are was his they one had word what were when your can said
there use each which she how their will other about out many then them these some her would make like him into
time has look two more write see number way could people my than first water been call who oil now find long
down day did get come made may part over new sound take only little work know place year live back give most
"""
WORDS = _COMMON.split()
SAMPLED = 64  # prompts of a benchmark that are asked in turn
_LEAST_WORDS = 1


@dataclass(frozen=True, slots=True)
class Workload:
    """What is asked. `prompt_tokens`: the length asked for; 0: `prompts` are what they are."""

    name: str
    output_tokens: int
    prompt_tokens: int = 0
    prompts: tuple[tuple[Message, ...], ...] = ()

    @property
    def tokens(self) -> int:
        """Prompt tokens of a call, about; four characters make one where nobody counts."""
        if self.prompt_tokens:
            return self.prompt_tokens
        sizes = [sum(len(message.content) for message in prompt) for prompt in self.prompts]
        return round(sum(sizes) / len(sizes) / 4)

    def requests(self, words: int = 0) -> Iterator[Request]:
        """Calls without end; those of a set length have so many words each."""
        sampling = Sampling(temperature=0.0, max_tokens=self.output_tokens)
        if self.prompts:
            for turn, prompt in zip(count(), cycle(self.prompts), strict=False):
                yield Request(prompt, sampling, repeat=turn // len(self.prompts))
        for turn in count():
            yield Request((Message("user", text_of(words or self.prompt_tokens, turn)),), sampling)


def of_length(prompt_tokens: int, output_tokens: int) -> Workload:
    """Raises ConfigInvalid."""
    for name, tokens in (("--prompt-tokens", prompt_tokens), ("--output-tokens", output_tokens)):
        if not 1 <= tokens <= 10_000_000:
            raise ConfigInvalid(f"{name} {tokens} is out of range", "give a number of tokens from 1 up, like 128")
    return Workload(f"{prompt_tokens} + {output_tokens} tokens", output_tokens, prompt_tokens)


def text_of(words: int, turn: int) -> str:
    """So many words in an order of their own for each turn: two prompts part at the first words."""
    return " ".join(random.Random(derive_seed(0, "profile", turn)).choices(WORDS, k=words))


async def words_for(engine: Engine, workload: Workload) -> int:
    """How many words make the prompt tokens asked for, from two calls of one token; as many, where nobody counts."""
    wanted = workload.prompt_tokens
    if not wanted:
        return 0
    sizes = (max(_LEAST_WORDS, wanted // 8), max(_LEAST_WORDS + 1, wanted // 4))  # a word may be of several tokens
    counted = []
    for turn, words in enumerate(sizes):
        request = Request((Message("user", text_of(words, turn)),), Sampling(temperature=0.0, max_tokens=1))
        counted.append((await engine.generate(request)).prompt_tokens)
    first, second = counted
    if first is None or second is None or second <= first:
        return wanted
    each = (second - first) / (sizes[1] - sizes[0])
    return max(_LEAST_WORDS, round(sizes[1] + (wanted - second) / each))


def of_methods(benchmark: str, methods: Sequence[str], output_tokens: int | None, settings: Settings) -> list[Workload]:
    """A workload for each method: the prompts of a benchmark's first samples. Raises UsageError."""
    spec: ExperimentSpec = parse_spec({"models": ["fake/a"], "benchmarks": [benchmark], "methods": list(methods)})
    built = wiring.build_benchmark(spec.benchmarks[0].benchmark, settings)
    profile = wiring.profile_of(built, spec.benchmarks[0])
    task = wiring.ExperimentTask(built, spec, profile)
    with closing(Draw.of(built.samples(built.default_split), benchmark, spec.seed, SAMPLED, None)) as draw:
        samples = list(draw)
    found = []
    for asked in spec.methods:
        method = wiring.build_method(asked, profile, settings)
        prompts = tuple(method.prompt(sample, task) for sample in samples)
        most = output_tokens or method.limit(samples[0], task)
        found.append(Workload(f"{asked.label} on {benchmark}", most, prompts=prompts))
    return found
