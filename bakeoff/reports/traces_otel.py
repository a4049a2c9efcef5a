"""Trials as OpenTelemetry spans, by the semantic conventions for generative AI, written as OTLP JSON.

Conventions: https://github.com/open-telemetry/semantic-conventions-genai (status: development). A trial is one trace:
its root span invokes a workflow (an agent, where it calls tools), calls of a model are `chat` spans, tool calls
`execute_tool`, looked-up passages `retrieval`; what the method did by itself is an event of the root span, and so is
the grade (`gen_ai.evaluation.result`). Ids derive from run, cell, sample and repeat, so two exports are equal. A reply
that came from the store took no time in this run; its span is as long as the call once was.

A line of the output is one `ExportTraceServiceRequest`, as OTLP's file format has it. Needs the extra `otel`. Example:

    for line in otlp_lines(traces(results, "night"), "0.1.0"): file.write(line)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bakeoff.core.errors import MissingExtra
from bakeoff.core.redaction import redacted
from bakeoff.reports.traces import StepView, TraceView

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import SpanContext

TRACES_AT_ONCE = 50
_NANO = 1_000_000_000
_PROVIDERS = {"openai_compatible": "openai"}  # the format that is spoken; others go by their engine's name
_IN_PROCESS = frozenset({"fake", "llama_cpp", "transformers", "vllm"})
Attributes = dict[str, Any]


def otlp_lines(views: Iterable[TraceView], version: str, texts: bool = True) -> Iterator[bytes]:
    """JSON lines of some traces each; without `texts` nothing that was asked or said. Raises MissingExtra."""
    try:
        from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans
    except ImportError:
        raise MissingExtra("what writes OpenTelemetry spans", "otel") from None
    streamed = iter(views)
    while batch := list(islice(streamed, TRACES_AT_ONCE)):
        spans = [span for view in batch for span in spans_of(view, version, texts)]
        yield encode_spans(spans).to_json().encode() + b"\n"


def spans_of(view: TraceView, version: str, texts: bool = True) -> list[ReadableSpan]:
    """The spans of one trial, its root first."""
    began = _began(view)
    root = _context(view, 0)
    spans, events = [], [_graded(view, began + _length(view))]
    for step, told in _paired(view.steps):
        if _is_event(step):
            events.append(_event(step, began, texts))
        else:
            name, operation, attributes = _step(view, step, told, texts)
            kind_is_client = operation in ("chat", "text_completion") and view.cell.identity.engine not in _IN_PROCESS
            start = began + int(step.at * _NANO)
            end = start + int(max(step.seconds, told.seconds if told else 0.0) * _NANO)
            spans.append(
                _span(view, step.number, name, attributes, (start, end), kind_is_client, _failed(told), version)
            )
    name, attributes = _root(view)
    error = None if view.trial.error_code is None else (view.trial.error or "") if texts else ""
    return [_root_span(root, name, attributes, (began, began + _length(view)), events, error, version), *spans]


def _is_event(step: StepView) -> bool:
    return step.key is None and step.kind not in ("action", "retrieval")


def _paired(steps: Sequence[StepView]) -> Iterator[tuple[StepView, StepView | None]]:
    """Each step, an action with the observation behind it."""
    passed: StepView | None = None
    for place, step in enumerate(steps):
        if step is passed:
            continue
        after = steps[place + 1] if place + 1 < len(steps) else None
        if step.kind == "action" and after is not None and after.kind == "observation":
            passed = after
            yield step, after
        else:
            yield step, None


def _root(view: TraceView) -> tuple[str, Attributes]:
    is_agent = any(step.kind == "action" for step in view.steps)
    operation = "invoke_agent" if is_agent else "invoke_workflow"
    method, trial = view.cell.method, view.trial
    attributes: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.agent.name" if is_agent else "gen_ai.workflow.name": method,
        "gen_ai.provider.name": _provider(view),
        "gen_ai.request.model": view.cell.identity.name,
        "bakeoff.run": view.run,
        "bakeoff.cell": view.cell.position,
        "bakeoff.benchmark": view.cell.benchmark,
        "bakeoff.sample_id": trial.sample_id,
        "bakeoff.repeat": trial.repeat,
        "bakeoff.outcome": trial.outcome.value,
    }
    attributes |= _known({"bakeoff.cost_usd": trial.cost, "error.type": trial.error_code})
    return f"{operation} {method}", attributes


def _step(view: TraceView, step: StepView, told: StepView | None, texts: bool) -> tuple[str, str, Attributes]:
    """Name, operation and attributes of the span of a step."""
    if step.kind == "action":
        return _tool(step, told, texts)
    if step.key is None:
        return _retrieval(step, texts)
    operation = "text_completion" if view.cell.identity.template == "completions" else "chat"
    model = view.cell.identity.name
    attributes: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": _provider(view),
        "gen_ai.request.model": model,
        "gen_ai.response.finish_reasons": [step.finish] if step.finish else [],
        "bakeoff.step": step.kind,
        "bakeoff.content_key": step.key.hex(),
    }
    attributes |= _known(
        {
            "gen_ai.usage.input_tokens": step.prompt_tokens,
            "gen_ai.usage.output_tokens": step.output_tokens,
            "gen_ai.usage.reasoning.output_tokens": step.thinking_tokens,
            "gen_ai.usage.cache_read.input_tokens": step.cached_tokens,
            "bakeoff.cost_usd": step.cost,
            "server.address": urlsplit(view.cell.identity.endpoint).hostname,
            "server.port": _port(view.cell.identity.endpoint),
        }
    )
    if texts:
        attributes["gen_ai.output.messages"] = _json([_message(step)])
    return f"{operation} {model}", operation, attributes


def _message(step: StepView) -> dict[str, Any]:
    parts = [{"type": "reasoning", "content": step.thinking}] if step.thinking else []
    parts.append({"type": "text", "content": step.text})
    return {"role": "assistant", "parts": parts, "finish_reason": step.finish or "stop"}


def _tool(step: StepView, told: StepView | None, texts: bool) -> tuple[str, str, Attributes]:
    attributes: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": step.text,
        "gen_ai.tool.type": "function",
    }
    if _failed(told):
        attributes["error.type"] = "_OTHER"
    if texts:
        attributes["gen_ai.tool.call.arguments"] = _json(step.details.get("arguments", {}))
        attributes |= {"gen_ai.tool.call.result": told.text} if told is not None else {}
    return f"execute_tool {step.text}", "execute_tool", attributes


def _failed(told: StepView | None) -> bool:
    return told is not None and told.details.get("success") is False


def _retrieval(step: StepView, texts: bool) -> tuple[str, str, Attributes]:
    ids, scores = step.details.get("ids"), step.details.get("scores")
    ids, scores = ids if isinstance(ids, list) else [], scores if isinstance(scores, list) else []
    documents = [{"id": one} | ({"score": scores[i]} if i < len(scores) else {}) for i, one in enumerate(ids)]
    attributes: Attributes = {
        "gen_ai.operation.name": "retrieval",
        "gen_ai.retrieval.top_k": len(documents),
        "gen_ai.retrieval.documents": _json(documents),
    }
    return "retrieval", "retrieval", attributes | ({"gen_ai.retrieval.query.text": step.text} if texts else {})


def _provider(view: TraceView) -> str:
    engine = view.cell.identity.engine
    return _PROVIDERS.get(engine, engine)


def _port(endpoint: str) -> int | None:
    parts = urlsplit(endpoint)
    return parts.port or ({"http": 80, "https": 443}.get(parts.scheme) if parts.hostname else None)


def _known(attributes: Mapping[str, Any]) -> Attributes:
    return {name: value for name, value in attributes.items() if value is not None}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _began(view: TraceView) -> int:
    """When the trial began, in nanoseconds since 1970: the first call's end, less what came before."""
    for step in view.steps:
        if step.finished_at:
            return int(max(0.0, step.finished_at - step.seconds - step.at) * _NANO)
    return 0


