"""Steps on the HTML page: each can be opened and found, and what a model wrote in them is inert and without secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.core.types import Outcome, Trial
from bakeoff.reports.html import TEXT_LIMIT
from bakeoff.reports.summary import CellDetail
from bakeoff.reports.traces import StepView
from tests.reports.test_html import HOSTILE, Page, detail, page_of, record, trial

KEY = "sk-Abc123Def456Ghi789Jkl012Mno345"


def with_steps(*steps: StepView) -> list[CellDetail]:
    whole = detail([trial("s0"), trial("s1", Outcome.INCORRECT)], record())
    views = [replace(whole.views[0], steps=steps), *whole.views[1:]]
    return [replace(whole, views=views, fastest=(), slowest=())]


def test_each_step_can_be_opened_and_has_its_figures() -> None:
    steps = (
        StepView(1, "thought", "Six sevens.", "Hm, sixes.", 0.0, 1.5, b"k", 120, 30, cost=0.0012),
        StepView(2, "action", "calculator", at=1.5, details={"arguments": {"expression": "6 * 7"}}),
    )
    page = Page(page_of(with_steps(*steps)))
    assert len([tag for tag, _ in page.elements if tag == "details"]) == 2
    assert "thought Six sevens. at 0 s, 1.5 s, 120 in, 30 out, $0.0012" in page.words
    assert "Hm, sixes." in page.words and '{"expression": "6 * 7"}' in page.words


def test_trials_of_one_call_have_no_steps_and_all_can_be_searched() -> None:
    page = Page(page_of(with_steps()))
    assert "steps" not in page.attributes("class")
    assert [attrs for tag, attrs in page.elements if tag == "input" and attrs.get("type") == "search"]
    finding = next(attrs for _, attrs in page.elements if attrs.get("class") == "finding")
    assert "hidden" in finding, "without the script there is nothing to search with"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_inert_in_every_part_of_a_step(text: str) -> None:
    step = StepView(1, "observation", text, text, details={"arguments": {text: text}, "plain": text})
    page = Page(page_of(with_steps(step)))
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "object"} and len(page.scripts) == 1
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]


def test_secrets_are_out_of_prompts_and_answers_too() -> None:
    (whole,) = with_steps(StepView(1, "call", "done"))
    told = [replace(view, prompt=f"Use {KEY}", trial=_answering(view.trial.sample_id)) for view in whole.views]
    text = page_of([replace(whole, views=told)])
    assert KEY not in text and text.count("[secure]") == 4


def _answering(sample: str) -> Trial:
    one = trial(sample)
    one.answer = f"My key is {KEY}."
    return one


def test_a_long_text_is_cut() -> None:
    page = Page(page_of(with_steps(StepView(1, "call", "x" * (TEXT_LIMIT + 500)))))
    assert "500 characters left out" in page.words
