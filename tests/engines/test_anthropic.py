"""Claude's Messages API: the two pure halves from recorded JSON, the send over loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ConfigInvalid,
    ContextOverflow,
    EndpointWrong,
    EngineError,
    RateLimited,
    Unavailable,
)
from bakeoff.core.protocols import Engine, EngineConfig
from bakeoff.core.types import Completion, Message, Price, Request, Sampling
from bakeoff.engines.anthropic import ANTHROPIC_URL, Anthropic, MessageAssembly, from_response

URL = "http://127.0.0.1:1/v1/messages"
KEY = "sk-ant-test-0123456789abcdef"
RECORDED = Path(__file__).parent / "recorded"
ASK = Request(
    (Message("system", "Be brief."), Message("user", "6 × 7?"), Message("system", "Digits only.")),
    Sampling(max_tokens=16, seed=7, logprobs=3),
)


def engine(base_url: str | None = None, **settings: Any) -> Anthropic:
    return Anthropic(EngineConfig(name="claude-haiku-4-5-20251001", base_url=base_url, api_key=KEY, **settings))


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"anthropic_{name}.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------- the request


def test_system_turns_go_to_their_field_and_neither_seed_nor_logprobs_are_sent() -> None:
    assert engine().to_request(ASK) == {
        "model": "claude-haiku-4-5-20251001",
        "max_tokens": 16,
        "system": "Be brief.\n\nDigits only.",
        "messages": [{"role": "user", "content": "6 × 7?"}],
        "temperature": 0.0,
    }


def test_temperature_top_p_and_stops_are_sent_as_given() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9, max_tokens=4, stop=("\n", "Q:"))
    body = engine(stream=True).to_request(Request((Message("user", "Hi"),), sampling))
    assert "system" not in body
    wanted = {"temperature": 0.7, "top_p": 0.9, "stop_sequences": ["\n", "Q:"], "stream": True}
    assert {name: body[name] for name in wanted} == wanted


def test_send_sampling_false_leaves_temperature_and_top_p_out() -> None:
    sampling = Sampling(temperature=0.7, top_p=0.9)
    for made in (engine(settings={"send_sampling": False}), engine(args={"send_sampling": False})):
        body = made.to_request(Request((Message("user", "Hi"),), sampling))
        assert not {"temperature", "top_p"} & set(body)
    told_both = engine(settings={"send_sampling": False}, args={"send_sampling": True})
    assert told_both.to_request(ASK)["temperature"] == 0.0


def test_extra_body_is_added_and_is_part_of_the_identity() -> None:
    extra = '{"output_config": {"effort": "low"}}'
    made = engine(args={"extra_body": extra, "send_sampling": False})
    assert made.to_request(ASK)["output_config"] == {"effort": "low"}
    assert json.loads(made.identity.settings) == {"output_config": {"effort": "low"}, "send_sampling": False}
    assert engine().identity.settings == ""


@pytest.mark.parametrize(
    "args",
    [{"seed": 1}, {"extra_body": "[1]"}, {"extra_body": "{"}, {"max_concurrency": 0}, {"send_sampling": "no"}],
)
def test_settings_that_cannot_be_meant_are_refused(args: dict[str, Any]) -> None:
    with pytest.raises(ConfigInvalid, match=next(iter(args))):
        engine(args=args)


def test_the_completions_api_is_refused() -> None:
    with pytest.raises(ConfigInvalid, match="completions"):
        engine(api="completions")


def test_identity_and_limits() -> None:
    made = engine(revision="r1", price=Price(1, 5), context_length=200_000, args={"max_concurrency": 3})
    assert isinstance(made, Engine)
    assert (made.identity.engine, made.identity.template, made.identity.revision) == ("anthropic", "messages", "r1")
    assert made.identity.endpoint == ANTHROPIC_URL
    assert (made.limits.max_concurrency, made.limits.in_process, made.limits.price) == (3, False, Price(1, 5))
    assert made.limits.context_length == 200_000


# ---------------------------------------------------------------- the reply


def test_text_blocks_are_joined_and_cached_tokens_counted() -> None:
    found = from_response(recorded("text"), URL)
    assert (found.text, found.finish_reason) == ("6 × 7 = 42", "stop")
    assert (found.prompt_tokens, found.output_tokens) == (1121, 9)


def test_thinking_stays_out_of_the_text() -> None:
    found = from_response(recorded("thinking"), URL)
    assert (found.text, found.finish_reason, found.output_tokens) == ("42", "stop", 61)


def test_a_refusal_without_words_is_a_reply() -> None:
    found = from_response(recorded("refusal"), URL)
    assert (found.text, found.finish_reason) == ("", "refusal")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "refusal"),
        ("tool_use", "other"),
        ("pause_turn", "other"),
        (None, "other"),
    ],
)
def test_stop_reasons(reason: str | None, finish: str) -> None:
    assert from_response({**recorded("text"), "stop_reason": reason}, URL).finish_reason == finish


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"content": None, "stop_reason": "end_turn"},
        {"content": [{"type": "text"}], "stop_reason": "end_turn"},
        {"content": [{"type": "text", "text": None}], "stop_reason": "end_turn"},
        {"content": []},
        {"content": ["42"], "stop_reason": "end_turn"},
        {"content": [], "stop_reason": "end_turn", "usage": {"input_tokens": "many"}},
    ],
)
def test_json_that_is_no_message_is_a_bad_response(reply: dict[str, Any]) -> None:
    with pytest.raises(BadResponse):
        from_response(reply, URL)


def test_tokens_that_were_not_counted_are_unknown_and_not_0() -> None:
    found = from_response({"content": [], "stop_reason": "end_turn"}, URL)
    assert (found.prompt_tokens, found.output_tokens) == (None, None)


# ---------------------------------------------------------------- the stream


def assembled(events: list[Any]) -> MessageAssembly:
    assembly = MessageAssembly(URL)
    for event in events:
        assembly.add(orjson.dumps(event))
    return assembly


def test_a_stream_gives_what_the_call_unstreamed_answers() -> None:
    assembly = assembled(recorded("stream"))
    assert assembly.done
    reply = assembly.response()
    assert reply["content"][0] == {"type": "thinking", "thinking": "Six sevens.", "signature": "EqoB"}
    found = from_response(reply, URL)
    assert (found.text, found.finish_reason) == ("6 × 7 = 42", "length")
    assert (found.prompt_tokens, found.output_tokens) == (25, 16)


def test_only_text_counts_as_the_first_token() -> None:
    assembly = MessageAssembly(URL)
    carried = [assembly.add(orjson.dumps(event)) for event in recorded("stream")]
    assert [index for index, text in enumerate(carried) if text] == [8, 9]


def test_a_stream_that_breaks_off_is_a_bad_response() -> None:
    with pytest.raises(BadResponse, match="broke off"):
        assembled(recorded("stream")[:-2]).response()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "index": 9, "delta": {"type": "text_delta", "text": "x"}},
        {"type": "content_block_start", "index": 0, "content_block": "text"},
        {"type": "message_delta"},
        {"no": "type"},
    ],
)
def test_an_event_that_is_none_is_a_bad_response(event: dict[str, Any]) -> None:
    with pytest.raises(BadResponse):
        assembled([event])


def test_events_not_known_yet_are_passed_over() -> None:
    assert not assembled([{"type": "something_new", "index": 3}]).done


@pytest.mark.parametrize(
    ("kind", "error"),
    [("overloaded_error", RateLimited), ("api_error", Unavailable), ("new_error", Unavailable)],
)
def test_an_error_inside_a_stream_is_what_its_type_says(kind: str, error: type[EngineError]) -> None:
    event = {"type": "error", "error": {"type": kind, "message": "Overloaded"}}
    with pytest.raises(error, match="Overloaded"):
        assembled([event])


# ---------------------------------------------------------------- the send, over loopback

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def call(answer: Answer, **settings: Any) -> Completion:
    """One generate against a server on loopback that answers so."""

    async def run() -> Completion:
        app = web.Application()
        app.router.add_post("/v1/messages", answer)
        async with TestServer(app, host="127.0.0.1") as server:
            made = engine(str(server.make_url("/v1")), timeout=5.0, **settings)
            try:
                return await made.generate(ASK)
            finally:
                await made.close()

    return asyncio.run(run())


def test_the_call_carries_key_version_and_body_and_keeps_the_exchange() -> None:
    seen: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.Response:
        seen.update(request.headers)
        seen["body"] = await request.json()
        return web.json_response(recorded("text"))

    found = call(answer)
    assert (seen["x-api-key"], seen["anthropic-version"]) == (KEY, "2023-06-01")
    assert seen["body"] == engine().to_request(ASK)
    assert found.text == "6 × 7 = 42"
    kept = json.loads(found.raw)
    assert kept["request"] == seen["body"]
    assert kept["response"] == recorded("text")
    assert KEY.encode() not in found.raw


def test_a_streamed_call_tells_the_time_to_the_first_token() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await reply.prepare(request)
        for event in recorded("stream"):
            await reply.write(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), orjson.dumps(event)))
            await asyncio.sleep(0.002)
        await reply.write_eof()
        return reply

    found = call(answer, stream=True)
    assert (found.text, found.finish_reason, found.output_tokens) == ("6 × 7 = 42", "length", 16)
    assert found.first_token_s is not None
    assert 0.008 <= found.first_token_s < 5
    assert json.loads(found.raw)["response"]["streamed"] is True


@pytest.mark.parametrize(
    ("status", "kind", "said", "error"),
    [
        (529, "overloaded_error", "Overloaded", RateLimited),
        (429, "rate_limit_error", "rate limit", RateLimited),
        (401, "authentication_error", "invalid x-api-key", AuthFailed),
        (404, "not_found_error", "model: claude-9", EndpointWrong),
        (500, "api_error", "Internal server error", Unavailable),
        (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum", ContextOverflow),
        (400, "invalid_request_error", "Your credit balance is too low to access the API", AuthFailed),
        (400, "invalid_request_error", "messages: at least one message is required", BadRequest),
    ],
)
def test_errors(status: int, kind: str, said: str, error: type[EngineError]) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"type": "error", "error": {"type": kind, "message": said}}, status=status)

    with pytest.raises(error) as found:
        call(answer)
    assert type(found.value) is error
    assert said in found.value.message


def test_a_model_that_takes_no_temperature_is_told_with_the_way_out() -> None:
    async def answer(request: web.Request) -> web.Response:
        error = {"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}
        return web.json_response({"type": "error", "error": error}, status=400)

    with pytest.raises(BadRequest, match="send_sampling=false"):
        call(answer)