def _length(view: TraceView) -> int:
    return int(max((step.at + step.seconds for step in view.steps), default=0.0) * _NANO)


def _context(view: TraceView, number: int) -> SpanContext:
    """The ids of a span: of the trial, and of its step (0 is the root)."""
    from opentelemetry.trace import SpanContext, TraceFlags

    name = "\x1f".join((view.run, str(view.cell.position), view.trial.sample_id, str(view.trial.repeat))).encode()
    trace = int.from_bytes(blake2b(name, digest_size=16).digest(), "big")
    span = int.from_bytes(blake2b(name + b"\x1f%d" % number, digest_size=8).digest(), "big")
    return SpanContext(trace, span, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _span(
    view: TraceView,
    number: int,
    name: str,
    attributes: Attributes,
    times: tuple[int, int],
    client: bool,
    failed: bool,
    version: str,
) -> ReadableSpan:
    from opentelemetry.trace import SpanKind, Status, StatusCode

    kind = SpanKind.CLIENT if client else SpanKind.INTERNAL
    status = Status(StatusCode.ERROR if failed else StatusCode.UNSET)
    parent = _context(view, 0)
    return _made(name, _context(view, number), parent, attributes, (), kind, status, times, version)


def _root_span(
    context: SpanContext,
    name: str,
    attributes: Attributes,
    times: tuple[int, int],
    events: Sequence[Event],
    error: str | None,
    version: str,
) -> ReadableSpan:
    from opentelemetry.trace import SpanKind, Status, StatusCode

    status = Status(StatusCode.UNSET) if error is None else Status(StatusCode.ERROR, redacted(error) or None)
    return _made(name, context, None, attributes, events, SpanKind.INTERNAL, status, times, version)


def _made(
    name: str,
    context: SpanContext,
    parent: SpanContext | None,
    attributes: Attributes,
    events: Sequence[Event],
    kind: Any,
    status: Any,
    times: tuple[int, int],
    version: str,
) -> ReadableSpan:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    return ReadableSpan(
        name,
        context=context,
        parent=parent,
        resource=Resource({"service.name": "bakeoff", "service.version": version}),
        attributes=attributes,
        events=events,
        kind=kind,
        status=status,
        start_time=times[0],
        end_time=times[1],
        instrumentation_scope=InstrumentationScope("bakeoff", version),
    )


def _event(step: StepView, began: int, texts: bool) -> Event:
    from opentelemetry.sdk.trace import Event

    attributes: Attributes = {"bakeoff.step": step.kind}
    if texts:
        attributes |= {"bakeoff.text": step.text, "bakeoff.details": _json(dict(step.details))}
    return Event(f"bakeoff.{step.kind}", attributes, began + int(step.at * _NANO))


def _graded(view: TraceView, at: int) -> Event:
    from opentelemetry.sdk.trace import Event

    trial = view.trial
    attributes: Attributes = {
        "gen_ai.evaluation.name": view.cell.profile,
        "gen_ai.evaluation.score.label": trial.outcome.value,
    }
    attributes |= _known({"gen_ai.evaluation.score.value": trial.value})
    return Event("gen_ai.evaluation.result", attributes, at)
