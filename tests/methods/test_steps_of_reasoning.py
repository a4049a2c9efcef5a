"""Least to most, self-refine and few-shot chain of thought: what is asked in which order, and when they end."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from bakeoff.core.answers import answer_in
from bakeoff.core.errors import ConfigInvalid
from bakeoff.core.protocols import EngineLimits, Method, MethodConfig, Profile
from bakeoff.core.trace import steps_of
from bakeoff.core.types import Answer, Completion, FinishReason, ModelIdentity, Request, Sample
from bakeoff.methods import _exemplars
from bakeoff.methods.few_shot_cot import FewShotChainOfThought
from bakeoff.methods.least_to_most import LeastToMost, listed
from bakeoff.methods.self_refine import SelfRefine
from tests.methods.test_prompts import Asked, Sums

SAMPLE = Sample("s-1", "A dozen eggs, and half of them boiled. How many are raw?", "6", "6")
RIGHT, WRONG = "12 / 2 = 6.\nAnswer: 6", "12 - 2 = 10.\nAnswer: 10"


class Says:
    """Replies in order; the last one again when there are no more."""

    identity = ModelIdentity("says", "s")
    limits = EngineLimits()

    def __init__(self, *replies: str | tuple[str, FinishReason]) -> None:
        self.asked: list[str] = []
        self._replies = replies

    async def generate(self, request: Request) -> Completion:
        place = min(len(self.asked), len(self._replies) - 1)
        self.asked.append(request.messages[-1].content)
        reply = self._replies[place]
        text, finish = reply if isinstance(reply, tuple) else (reply, "stop")
        return Completion(str(len(self.asked)).encode(), text, finish, latency_s=0.25)

    async def close(self) -> None:
        pass


def answer(method: Method, *replies: str | tuple[str, FinishReason]) -> tuple[Answer, Says]:
    engine = Says(*replies)
    return asyncio.run(method.answer(SAMPLE, Asked(Sums()), engine, 0)), engine


def kinds(found: Answer) -> list[str]:
    return [step.kind for step in steps_of(found.trace)]


class TestLeastToMost:
    def test_each_simpler_question_sees_the_answers_before_it(self) -> None:
        found, engine = answer(
            LeastToMost(), "1. How many is a dozen?\n2. How many are boiled?", "Twelve.", "Six.", RIGHT
        )
        assert kinds(found) == ["plan", "thought", "thought", "call"]
        assert "Answer this simpler question, and no other: How many is a dozen?" in engine.asked[1]
        assert "Its answer: Twelve." in engine.asked[2] and "How many are boiled?" in engine.asked[2]
        assert "Its answer: Six." in engine.asked[3] and engine.asked[3].endswith("Answer: <number>")
        assert found.text == RIGHT and found.reasoned

    def test_without_a_list_the_question_is_asked_at_once(self) -> None:
        found, engine = answer(LeastToMost(), "There is nothing simpler.", RIGHT)
        assert kinds(found) == ["plan", "status", "call"] and len(engine.asked) == 2

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("1. How many?\n2) How few?\n3: When?", ["How many?", "How few?", "When?"]),
            ("- **How many?**\n* How few?\n• When is it?", ["How many?", "How few?", "When is it?"]),
            ("1. How many?\n1. How many?", ["How many?"]),
            ("1. a?\nsome words\n\n12.5 is a number", []),
            ("", []),
        ],
    )
    def test_what_is_a_list(self, text: str, found: list[str]) -> None:
        assert listed(text, 9) == found

    def test_no_more_than_wanted(self) -> None:
        many = "\n".join(f"{i}. What is the number {i}?" for i in range(1, 30))
        _, engine = answer(LeastToMost(MethodConfig(options={"subquestions": 3})), many, "A thought.")
        assert len(engine.asked) == 5 and "at most 3" in engine.asked[0]

    def test_a_hostile_list_costs_no_time(self) -> None:
        assert listed("1. " * 100_000, 4) == listed("1. " * 6_000, 4)


class TestSelfRefine:
    def test_it_ends_when_the_criticism_finds_nothing(self) -> None:
        found, engine = answer(SelfRefine(), RIGHT, "**No mistakes found.**")
        assert kinds(found) == ["draft", "critique", "status"]
        assert steps_of(found.trace)[-1].text == "nothing found"
        assert found.text == RIGHT and found.completions[-1].text == RIGHT
        assert RIGHT in engine.asked[1]

    def test_a_correction_takes_the_place_of_the_draft(self) -> None:
        found, engine = answer(SelfRefine(), WRONG, "Half of 12 is not 10.", RIGHT, "NO MISTAKES")
        assert kinds(found) == ["draft", "critique", "repair", "critique", "status"]
        assert found.text == RIGHT
        assert "Half of 12 is not 10." in engine.asked[2] and RIGHT in engine.asked[3]
        told = {step.kind: found.completions[step.call].text for step in steps_of(found.trace) if step.call is not None}
        assert told["draft"] == WRONG and told["repair"] == RIGHT

    def test_there_is_an_end_of_rounds(self) -> None:
        found, engine = answer(
            SelfRefine(MethodConfig(options={"rounds": 2})), WRONG, "No.", RIGHT, "Wrong again.", WRONG + " "
        )
        assert len(engine.asked) == 5 and steps_of(found.trace)[-1].text == "all rounds were used"

    @pytest.mark.parametrize(
        ("replies", "why", "text"),
        [
            ((WRONG, "It is 6.", WRONG), "nothing changed", WRONG),
            ((WRONG, "It is 6.", "I give up."), "the correction holds no answer", WRONG),
            ((WRONG, "It is 6.", ("", "refusal")), "refused", WRONG),
            ((WRONG, ("", "refusal")), "refused", WRONG),
            ((("", "refusal"),), "refused", ""),
        ],
    )
    def test_why_it_ends(self, replies: tuple[str | tuple[str, FinishReason], ...], why: str, text: str) -> None:
        found, engine = answer(SelfRefine(), *replies)
        assert (steps_of(found.trace)[-1].text, found.text, len(engine.asked)) == (why, text, len(replies))

    @pytest.mark.parametrize("said", ["There are no mistakes in the first step, but the second is wrong.", "No.", ""])
    def test_what_is_no_acquittal(self, said: str) -> None:
        assert len(answer(SelfRefine(), WRONG, said, RIGHT)[1].asked) > 2


class TestExemplars:
    def test_three_to_five_of_each_family_whose_answers_are_found(self) -> None:
        kind = {"arithmetic": "number", "formula": "math", "choice": "letter", "boolean": "label", "label": "label"}
        kind |= {"reading": "text", "short": "text", "code": "code"}
        for name, shown in _exemplars.exemplars().items():
            assert 3 <= len(shown) <= 5, name
            for one in shown:
                labels = (
                    tuple(re.findall(r"^Labels: (.*)$", one.question, re.M)[0].split(", ")) if name == "label" else ()
                )
                labels = ("yes", "no") if name == "boolean" else labels
                profile = Profile("p", kind.get(name, "whole"), "exact")  # type: ignore[arg-type]  # of the table above
                found = answer_in(one.shown(), replace(SAMPLE, labels=labels), profile, reasoned=True)
                assert found is not None, one.question
                if name != "code":
                    assert found.value.strip() == one.answer.strip("$"), (name, found)

    def test_examples_then_the_question_and_all_of_them_by_default(self) -> None:
        (message,) = FewShotChainOfThought().prompt(SAMPLE, Asked(Sums(asks="Say a number.")))
        assert message.content.startswith("Say a number.\n\nThink step by step, as in the examples.")
        assert message.content.endswith(f"Answer: 24\n\nQuestion: {SAMPLE.question}\nReasoning:")
        assert message.content.count("\nReasoning:") == 6
        (fewer,) = FewShotChainOfThought(MethodConfig(2)).prompt(SAMPLE, Asked(Sums()))
        assert fewer.content.count("\nReasoning:") == 3

    def test_more_than_there_are_is_told(self) -> None:
        with pytest.raises(ConfigInvalid, match="there are 5 worked examples of family 'arithmetic', and 9 are wanted"):
            FewShotChainOfThought(MethodConfig(9)).prompt(SAMPLE, Asked(Sums()))

    def test_answers_of_no_family_are_told(self) -> None:
        class Calls(Sums):
            def profile(self, name: str) -> Profile:
                return Profile(name, "whole", "tool_call")

        with pytest.raises(ConfigInvalid, match=r"no worked examples for answers of the form 'number' .*'sums'"):
            FewShotChainOfThought().prompt(SAMPLE, Asked(Calls()))

    @pytest.mark.parametrize(
        ("text", "own"),
        [
            ("6.\nAnswer: 6\n\nQuestion: 2 + 2?\nAnswer: 4", "6.\nAnswer: 6"),
            ("Question: what is a dozen?\nQuestion: and half?\nAnswer: 6", None),
            ("Answer: 6", None),
            ("", None),
        ],
    )
    def test_a_further_question_is_not_looked_at(self, text: str, own: str | None) -> None:
        found, _ = answer(FewShotChainOfThought(), text)
        assert found.text == (text if own is None else own)
        assert found.completions[0].text == text

    def test_nothing_ends_its_reply(self) -> None:
        requests: list[Request] = []

        class Noting(Says):
            async def generate(self, request: Request) -> Completion:
                requests.append(request)
                return await super().generate(request)

        asyncio.run(FewShotChainOfThought().answer(SAMPLE, Asked(Sums()), Noting(RIGHT), 0))
        assert requests[0].sampling.stop == ()
