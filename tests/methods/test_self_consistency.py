"""Self-consistency: who wins a vote, what has no vote, and that each vote is a call of its own."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bakeoff.core.errors import ConfigInvalid, Unavailable
from bakeoff.core.hashing import asked_again, content_key
from bakeoff.core.protocols import EngineLimits, MethodConfig, Profile
from bakeoff.core.trace import steps_of
from bakeoff.core.types import Answer, Completion, FinishReason, ModelIdentity, Outcome, Request, Sample, TokenLogProb
from bakeoff.core.votes import alike
from bakeoff.methods.cot import ChainOfThought
from bakeoff.methods.self_consistency import SelfConsistency
from bakeoff.runner.grade import grade, start_trial
from bakeoff.scorers.numeric import Numeric
from tests.methods.test_prompts import Asked, Sums

IDENTITY = ModelIdentity("voters", "v")
SAMPLE = Sample("s-1", "9 + 9?", "18", "18")


class Voters:
    """Replies in the order of the calls; a text may stand with how it ended, or with a log-probability."""

    identity = IDENTITY
    limits = EngineLimits()

    def __init__(self, *replies: str | tuple[str, FinishReason] | tuple[str, float] | Unavailable) -> None:
        self.requests: list[Request] = []
        self._replies = replies

    async def generate(self, request: Request) -> Completion:
        place = len(self.requests)
        self.requests.append(request)
        await asyncio.sleep(0.001 * (len(self._replies) - place))  # the last to be asked is the first to answer
        reply = self._replies[place]
        if isinstance(reply, Unavailable):
            raise reply
        text, more = reply if isinstance(reply, tuple) else (reply, "stop")
        found = Completion(content_key(IDENTITY, request), text, output_tokens=10)
        if isinstance(more, float):
            found.logprobs = (TokenLogProb("a", 2 * more), TokenLogProb("b", 0.0))
        else:
            found.finish_reason = more
        return found

    async def close(self) -> None:
        pass


def vote(
    *replies: str | tuple[str, FinishReason] | tuple[str, float] | Unavailable, weighted: bool = False
) -> tuple[Answer, Voters]:
    method = SelfConsistency(MethodConfig(options={"votes": len(replies), "weighted": weighted}))
    engine = Voters(*replies)
    return asyncio.run(method.answer(SAMPLE, Asked(Sums()), engine, 0)), engine


def says(*values: str) -> list[str]:
    return [f"I think.\nAnswer: {value}" for value in values]


def outcome(answer: Answer) -> Outcome:
    profile = Sums().profile("bakeoff")
    trial = start_trial(0, SAMPLE, 0)
    return asyncio.run(grade(trial, SAMPLE, answer, profile, Numeric().score)).outcome


class TestTheVote:
    def test_the_most_named_answer_wins_however_it_is_written(self) -> None:
        answer, _ = vote(*says("17", "$18.00", "18", "17", "36/2"))
        assert answer.text == "I think.\nAnswer: $18.00"
        assert answer.parts == {"vote_share": 3 / 5, "votes_unparsed": 0.0}
        assert outcome(answer) is Outcome.CORRECT

    @pytest.mark.parametrize(("values", "wins"), [(("17", "18", "18", "17"), "17"), (("3", "2", "1"), "3")])
    def test_a_tie_goes_to_who_was_named_first(self, values: Sequence[str], wins: str) -> None:
        assert vote(*says(*values))[0].text.endswith(f": {wins}")

    def test_what_has_no_answer_has_no_vote_and_counts_in_the_share(self) -> None:
        cut: tuple[str, FinishReason] = ("First I add 17 and", "length")
        refused: tuple[str, FinishReason] = ("Answer: 17", "refusal")
        answer, _ = vote("I do not know.", cut, refused, *says("18"))
        assert answer.text.endswith("18")
        assert answer.parts == {"vote_share": 1 / 4, "votes_unparsed": 3.0}
        assert outcome(answer) is Outcome.CORRECT

    @pytest.mark.parametrize(
        ("reply", "ends"),
        [
            (("First I add", "length"), Outcome.TRUNCATED),
            (("", "refusal"), Outcome.REFUSED),
            (("Who knows.", "stop"), Outcome.UNPARSED),
        ],
    )
    def test_without_a_vote_it_ends_as_the_first_reply_did(
        self, reply: tuple[str, FinishReason], ends: Outcome
    ) -> None:
        answer, _ = vote(reply, "Nobody knows.", "Hm.")
        assert outcome(answer) is ends
        assert answer.parts["vote_share"] == 0
        assert "no vote" in steps_of(answer.trace)[-1].text

    def test_a_question_that_a_reply_asks_itself_has_no_vote(self) -> None:
        own, further = says("18", "17")
        answer, _ = vote(f"{own}\n\nQuestion: 8 + 9?\n{further}", own)
        assert answer.parts["vote_share"] == 1 and answer.text == own


class TestWeights:
    def test_a_likely_reply_outweighs_two_unlikely_ones(self) -> None:
        first, second, third = says("17", "17", "18")
        answer, engine = vote((first, -3.0), (second, -3.0), (third, -0.1), weighted=True)
        assert answer.text == third
        weights = [math.exp(-3.0), math.exp(-3.0), math.exp(-0.1)]
        assert answer.parts["vote_share"] == pytest.approx(weights[2] / sum(weights))
        assert [request.sampling.logprobs for request in engine.requests] == [1, 1, 1]
        assert steps_of(answer.trace)[0].details["weight"] == pytest.approx(math.exp(-3.0), abs=1e-6)

    def test_without_log_probabilities_all_weigh_the_same_and_the_trace_says_so(self) -> None:
        first, second, third = says("17", "17", "18")
        answer, _ = vote((first, -3.0), second, (third, -0.1), weighted=True)
        assert answer.text == first
        assert steps_of(answer.trace)[-1].details["weighed"] == "equally: the engine gave no log-probabilities"

    def test_plain_votes_ask_for_none(self) -> None:
        _, engine = vote(*says("1", "2"))
        assert engine.requests[0].sampling.logprobs is None


class TestCalls:
    def test_each_vote_is_a_call_that_no_repeat_of_a_sample_shares(self) -> None:
        _, engine = vote(*says("1", "1", "1", "1", "1"))
        voted = {content_key(IDENTITY, request) for request in engine.requests}
        repeats = {content_key(IDENTITY, replace(engine.requests[0], repeat=number)) for number in range(1000)}
        assert len(voted) == 5 and not voted & repeats
        assert len({request.sampling.seed for request in engine.requests}) == 5

    def test_no_two_repeats_share_a_vote(self) -> None:
        numbers = [asked_again(repeat, number) for repeat in (0, 1, 999) for number in range(100)]
        assert len(set(numbers)) == 300 and min(numbers) >= 1000 and max(numbers) < 2**32

    def test_the_first_of_ten_are_those_of_five(self) -> None:
        few, many = vote(*says(*"11111"))[1], vote(*says(*"1111111111"))[1]
        assert few.requests == many.requests[:5]

    def test_it_asks_as_cot_does_and_at_a_temperature(self) -> None:
        _, engine = vote(*says("1", "1"))
        assert engine.requests[0].messages == ChainOfThought().prompt(SAMPLE, Asked(Sums()))
        assert {request.sampling.temperature for request in engine.requests} == {0.7}
        assert {request.sampling.stop for request in engine.requests} == {()}

    def test_worked_examples_by_a_number_in_front(self) -> None:
        method = SelfConsistency(MethodConfig(2, {"votes": 2}))
        (message,) = method.prompt(SAMPLE, Asked(Sums()))
        assert message.content.count("Reasoning:") == 3

    def test_the_trace_numbers_the_calls_as_they_are_kept(self) -> None:
        answer, _ = vote(*says("18", "17", "18"))
        steps = steps_of(answer.trace)
        assert [step.kind for step in steps] == ["vote", "vote", "vote", "status"]
        said = [answer.completions[step.call].text for step in steps if step.call is not None]
        assert said == says("18", "17", "18")
        assert answer.completions[-1].text == answer.text
        assert steps[-1].text == "'18' by 2 of 3 votes"

    def test_a_failed_call_ends_the_trial_when_the_others_have_ended(self) -> None:
        ended: list[int] = []

        class Noting(Voters):
            async def generate(self, request: Request) -> Completion:
                place = len(self.requests)
                try:
                    return await super().generate(request)
                finally:
                    ended.append(place)

        engine = Noting("Answer: 1", Unavailable("gone"), "Answer: 1", Unavailable("gone, too"))
        method = SelfConsistency(MethodConfig(options={"votes": 4}))
        with pytest.raises(Unavailable, match=r"^gone$"):
            asyncio.run(method.answer(SAMPLE, Asked(Sums()), engine, 0))
        assert sorted(ended) == [0, 1, 2, 3]

    def test_free_texts_are_refused_before_anything_is_asked(self) -> None:
        class Free(Sums):
            def profile(self, name: str) -> Profile:
                return Profile(name, "whole", "rouge")

        with pytest.raises(ConfigInvalid, match="no two are the same vote"):
            SelfConsistency().prompt(SAMPLE, Asked(Free()))


@pytest.mark.parametrize(
    ("kind", "a", "b", "same"),
    [
        ("number", "1,000", "1000.0", True),
        ("number", "18 eggs", "18", True),
        ("number", "18", "19", False),
        ("letter", "A", "a", True),
        ("label", "NOT ENOUGH INFO", "not enough info", True),
        ("text", "The Nile.", "nile", True),
        ("text", "the", "The", True),
        ("text", "Nile", "Amazon", False),
        ("math", r"$\dfrac{2x}{3}$", r"\frac{2x}{3}", True),
        ("math", r"\left( 3, \pi \right)", r"(3,\pi)", True),
        ("math", r"\frac{1}{2}", "0.5", True),
        ("math", "2x", "3x", False),
    ],
)
def test_which_answers_are_one_vote(kind: str, a: str, b: str, same: bool) -> None:
    assert (alike(a, kind) == alike(b, kind)) is same  # type: ignore[arg-type]  # of the table above
