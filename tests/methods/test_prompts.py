"""Prompts: pinned as text, the same in any order (law 3), never showing what they ask (D1, D10)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.errors import DataMissing
from bakeoff.core.protocols import Benchmark, EngineLimits, Method, MethodConfig, Profile, Prompt, Source
from bakeoff.core.types import Completion, Message, ModelIdentity, Request, Sample, Sampling
from bakeoff.methods import METHODS
from bakeoff.methods.cot import ChainOfThought
from bakeoff.methods.few_shot import FewShot
from bakeoff.methods.naive import Naive
from tests.methods.stand_ins import build

LIGHT = settings(deadline=None, database=None, max_examples=30)
SUITES = ("classification", "code_generation", "question_answering", "summarisation", "text_generation")
SAMPLE = Sample("s-1", "2 + 2?", "4", "4", labels=("3", "4", "5"))


SOURCE = Source("https://example.org", "ours", "1")


@dataclass
class Sums:
    """A benchmark of sums."""

    name: str = "sums"
    source: Source = SOURCE
    default_split: str = "test"
    max_tokens: int = 64
    asks: str = ""
    worked: bool = False
    pool: tuple[Sample, ...] = field(default=())

    def samples(self, split: str) -> Iterator[Sample]:
        for i in range(50):
            yield Sample(f"{split}-{i}", f"{i} + 1?", str(i + 1), str(i + 1))

    def shot_pool(self) -> Sequence[Sample]:
        shots = self.pool or tuple(self.samples("train"))
        return [replace(s, worked=f"Count on.\nAnswer: {s.reference}") for s in shots] if self.worked else shots

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        return self.shot_pool()[:count]

    def instruction(self) -> str:
        return self.asks

    def answer_form(self) -> str:
        return "number"

    def profile(self, name: str) -> Profile:
        return Profile(name, "number", "numeric")


@dataclass
class Asked:
    """A Task with sampling parameters that show what they were made of."""

    benchmark: Benchmark
    seed: int = 7

    @property
    def profile(self) -> Profile:
        return self.benchmark.profile("bakeoff")

    def sampling(
        self, sample: Sample, repeat: int, stop: tuple[str, ...] = (), reasoned: bool = False, most: int | None = None
    ) -> Sampling:
        return Sampling(seed=repeat, stop=stop, max_tokens=most or (512 if reasoned else 64))


def text(method: Method, sample: Sample, benchmark: Benchmark, seed: int = 7) -> str:
    (message,) = method.prompt(sample, Asked(benchmark, seed))
    assert message.role == "user"
    return message.content


class TestGoldenPrompts:
    """A change here makes every stored answer to these prompts a stranger: mean it."""

    def test_naive(self) -> None:
        assert text(Naive(), SAMPLE, Sums()) == "Question: 2 + 2?\nAnswer:"
        assert text(Naive(), SAMPLE, Sums(asks="Say a number.")) == "Say a number.\n\nQuestion: 2 + 2?\nAnswer:"

    def test_cot(self) -> None:
        assert text(ChainOfThought(), SAMPLE, Sums(asks="Say a number.")) == (
            "Question: 2 + 2?\n\n"
            "Think step by step. Then give the final answer on a line of its own, like this:\n"
            "Answer: <number>"
        )

    def test_few_shot(self) -> None:
        assert text(FewShot(MethodConfig(3)), SAMPLE, Sums(asks="Say a number.")) == (
            "Say a number.\n\nQuestion: 45 + 1?\nAnswer: 46\n\nQuestion: 5 + 1?\nAnswer: 6\n\n"
            "Question: 29 + 1?\nAnswer: 30\n\nQuestion: 2 + 2?\nAnswer:"
        )

    def test_few_shot_with_reasoning(self) -> None:
        assert text(FewShot(MethodConfig(1)), SAMPLE, Sums(worked=True)) == (
            "Question: 45 + 1?\nAnswer: Count on.\nAnswer: 46\n\nQuestion: 2 + 2?\nAnswer:"
        )

    def test_of_a_real_suite(self) -> None:
        benchmark = suite("question_answering")
        sample = next(benchmark.samples("test"))
        assert text(FewShot(MethodConfig(1)), sample, benchmark).endswith(f"\n\nQuestion: {sample.question}\nAnswer:")
        assert text(FewShot(MethodConfig(1)), sample, benchmark).startswith(f"{benchmark.instruction()}\n\nQuestion: ")


def suite(name: str) -> Benchmark:
    return cast(Benchmark, BENCHMARKS.load(name)(DataHome(None, Path("nowhere"), offline=True)))


class TestSamePromptInAnyOrder:
    @pytest.mark.parametrize("name", METHODS.names())
    @LIGHT
    @given(data=st.data(), seed=st.integers(0, 2**40))
    def test_for_every_method(self, name: str, data: st.DataObject, seed: int) -> None:
        """One worker asks all in order; others ask parts in any order, with a method of their own."""
        benchmark = Sums()
        asked = list(benchmark.samples("test"))
        method = build(name)
        alone = {sample.id: text(method, sample, benchmark, seed) for sample in asked}
        shuffled = data.draw(st.permutations(asked))
        limit = data.draw(st.integers(1, len(asked)))
        another = build(name)
        for sample in shuffled[:limit]:
            assert text(another, sample, benchmark, seed) == alone[sample.id]

    def test_shots_differ_between_samples_and_seeds(self) -> None:
        asked = list(Sums().samples("test"))
        shots = [
            text(FewShot(MethodConfig(3)), s, Sums()).removesuffix(f"Question: {s.question}\nAnswer:") for s in asked
        ]
        assert len(set(shots)) > 40
        assert text(FewShot(MethodConfig(3)), SAMPLE, Sums(), seed=8) != text(
            FewShot(MethodConfig(3)), SAMPLE, Sums(), seed=7
        )

    def test_shots_do_not_depend_on_what_is_asked_beside_the_id(self) -> None:
        longer = replace(SAMPLE, question="2 + 2, or more?")
        assert FewShot(MethodConfig(3)).choose(longer, Asked(Sums())) == FewShot(MethodConfig(3)).choose(
            SAMPLE, Asked(Sums())
        )


class TestFewShot:
    @LIGHT
    @given(st.integers(0, 49), st.integers(1, 49), st.integers(0, 1000))
    def test_never_shows_the_item_it_asks(self, item: int, shots: int, seed: int) -> None:
        """Not even where the pool holds it."""
        pool = tuple(Sums().samples("test"))
        chosen = FewShot(MethodConfig(shots)).choose(pool[item], Asked(Sums(pool=pool), seed))
        assert len(chosen) == shots
        assert len({shot.id for shot in chosen}) == shots
        assert pool[item] not in chosen

    @pytest.mark.parametrize("name", SUITES)
    def test_never_shows_what_a_suite_asks_elsewhere(self, name: str) -> None:
        benchmark = suite(name)
        asked = list(benchmark.samples("test"))
        questions = {sample.question for sample in asked}
        for sample in asked:
            chosen = FewShot(MethodConfig(3)).choose(sample, Asked(benchmark))
            assert len(chosen) == 3
            assert not questions & {shot.question for shot in chosen}

    def test_every_example_has_its_turn(self) -> None:
        shown = {s.id for sample in Sums().samples("test") for s in FewShot().choose(sample, Asked(Sums()))}
        assert len(shown) >= 45

    @pytest.mark.parametrize(("pool", "shots", "has"), [(3, 4, 3), (3, None, 3), (4, 4, 3)])
    def test_too_few_examples_are_the_users_to_know(self, pool: int, shots: int | None, has: int) -> None:
        examples = tuple(Sums().samples("train"))[: pool - 1] + ((SAMPLE,) if pool == 4 else (SAMPLE_2,))
        with pytest.raises(DataMissing, match=rf"'sums' has {has} examples .* 'few_shot:{has}'"):
            FewShot(MethodConfig(shots)).choose(SAMPLE, Asked(Sums(pool=examples)))

    def test_reasons_where_its_examples_do(self) -> None:
        assert FewShot().reasons(Asked(Sums(worked=True)))
        assert not FewShot().reasons(Asked(Sums()))


SAMPLE_2 = Sample("s-2", "3 + 3?", "6", "6")


class Recording:
    """An engine that keeps what it was asked."""

    identity = ModelIdentity("recording", "r")
    limits = EngineLimits()

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def generate(self, request: Request) -> Completion:
        self.requests.append(request)
        return Completion(b"key", "the reply")

    async def close(self) -> None:
        pass


class TestAnswer:
    @pytest.mark.parametrize(("name", "reasoned"), [("naive", False), ("few_shot", False), ("cot", True)])
    def test_one_call_with_the_prompt(self, name: str, reasoned: bool) -> None:
        method: Method = METHODS.load(name)(None)
        engine, task = Recording(), Asked(Sums())
        answer = asyncio.run(method.answer(SAMPLE, task, engine, repeat=3))
        (request,) = engine.requests
        assert request.messages == method.prompt(SAMPLE, task)
        assert (request.repeat, request.sampling.seed) == (3, 3)
        assert request.sampling.max_tokens == (512 if reasoned else 64)
        assert (answer.text, answer.reasoned, len(answer.completions)) == ("the reply", reasoned, 1)

    def test_a_reply_that_asks_itself_on_is_stopped(self) -> None:
        for method, stop in ((Naive(), ("\nQuestion:",)), (FewShot(), ("\nQuestion:",)), (ChainOfThought(), ())):
            engine = Recording()
            asyncio.run(method.answer(SAMPLE, Asked(Sums()), engine, 0))
            assert engine.requests[0].sampling.stop == stop

    def test_the_oracle_is_the_reference_and_then_the_wrong_labels(self) -> None:
        engine = Recording()
        asyncio.run(Naive().answer(SAMPLE, Asked(Sums()), engine, 0))
        assert engine.requests[0].oracle == ("4", "3", "5")

    def test_the_oracle_is_never_in_the_messages(self) -> None:
        secret = replace(SAMPLE, reference="reference-7781", target="target-7782", worked="worked-7783")
        for name in METHODS.names():
            messages: tuple[Message, ...] = build(name).prompt(secret, Asked(Sums()))
            assert not [word for word in ("7781", "7782", "7783") if word in str(messages)]
