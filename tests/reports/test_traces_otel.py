"""OpenTelemetry: what is written is read back by OTLP's own classes, and says what the trial was."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bakeoff.core.errors import MissingExtra
from bakeoff.core.records import CellRecord
from bakeoff.core.types import Completion, Json, ModelIdentity, Outcome, Trial
from bakeoff.reports.traces import TraceView, steps_shown
from bakeoff.reports.traces_otel import otlp_lines
from tests.conftest import require

KEY = "sk-Abc123Def456Ghi789Jkl012Mno345"
CLAUDE = ModelIdentity("openai_compatible", "qwen3-8b", template="chat", endpoint="https://api.example.org/v1")
TRACE: tuple[dict[str, Json], ...] = (
    {"step": "retrieval", "text": "eggs", "at": 0.0, "seconds": 0.1, "details": {"ids": ["p1"], "scores": [0.5]}},
    {"step": "thought", "text": "", "at": 0.1, "seconds": 1.5, "call": 0},
    {"step": "action", "text": "calculator", "at": 1.6, "details": {"arguments": {"expression": f"6*7 {KEY}"}}},
    {"step": "observation", "text": "42", "at": 1.6, "seconds": 0.2, "details": {"success": False}},
    {"step": "status", "text": "answered", "at": 1.8},
)


@pytest.fixture(autouse=True)
def otel() -> None:
    require("opentelemetry.sdk.trace")


def view(trace: tuple[dict[str, Json], ...] = TRACE, identity: ModelIdentity = CLAUDE, **fields: Any) -> TraceView:
    cell = CellRecord(1, 0, "m", "balanced", "gsm8k", "react", "bakeoff", identity, "r", "d", 1, "s")
    trial = Trial(1, "s-1", 0, Outcome.CORRECT, 1.0, "42", keys=(b"k",), trace=trace, cost=0.002, **fields)
    said = Completion(
        b"k", "I add.", "stop", 100, 20, 0.002, latency_s=1.5, finished_at=1_763_721_200.0, thinking="Hm.",
        thinking_tokens=5, cached_tokens=64,
    )  # fmt: skip
    return TraceView("night", cell, trial, steps_shown(trial, {b"k": said}))


def read_back(*views: TraceView, texts: bool = True) -> list[Any]:
    """The spans of what is written, as OTLP's own classes read them."""
    from opentelemetry.proto_json.collector.trace.v1.trace_service import ExportTraceServiceRequest

    found = []
    for line in otlp_lines(views, "1.2", texts):
        assert line.endswith(b"\n") and line.count(b"\n") == 1
        request = ExportTraceServiceRequest.from_json(line.decode())
        for resource in request.resource_spans:
            assert attributes(resource.resource)["service.name"] == "bakeoff"
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def attributes(told: Any) -> dict[str, Any]:
    found = {}
    for one in told.attributes:
        value = one.value
        kinds = (value.string_value, value.int_value, value.double_value, value.array_value)
        found[one.key] = next((kind for kind in kinds if kind is not None), None)
    return found


def test_a_trial_is_a_trace_of_its_steps() -> None:
    root, looked_up, chat, tool = read_back(view())
    assert [span.name for span in (root, looked_up, chat, tool)] == [
        "invoke_agent react", "retrieval", "chat qwen3-8b", "execute_tool calculator",
    ]  # fmt: skip
    assert {span.trace_id for span in (root, looked_up, chat, tool)} == {root.trace_id} and len(root.trace_id) == 16
    assert not root.parent_span_id
    assert {span.parent_span_id for span in (looked_up, chat, tool)} == {root.span_id}
    assert len({span.span_id for span in (root, looked_up, chat, tool)}) == 4


def test_times_are_those_of_the_steps_within_the_trial() -> None:
    root, *spans = read_back(view())
    ended = 1_763_721_200 * 10**9
    assert root.start_time_unix_nano == ended - 1_600_000_000
    assert spans[1].end_time_unix_nano == ended
    assert spans[2].end_time_unix_nano - spans[2].start_time_unix_nano == 200_000_000
    for span in spans:
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano


def test_a_call_has_the_attributes_of_the_conventions() -> None:
    chat = read_back(view())[2]
    told = attributes(chat)
    assert int(chat.kind) == 3  # client
    assert told["gen_ai.operation.name"] == "chat" and told["gen_ai.provider.name"] == "openai"
    assert told["gen_ai.request.model"] == "qwen3-8b" and told["server.address"] == "api.example.org"
    usage = {name: told[f"gen_ai.usage.{name}"] for name in ("input_tokens", "output_tokens")}
    assert usage == {"input_tokens": 100, "output_tokens": 20} and told["server.port"] == 443
    assert told["gen_ai.usage.reasoning.output_tokens"] == 5
    assert told["gen_ai.usage.cache_read.input_tokens"] == 64
    assert '"type": "reasoning", "content": "Hm."' in told["gen_ai.output.messages"]
    assert told["gen_ai.response.finish_reasons"].values[0].string_value == "stop"


def test_a_tool_and_a_retrieval_have_theirs() -> None:
    _, looked_up, _, tool = read_back(view())
    told = attributes(tool)
    assert told["gen_ai.tool.name"] == "calculator" and told["gen_ai.tool.call.result"] == "42"
    assert KEY not in told["gen_ai.tool.call.arguments"] and "6*7 [secure]" in told["gen_ai.tool.call.arguments"]
    assert int(tool.status.code) == 2 and told["error.type"] == "_OTHER"
    assert attributes(looked_up)["gen_ai.retrieval.documents"] == '[{"id": "p1", "score": 0.5}]'


def test_the_grade_and_what_the_method_did_are_events_of_the_root() -> None:
    root = read_back(view())[0]
    assert [event.name for event in root.events] == ["gen_ai.evaluation.result", "bakeoff.status"]
    graded = attributes(root.events[0])
    assert graded["gen_ai.evaluation.score.label"] == "correct" and graded["gen_ai.evaluation.score.value"] == 1.0


def test_a_failed_trial_ends_in_an_error() -> None:
    root = read_back(view((), error_code="timeout", error=f"no answer {KEY}"))[0]
    assert (int(root.status.code), root.status.message) == (2, "no answer [secure]")
    assert root.name == "invoke_workflow react"


def test_a_model_in_this_process_is_no_client() -> None:
    assert int(read_back(view(identity=ModelIdentity("fake", "a")))[2].kind) == 1  # internal


def test_without_texts_nothing_that_was_said_is_in_it() -> None:
    written = b"".join(otlp_lines([view(error_code="x", error="I add.")], "1.2", texts=False))
    for said in (b"I add.", b"Hm.", b"6*7", b"eggs", b"answered"):
        assert said not in written
    assert b"gen_ai.usage.input_tokens" in written


def test_two_exports_are_equal_and_lines_hold_some_traces_each() -> None:
    views = [view() for _ in range(120)]
    assert list(otlp_lines(views, "1.2")) == list(otlp_lines(views, "1.2"))
    assert len(list(otlp_lines(views, "1.2"))) == 3


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.json.common.trace_encoder", None)
    with pytest.raises(MissingExtra, match=r"bakeoff\[otel\]"):
        list(otlp_lines([view()], "1.2"))
