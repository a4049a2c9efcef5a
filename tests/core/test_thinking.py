"""Where thinking ends and the answer begins."""

from __future__ import annotations

import asyncio

import pytest

from bakeoff.core.protocols import Profile
from bakeoff.core.thinking import apart, cut_at, set_apart
from bakeoff.core.types import Answer, Completion, FinishReason, Outcome, Sample
from bakeoff.runner.grade import grade, start_trial
from bakeoff.scorers.numeric import Numeric

SAMPLE = Sample("s", "6 * 7?", "42", "42")


@pytest.mark.parametrize(
    ("text", "thinking", "answer", "cut"),
    [
        ("<think>6 * 7.</think>\n\n42", "6 * 7.", "42", False),
        ("<think>\n\n</think>\n\n42", "", "42", False),
        ("\n <think>a</think>b</think>c", "a", "b</think>c", False),
        ("<thinking>a</think>b</thinking>c", "a</think>b", "c", False),
        ("The template opened it.</think>42", "The template opened it.", "42", False),
        ("<think>Answer: 41, or", "Answer: 41, or", "", True),
        ("42", "", "42", False),
        ("I say <think> is a tag.", "", "I say <think> is a tag.", False),
        ("", "", "", False),
        ("  42\n", "", "  42\n", False),
    ],
)
def test_a_reply_in_two(text: str, thinking: str, answer: str, cut: bool) -> None:
    assert apart(text) == (thinking, answer, cut)


@pytest.mark.parametrize("finish", ["stop", "length", "other", "refusal"])
def test_a_reply_cut_within_its_thinking_is_truncated_and_never_wrong(finish: FinishReason) -> None:
    reply = set_apart(Completion(b"k", "<think>Is the answer: 41? Answer: 41", finish))
    trial = start_trial(0, SAMPLE, 0)
    profile = Profile("p", "number", "numeric")
    asyncio.run(grade(trial, SAMPLE, Answer(reply.text, (reply,), True), profile, Numeric().score))
    assert trial.outcome is (Outcome.REFUSED if finish == "refusal" else Outcome.TRUNCATED)
    assert trial.value is None and reply.thinking.endswith("41")


def test_what_is_graded_is_the_answer_alone() -> None:
    reply = set_apart(Completion(b"k", "<think>Answer: 41</think>\nAnswer: 42"))
    trial = start_trial(0, SAMPLE, 0)
    profile = Profile("p", "number", "numeric")
    asyncio.run(grade(trial, SAMPLE, Answer(reply.text, (reply,), True), profile, Numeric().score))
    assert (trial.outcome, trial.extracted, trial.answer) == (Outcome.CORRECT, "42", None)


@pytest.mark.parametrize(
    ("text", "finish", "ends", "how"),
    [
        ("42\nQuestion: and 7 * 8?", "stop", "42", "stop"),
        ("42\nQuestion: and 7 * 8", "length", "42", "stop"),
        ("forty-tw", "length", "forty-tw", "length"),
        ("No.\nQuestion:", "refusal", "No.", "refusal"),
    ],
)
def test_stop_texts_end_the_answer(text: str, finish: FinishReason, ends: str, how: str) -> None:
    found = cut_at(Completion(b"k", text, finish), ("\nQuestion:", ""))
    assert (found.text, found.finish_reason) == (ends, how)
