"""What every method has to be, run over each of the table (core.protocols.Method).

A method that needs more than an engine gets stand-ins (tests/methods/stand_ins.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.app.wiring import ExperimentTask, build_scorer
from bakeoff.benchmarks import BENCHMARKS
from bakeoff.benchmarks._files import DataHome
from bakeoff.core.errors import ConfigInvalid, Unavailable
from bakeoff.core.hashing import content_key
from bakeoff.core.options import Option
from bakeoff.core.protocols import Benchmark, EngineConfig, EngineLimits, Method
from bakeoff.core.specs import parse_spec
from bakeoff.core.trace import steps_of
from bakeoff.core.types import Answer, Completion, ModelIdentity, Outcome, Request, Sample
from bakeoff.engines.fake import Fake
from bakeoff.methods import METHODS
from bakeoff.runner.grade import grade, start_trial
from tests.methods.stand_ins import build

LIGHT = settings(deadline=None, database=None, max_examples=15)
SUITES = ("question_answering", "classification", "summarisation", "text_generation", "code_generation")
IDENTITY = ModelIdentity("scripted", "s")


class Scripted:
    """An engine whose replies are a function of the request; it keeps what it was asked."""

    identity = IDENTITY
    limits = EngineLimits()

    def __init__(self, reply: Callable[[Request], str], fail_at: int | None = None, pause: bool = False) -> None:
        self.requests: list[Request] = []
        self._reply = reply
        self._fail_at = fail_at
        self._pause = pause

    async def generate(self, request: Request) -> Completion:
        number = len(self.requests)
        self.requests.append(request)
        if self._pause:
            await asyncio.sleep(hash(request.messages) % 3 / 1000)
        if number == self._fail_at:
            raise Unavailable("the endpoint is gone")
        key = content_key(IDENTITY, request)
        return Completion(key, self._reply(request), prompt_tokens=3, output_tokens=2, latency_s=0.5)

    async def close(self) -> None:
        pass


def plain(request: Request) -> str:
    return f"1. What is known here?\nSo it is {len(request.messages[-1].content) % 7}.\nAnswer: yes"


def suite(name: str = "question_answering") -> Benchmark:
    return cast(Benchmark, BENCHMARKS.load(name)(DataHome(None, Path("nowhere"), offline=True)))


def task_of(benchmark: Benchmark, **fields: object) -> ExperimentTask:
    spec = parse_spec({"models": ["fake/a"], "benchmarks": [benchmark.name], "seed": 7, **fields})
    return ExperimentTask(benchmark, spec, benchmark.profile("bakeoff"))


def samples(benchmark: Benchmark, count: int) -> list[Sample]:
    return list(benchmark.samples(benchmark.default_split))[:count]


def ask(method: Method, engine: Scripted, sample: Sample, task: ExperimentTask, repeat: int = 0) -> Answer:
    return asyncio.run(method.answer(sample, task, engine, repeat))


NAMES = METHODS.names()
ONE_CALL = ("naive", "few_shot", "cot", "few_shot_cot", "plan_and_solve")


@pytest.mark.parametrize("name", NAMES)
class TestEveryMethod:
    def test_its_options_are_described_and_their_defaults_fit(self, name: str) -> None:
        for option, said in getattr(METHODS.load(name), "OPTIONS", {}).items():
            assert isinstance(said, Option) and said.help and option.isidentifier()
            assert said.problem(said.default) == ""

    def test_the_prompt_of_a_dry_run_is_the_first_call(self, name: str) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        method, task, engine = build(name), task_of(benchmark), Scripted(plain)
        ask(method, engine, sample, task)
        first, shown = engine.requests[0].messages, method.prompt(sample, task)
        if "retriever" in getattr(METHODS.load(name), "needs", ()):  # what is found is not known before
            assert sample.question in first[-1].content and sample.question in shown[-1].content
        else:
            assert first == shown

    @pytest.mark.parametrize("stop", [False, True])
    def test_the_limit_is_an_upper_bound_of_what_is_asked_for(self, name: str, stop: bool) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        method, task = build(name), task_of(benchmark)
        engine = Scripted((lambda request: "NO MISTAKES") if stop else plain)
        ask(method, engine, sample, task)
        assert sum(request.sampling.max_tokens for request in engine.requests) <= method.limit(sample, task)
        counted = getattr(method, "calls", lambda sample, task: 1)  # what a dry run counts
        assert len(engine.requests) <= counted(sample, task)

    def test_the_same_calls_in_any_order_and_company(self, name: str) -> None:
        benchmark = suite()
        asked, task = samples(benchmark, 8), task_of(benchmark)
        alone: dict[str, list[bytes]] = {}
        for sample in asked:
            engine = Scripted(plain)
            ask(build(name), engine, sample, task)
            alone[sample.id] = sorted(content_key(IDENTITY, request) for request in engine.requests)

        async def together() -> dict[str, list[bytes]]:
            method = build(name)
            engines = {sample.id: Scripted(plain, pause=True) for sample in asked}
            async with asyncio.TaskGroup() as group:
                for sample in reversed(asked):
                    group.create_task(method.answer(sample, task, engines[sample.id], 0))
            return {
                sample: sorted(content_key(IDENTITY, request) for request in engine.requests)
                for sample, engine in engines.items()
            }

        assert asyncio.run(together()) == alone

    def test_repeats_share_no_call_where_replies_are_drawn(self, name: str) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        task = task_of(benchmark, sampling={"temperature": 1.0}, repeats=3)
        keys: list[set[bytes]] = []
        for repeat in range(3):
            engine = Scripted(plain)
            ask(build(name), engine, sample, task, repeat)
            drawn = [request for request in engine.requests if request.sampling.temperature > 0]  # others may be shared
            keys.append({content_key(IDENTITY, request) for request in drawn})
            assert len(keys[-1]) == len(drawn) > 0, "two calls of a trial are one"
        assert len(set.union(*keys)) == sum(map(len, keys))

    def test_the_steps_of_its_trace_can_be_read_back(self, name: str) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        answer = ask(build(name), Scripted(plain), sample, task_of(benchmark))
        trace = [dict(step) for step in answer.trace]
        assert json.loads(json.dumps(trace)) == trace
        steps = steps_of(trace)
        assert len(steps) == len(trace)
        assert all(step.at >= 0 and step.seconds >= 0 for step in steps)
        if name not in ONE_CALL:
            calls = [step.call for step in steps if step.call is not None]
            assert set(calls) == set(range(len(answer.completions))), "each call has a step"
        assert answer.completions and (answer.text or answer.completions[-1].text == "")

    def test_a_fault_of_the_engine_passes_through_whichever_call_it_hits(self, name: str) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        well = Scripted(plain)
        ask(build(name), well, sample, task_of(benchmark))
        for number in range(len(well.requests)):
            with pytest.raises(Unavailable, match="the endpoint is gone"):
                ask(build(name), Scripted(plain, fail_at=number), sample, task_of(benchmark))

    @LIGHT
    @given(replies=st.lists(st.text(max_size=200), min_size=1, max_size=6))
    def test_no_reply_makes_it_fail(self, name: str, replies: Sequence[str]) -> None:
        benchmark = suite()
        (sample,) = samples(benchmark, 1)
        method, task = build(name), task_of(benchmark)
        engine = Scripted(lambda request: replies[len(engine.requests) % len(replies)])
        ask(method, engine, sample, task)
        assert sum(request.sampling.max_tokens for request in engine.requests) <= method.limit(sample, task)

    @pytest.mark.parametrize("benchmark", SUITES)
    def test_the_fake_engine_is_right_where_it_is_to_be(self, name: str, benchmark: str) -> None:
        """The oracle of the call that decides is the right reply, and the method brings it home."""
        asked = suite(benchmark)
        task = task_of(asked)
        method, score = build(name), build_scorer(task.profile.scorer, task.profile.options).score
        engine = Fake(EngineConfig("a", args={"accuracy": 1.0}))
        for sample in samples(asked, 5):
            try:
                method.prompt(sample, task)
            except ConfigInvalid as refused:
                assert benchmark in str(refused)
                return

            async def graded(sample: Sample = sample) -> Outcome:
                answer = await method.answer(sample, task, engine, 0)
                return (await grade(start_trial(0, sample, 0), sample, answer, task.profile, score)).outcome

            assert asyncio.run(graded()) in (Outcome.CORRECT, Outcome.SCORED), sample.question
