"""The lint: each thing that is wrong is found, named by sample, and what is right is let be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from bakeoff.app import wiring
from bakeoff.app.lint import MOST_SEARCHED, Caution, Lint, untemplated
from bakeoff.app.wiring import ExperimentTask
from bakeoff.core.protocols import Benchmark, Profile, Prompt, Task
from bakeoff.core.specs import ExperimentSpec, MethodSpec
from bakeoff.core.types import Message, Sample
from bakeoff.methods.naive import Naive

PLAIN = Profile("bakeoff", "text", "alias")
LETTERS = Profile("bakeoff", "letter", "choice")


class Own:
    """A benchmark that is its pool of examples."""

    name, max_tokens, default_split = "own", 16, "test"

    def __init__(self, *pool: Sample) -> None:
        self._pool = pool

    def shot_pool(self) -> Sequence[Sample]:
        return self._pool

    def examples(self, prompt: Prompt, sample: Sample, count: int) -> Sequence[Sample]:
        return self._pool[:count]

    def instruction(self) -> str:
        return ""

    def answer_form(self) -> str:
        return "answer"


def item(id_: str, question: str = "", target: str = "yes", **more: object) -> Sample:
    return Sample(id_, question or f"Is {id_} so?", target, target, **more)  # type: ignore[arg-type]


def looked_at(
    *samples: Sample, profile: Profile = PLAIN, pool: Sequence[Sample] = (), context: int = 0
) -> list[Caution]:
    benchmark = cast(Benchmark, Own(*pool))
    lint = Lint("own", benchmark, profile, contexts={"small": context} if context else None)
    spec = ExperimentSpec.model_validate({"models": ["fake/a"], "benchmarks": ["own"]})
    methods = [wiring.build_method(MethodSpec(method="naive"), profile)]
    for sample in samples:
        lint.see(sample, methods, wiring.ExperimentTask(benchmark, spec, profile))
    return lint.cautions()


def one(*samples: Sample, code: str, **more: object) -> Caution:
    (found,) = looked_at(*samples, **more)  # type: ignore[arg-type]
    assert found.code == code
    assert found.hint and "\n" not in str(found)
    return found


def test_nothing_is_said_of_what_is_right() -> None:
    prompt = Prompt("Q: {question}\nA:", shots=1, stop=("\n\n",))
    profile = Profile("lm-eval", "letter", "choice", prompt=prompt)
    samples = [
        item(str(n), target="A", labels=("A", "B"), choices=("x", "y"), worked="First x.\nAnswer: A") for n in "123"
    ]
    assert looked_at(*samples, profile=profile, pool=[item("shot")], context=1000) == []


def test_twins_whatever_their_case_and_spaces() -> None:
    found = one(item("1", "What  is it?"), item("2", "what is IT?\n"), item("3", "Else?"), code="duplicate-question")
    assert found.ids == ("2",)


def test_at_most_three_are_named() -> None:
    found = one(*(item(str(number), "The same?") for number in range(9)), code="duplicate-question")
    assert found.count == 8
    assert found.ids == ("1", "2", "3")
    assert "8 samples (ids 1, 2, 3, …)" in str(found)


def test_an_example_that_is_asked_too() -> None:
    assert one(item("1"), item("2"), pool=[item("2")], code="shot-equals-item").ids == ("2",)


def test_an_example_shown_before_itself() -> None:
    profile = Profile("lm-eval", "text", "exact", prompt=Prompt("Q: {question}\nA:", shots=1))
    codes = [caution.said for caution in looked_at(item("1"), item("2"), profile=profile, pool=[item("1")])]
    assert any("before being asked" in said for said in codes)


def test_an_example_in_the_words_of_the_prompt() -> None:
    question = "Which of the planets is the largest?"
    profile = Profile("p", "text", "exact", prompt=Prompt("{question}", given=f"Q: {question}\nA: Jupiter\n\n"))
    assert one(item("1", question), item("2"), profile=profile, code="shot-equals-item").ids == ("1",)


@pytest.mark.parametrize(
    ("labels", "choices", "target", "words"),
    [
        (("A", "B"), ("x", "x "), "A", "two equal choices"),
        (("A", "B"), ("x", " "), "A", "an empty choice"),
        (("A", "B"), ("x", "y", "z"), "A", "not one label for each choice"),
        (("A", "B"), ("x", "y"), "C", "a target that is none of the labels"),
    ],
)
def test_choices_that_nobody_can_answer(
    labels: tuple[str, ...], choices: tuple[str, ...], target: str, words: str
) -> None:
    found = one(item("1", "Which?", target, labels=labels, choices=choices), profile=LETTERS, code="ambiguous-choices")
    assert words in found.said


def test_a_stop_inside_of_the_reasoning() -> None:
    profile = Profile("p", "text", "exact", prompt=Prompt("{question}", stop=("\n\n", "Q:")))
    samples = [item("1", worked="First.\n\nThen.\nAnswer: yes"), item("2", worked="First. Then.\nAnswer: yes")]
    assert one(*samples, profile=profile, code="stop-fires").ids == ("1",)
    lint = Lint("own", cast(Benchmark, Own()), PLAIN, stops=("First",))
    lint.see(samples[1])
    assert [caution.code for caution in lint.cautions()] == ["stop-fires"]


def test_a_prompt_longer_than_the_context() -> None:
    long = item("long", "word " * 400)
    found = one(item("1"), long, context=200, code="too-long")
    assert found.ids == ("long",)
    assert "200 tokens that 'small' takes" in found.said
    assert looked_at(item("1"), long, context=2000) == []


@pytest.mark.parametrize(
    "mark", ["<s>", "</s>", "<|im_start|>user", "<|begin_of_text|>", "[INST] x [/INST]<s>", "<|eot_id|>"]
)
def test_marks_of_a_template_in_a_question(mark: str) -> None:
    assert one(item("1", f"{mark} Why?"), item("2", "a < b and [x]?"), code="template-marks").ids == ("1",)


def test_marks_of_a_template_in_a_prescribed_prompt() -> None:
    profile = Profile("p", "text", "exact", prompt=Prompt("[INST] {question} [/INST]"))
    codes = {caution.code for caution in looked_at(item("1"), profile=profile)}
    assert codes == {"template-marks", "template-missing"}


def test_a_chat_model_that_is_sent_bare_text() -> None:
    assert untemplated("own", "openai_compatible/Llama-3-8B-Instruct", "completions", PLAIN) is not None
    assert untemplated("own", "openai_compatible/Llama-3-8B-Instruct", "chat", PLAIN) is None
    assert untemplated("own", "openai_compatible/Llama-3-8B", "completions", PLAIN) is None
    prescribed = Profile("p", "text", "exact", prompt=Prompt("{question}"))
    assert untemplated("own", "openai_compatible/Llama-3-8B-Instruct", "completions", prescribed) is None


@pytest.mark.parametrize("odd", ["\x00", "\ufffd", "\ufeff"])
def test_characters_that_tell_of_a_wrong_decoding(odd: str) -> None:
    assert one(item("1", f"It{odd}s?"), item("2", "It\u0085s \u2028 so?"), code="odd-characters").ids == ("1",)


def test_an_id_that_stands_for_two_questions() -> None:
    found = one(item("1", "What?"), item("1", "Which?"), item("1", "Who?"), code="duplicate-id")
    assert (found.count, found.ids) == (2, ("1", "1"))
    assert "asked as ID, ID#2, ID#3" in found.said
    assert {each.code for each in looked_at(item("1", "What?"), item("1", "what?"))} == {"duplicate-question"}


def test_ids_that_a_draw_has_numbered() -> None:
    lint = Lint("own", cast(Benchmark, Own()), PLAIN, drawn=True)
    for id_ in ("a#1", "b", "b#2", "c#2"):
        lint.see(item(id_))
    (found,) = lint.cautions()
    assert (found.code, found.ids) == ("duplicate-id", ("b",))


@pytest.mark.parametrize("question", ["Answer this.", "Q: {Question}\nA:", "{} {0} {choice} {label}"])
def test_a_template_that_names_no_field(question: str) -> None:
    found = looked_at(item("1"), item("2"), profile=Profile("p", "text", "exact", prompt=Prompt(question)))
    assert {each.code for each in found} == {"template-fields"}
    assert "names no field of a row" in str(found[0])


def test_a_field_that_is_written_otherwise_than_it_is_named() -> None:
    profile = Profile("p", "text", "exact", prompt=Prompt("{question} {Best Answer} {'a': 1} {x}"))
    found = one(item("1", fields={"best_answer": "x", "x": "y"}), profile=profile, code="template-fields")
    assert "{Best Answer}" in found.said and "write {best_answer}" in found.hint


def test_a_head_may_name_the_field() -> None:
    profile = Profile("p", "text", "exact", prompt=Prompt("A:", head="{question}\n"))
    assert looked_at(item("1"), item("2"), profile=profile) == []


def test_passages_are_not_searched_for_only_to_look_at_many_prompts() -> None:
    class Searching(Naive):
        needs, asked = ("retriever",), 0

        def prompt(self, sample: Sample, task: Task) -> tuple[Message, ...]:
            Searching.asked += 1
            return super().prompt(sample, task)

    benchmark = cast(Benchmark, Own())
    spec = ExperimentSpec.model_validate({"models": ["fake/a"], "benchmarks": ["own"]})
    lint = Lint("own", benchmark, PLAIN)
    for number in range(MOST_SEARCHED + 50):
        marked = "<|im_start|>" if number == MOST_SEARCHED + 40 else ""
        lint.see(item(f"s{number}", f"Is {number} so? {marked}"), [Searching()], ExperimentTask(benchmark, spec, PLAIN))
    assert Searching.asked == MOST_SEARCHED
    assert [caution.ids for caution in lint.cautions()] == [(f"s{MOST_SEARCHED + 40}",)]  # by its question
