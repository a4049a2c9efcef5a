"""Traces as readers see them: each step with its words, tokens and cost, in 80 columns, without secrets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bakeoff.core.records import CellRecord
from bakeoff.core.types import Completion, Json, ModelIdentity, Outcome, Trial
from bakeoff.reports.trace_text import SHOWN_LINES, trace_lines
from bakeoff.reports.traces import StepView, TraceView, steps_shown

KEY = "sk-Abc123Def456Ghi789Jkl012Mno345"
IDENTITY = ModelIdentity("fake", "a")
CELL = CellRecord(1, 3, "fake/a", "balanced", "gsm8k", "react", "bakeoff", IDENTITY, "r", "d", 1, "s")


def said(key: bytes, text: str, **fields: object) -> Completion:
    whole = Completion(key, text, prompt_tokens=100, output_tokens=20, cost=0.0012, latency_s=1.5)
    return replace(whole, **fields)  # type: ignore[arg-type]  # fields of a completion


def trial(trace: tuple[dict[str, Json], ...], *keys: bytes, **fields: object) -> Trial:
    whole = Trial(1, "s-1", 0, Outcome.CORRECT, 1.0, "18", extracted="18", rule="answer-marker")
    return replace(whole, keys=keys, trace=trace, prompt_tokens=200, output_tokens=40, cost=0.0024, **fields)  # type: ignore[arg-type]  # fields of a trial


def view(one: Trial, *completions: Completion) -> TraceView:
    return TraceView("night", CELL, one, steps_shown(one, {found.key: found for found in completions}))


class TestSteps:
    def test_a_step_that_a_call_made_has_its_words_and_figures(self) -> None:
        trace: tuple[dict[str, Json], ...] = (
            {"step": "thought", "text": "", "at": 0.0, "seconds": 1.5, "call": 0},
            {"step": "action", "text": "calculator", "at": 1.5, "seconds": 0.0, "details": {"arguments": {"e": "2+2"}}},
            {"step": "observation", "text": "4", "at": 1.5, "seconds": 0.2},
            {"step": "thought", "text": "", "at": 1.7, "seconds": 1.0, "call": 1},
        )
        shown = view(trial(trace, b"a", b"b"), said(b"a", "First."), said(b"b", "Last.", thinking="Hm.")).steps
        assert [(one.number, one.kind, one.text) for one in shown] == [
            (1, "thought", "First."),
            (2, "action", "calculator"),
            (3, "observation", "4"),
            (4, "thought", "Last."),
        ]
        assert (shown[0].prompt_tokens, shown[0].output_tokens, shown[0].cost) == (100, 20, 0.0012)
        assert (shown[3].thinking, shown[3].seconds) == ("Hm.", 1.0)
        assert shown[1].details == {"arguments": {"e": "2+2"}} and shown[1].key is None

    def test_calls_that_no_step_names_and_those_of_judges_are_steps_too(self) -> None:
        one = trial(({"step": "status", "text": "done"},), b"j", b"a", parts={"judge_calls": 1.0})
        shown = view(one, said(b"j", "Right."), said(b"a", "18")).steps
        assert [(step.kind, step.text) for step in shown] == [("call", "18"), ("status", "done"), ("judge", "Right.")]

    def test_a_number_of_no_call_and_a_lost_completion_harm_nothing(self) -> None:
        trace: tuple[dict[str, Json], ...] = ({"step": "vote", "call": 9}, {"step": "vote", "call": 0}, {"imported": 1})
        assert [step.text for step in view(trial(trace, b"a")).steps] == ["", ""]

    def test_secrets_are_out_of_texts_and_details(self) -> None:
        trace: tuple[dict[str, Json], ...] = (
            {"step": "thought", "text": "", "call": 0},
            {"step": "observation", "text": f"key {KEY}", "details": {"arguments": {"q": [KEY]}, "password": "x"}},
        )
        shown = view(trial(trace, b"a"), said(b"a", f"I use {KEY}", thinking=f"{KEY}!")).steps
        assert KEY not in str([step.as_json() for step in shown])
        assert str(shown).count("[secure]") == 5

    def test_json_leaves_out_what_is_not_known(self) -> None:
        assert StepView(1, "status", "done").as_json() == {
            "number": 1,
            "kind": "status",
            "text": "done",
            "at": 0.0,
            "seconds": 0.0,
        }


class TestLines:
    def lines(self, text: str, full: bool = False, width: int = 80) -> list[str]:
        trace: tuple[dict[str, Json], ...] = (
            {"step": "draft", "text": "", "call": 0, "at": 2.0, "details": {"answer": "18", "long": "x" * 300}},
        )
        return list(trace_lines(view(trial(trace, b"a"), said(b"a", text, finish_reason="length")), width, full))

    def test_the_head_and_the_figures(self) -> None:
        lines = self.lines("So it is 18.")
        assert lines[0].startswith("── cell 3 · fake/a · gsm8k · react · sample s-1 · repeat 0")
        head = "correct, answer '18' for '18' (answer-marker) · 1 call · 200 + 40 tokens · 0.0 s · $0.0024"
        assert head in " ".join(lines)
        assert " 1. draft · at 2.0 s · 1.5 s · 100 + 20 tokens · $0.0012 · cut" in lines
        assert "    So it is 18." in lines

    @pytest.mark.parametrize("width", [80, 40, 10])
    def test_no_line_is_wider_than_the_terminal(self, width: int) -> None:
        for line in self.lines("word " * 200 + "\n" + "x" * 500, width=width):
            assert len(line) <= max(40, width)

    def test_long_texts_are_cut_and_it_is_said(self) -> None:
        text = "\n".join(f"line {number}" for number in range(50))
        short, full = self.lines(text), self.lines(text, full=True)
        assert f"    … {50 - SHOWN_LINES} more lines: --full" in short
        assert "    line 49" in full and "    line 49" not in short

    def test_escape_sequences_of_a_model_do_nothing(self) -> None:
        assert "\x1b" not in "".join(self.lines("\x1b[2Jgone \x07"))

    def test_an_error_is_told(self) -> None:
        one = trial((), outcome=Outcome.ERROR, error_code="timeout", error="no answer", extracted=None)
        assert "error (timeout): no answer" in "\n".join(trace_lines(view(one)))
