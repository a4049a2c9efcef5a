"""Grading: every way a trial can end, and law 1: a fault of the machinery is never a wrong answer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.core.errors import (
    BakeoffError,
    ContextOverflow,
    MethodFailed,
    MissingExtra,
    ScorerFailed,
    Unavailable,
)
from bakeoff.core.protocols import AnswerKind, Profile
from bakeoff.core.types import Answer, Completion, FinishReason, Outcome, Sample, Score, Trial
from bakeoff.runner.grade import ScoreFunction, fail, grade, method_fault, start_trial
from tests.runner.fakes import key_of, sample


def exact(sample: Sample, extracted: str) -> Score:
    right = extracted == sample.target
    return Score(float(right), "same" if right else "other", {"length": float(len(extracted))})


def graded(
    text: str,
    finish: FinishReason = "stop",
    *,
    score: ScoreFunction = exact,
    kind: AnswerKind = "number",
    reasoned: bool = False,
    asked: Sample | None = None,
) -> Trial:
    """The trial of one reply to the question whose answer is 4."""
    one = asked or sample(1)
    reply = Completion(key_of(1), text, finish)
    answer = Answer(text, (reply,), reasoned)
    return asyncio.run(grade(start_trial(7, one, 2), one, answer, Profile("bakeoff", kind, "exact"), score))


def test_a_trial_begins_as_an_error() -> None:
    """Whatever is forgotten later, it is not a wrong answer."""
    trial = start_trial(7, sample(3), 2)
    assert (trial.cell, trial.sample_id, trial.repeat, trial.outcome, trial.target) == (7, "3", 2, Outcome.ERROR, "4")
    listed = Sample("x", "?", ["4", "four"], "4")
    assert start_trial(7, listed, 0).target == "4"


def test_correct() -> None:
    trial = graded("The rolls are many. Answer: 4")
    assert (trial.outcome, trial.value, trial.extracted, trial.rule) == (Outcome.CORRECT, 1.0, "4", "answer-marker")
    assert (trial.reason, trial.parts, trial.error_code) == ("same", {"length": 1.0}, None)


def test_incorrect() -> None:
    trial = graded("Answer: 5")
    assert (trial.outcome, trial.value, trial.extracted) == (Outcome.INCORRECT, 0.0, "5")


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_continuous_score(value: float) -> None:
    trial = graded("4", score=lambda *_: Score(value, continuous=True))
    assert (trial.outcome, trial.value) == (Outcome.SCORED, value)


def test_a_part_of_the_points_is_not_correct() -> None:
    trial = graded("4", score=lambda *_: Score(0.999))
    assert (trial.outcome, trial.value) == (Outcome.INCORRECT, 0.999)


@pytest.mark.parametrize("text", ["", "   \n", "I wonder.", "There is much to say of it."])
def test_unparsed(text: str) -> None:
    trial = graded(text)
    assert (trial.outcome, trial.value, trial.extracted, trial.rule) == (Outcome.UNPARSED, None, None, None)


@pytest.mark.parametrize("text", ["Let me think about this", "", "First 3 trays, then 7 tr"])
def test_truncated(text: str) -> None:
    trial = graded(text, "length")
    assert (trial.outcome, trial.value) == (Outcome.TRUNCATED, None)


def test_cut_after_a_firm_answer_is_an_answer() -> None:
    assert graded("Answer: 4\n\nLet me explain why this", "length").outcome is Outcome.CORRECT
    assert graded("Answer: 5\n\nLet me explain why this", "length").outcome is Outcome.INCORRECT


@pytest.mark.parametrize("text", ["", "No.", "Answer: 4"])
def test_refused_by_the_provider(text: str) -> None:
    trial = graded(text, "refusal")
    assert (trial.outcome, trial.value, trial.extracted) == (Outcome.REFUSED, None, None)


@pytest.mark.parametrize("text", ["", "wx zz", "Answer: 4"])
def test_random_weights_have_no_score_whatever_they_say(text: str) -> None:
    trial = graded(text, "dummy")
    assert (trial.outcome, trial.value, trial.extracted) == (Outcome.UNPARSED, None, None)
    assert "dummy weights" in trial.reason


@pytest.mark.parametrize("text", ["I'm sorry, but I can't help with that.", "I cannot answer this.", "As an AI, I"])
def test_refused_in_words(text: str) -> None:
    assert graded(text).outcome is Outcome.REFUSED


def test_a_refusal_is_only_looked_for_where_there_is_no_answer() -> None:
    assert graded("I can't say why. Answer: 4").outcome is Outcome.CORRECT
    assert graded("I cannot go on", "length").outcome is Outcome.TRUNCATED


def raising(error: Exception) -> ScoreFunction:
    def score(sample: Sample, extracted: str) -> Score:
        raise error

    return score


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ValueError("the target is no number"), "scorer-failed", "ValueError: the target is no number"),
        (RecursionError("deep"), "scorer-failed", "RecursionError: deep"),
        (ScorerFailed("the sandbox died"), "scorer-failed", "the sandbox died"),
        (Unavailable("the judge is away"), "unavailable", "the judge is away"),
        (MissingExtra("the sandbox", "sandbox"), "missing-extra", "the sandbox is not installed"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_scorer_that_raises_is_an_error(error: Exception, code: str, told: str, late: bool) -> None:
    async def later(sample: Sample, extracted: str) -> Score:
        await asyncio.sleep(0)
        raise error

    trial = graded("Answer: 5", score=later if late else raising(error))
    assert (trial.outcome, trial.value, trial.error_code) == (Outcome.ERROR, None, code)
    assert told in str(trial.error)
    assert trial.extracted == "5"  # what was found is kept: it can be graded again


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.1, 1.1])
@pytest.mark.parametrize("continuous", [False, True])
def test_a_score_that_is_none_is_an_error(value: float, continuous: bool) -> None:
    trial = graded("Answer: 5", score=lambda *_: Score(value, continuous=continuous))
    assert (trial.outcome, trial.value, trial.error_code) == (Outcome.ERROR, None, "scorer-failed")


def test_a_scorer_that_waits() -> None:
    async def later(sample: Sample, extracted: str) -> Score:
        await asyncio.sleep(0)
        return exact(sample, extracted)

    assert graded("Answer: 4", score=later).outcome is Outcome.CORRECT


def test_the_calls_are_noted() -> None:
    calls = (
        Completion(key_of(1), "first", prompt_tokens=10, output_tokens=1, cost=0.5, latency_s=1.0, cached=True),
        Completion(key_of(2), "Answer: 4", prompt_tokens=20, output_tokens=2, cost=0.25, latency_s=2.0),
    )
    answer = Answer("Answer: 4", calls, trace=({"step": 1},))
    trial = asyncio.run(grade(start_trial(1, sample(1), 0), sample(1), answer, Profile("p", "number", "s"), exact))
    assert trial.keys == (key_of(1), key_of(2))
    assert (trial.prompt_tokens, trial.output_tokens, trial.cost, trial.latency_s) == (30, 3, 0.75, 3.0)
    assert (trial.cached, trial.trace, trial.answer) == (1, ({"step": 1},), None)  # the text is the completion's


def test_what_is_not_known_of_a_call_is_not_zero() -> None:
    calls = (Completion(key_of(1), "a", cost=0.5, output_tokens=4), Completion(key_of(2), "b"))
    trial = asyncio.run(
        grade(start_trial(1, sample(1), 0), sample(1), Answer("4", calls), Profile("p", "number", "s"), exact)
    )
    assert (trial.prompt_tokens, trial.output_tokens, trial.cost) == (None, 4, None)
    assert trial.answer == "4"  # voted on: no completion's own text
    bare = asyncio.run(
        grade(start_trial(1, sample(1), 0), sample(1), Answer("4", ()), Profile("p", "number", "s"), exact)
    )
    assert (bare.outcome, bare.answer, bare.cost, bare.keys) == (Outcome.CORRECT, "4", None, ())


def test_a_failed_trial_says_whose_fault_it_was() -> None:
    trial = fail(start_trial(1, sample(1), 0), ContextOverflow("too long " * 500, "shorten it"))
    assert (trial.outcome, trial.error_code, trial.value) == (Outcome.ERROR, "context-overflow", None)
    assert len(str(trial.error)) == 1000
    assert isinstance(method_fault(KeyError("x")), MethodFailed)
    passing = Unavailable("x")
    assert method_fault(passing) is passing


FINISHES: list[FinishReason] = ["stop", "length", "refusal", "other", "dummy"]


@settings(max_examples=200, deadline=None)
@given(st.text(), st.sampled_from(FINISHES), st.booleans(), st.sampled_from(["number", "letter", "text", "code"]))
def test_any_reply_ends_somehow_and_only_graded_ones_have_a_value(
    text: str, finish: FinishReason, reasoned: bool, kind: AnswerKind
) -> None:
    trial = graded(text, finish, reasoned=reasoned, kind=kind)
    assert trial.outcome is not Outcome.ERROR
    assert trial.outcome.graded == (trial.value is not None)
    if trial.outcome is Outcome.INCORRECT:
        assert trial.extracted is not None


@settings(max_examples=60, deadline=None)
@given(st.text(), st.sampled_from(FINISHES), st.sampled_from([ValueError("x"), Unavailable("x"), BakeoffError("x")]))
def test_no_fault_is_a_wrong_answer(text: str, finish: FinishReason, error: Exception) -> None:
    def score(sample: Sample, extracted: str) -> Score | Awaitable[Score]:
        raise error

    trial = graded(text, finish, score=score)
    assert not trial.outcome.graded
    assert trial.value is None


@pytest.mark.parametrize("reasoned", [True, False])
def test_a_scorer_sees_what_was_shown_and_of_a_reply_that_reasons_the_answer_alone(reasoned: bool) -> None:
    seen: list[Sample] = []

    def look(sample: Sample, extracted: str) -> Score:
        seen.append(sample)
        return Score(1.0)

    reply = Completion(key_of(1), "I think, so: Answer: 4", "stop")
    answer = Answer(reply.text, (reply,), reasoned, context=(("p1", "Two and two are four."),))
    one = sample(1)
    asyncio.run(grade(start_trial(7, one, 0), one, answer, Profile("bakeoff", "number", "exact"), look))
    assert seen[0].meta["passages"] == [["p1", "Two and two are four."]]
    assert ("reply" in seen[0].meta) is not reasoned
