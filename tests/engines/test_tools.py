"""Tools in requests and tool calls in replies: sent as each API wants them, read as one canonical text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from bakeoff.core.errors import BadResponse
from bakeoff.core.hashing import content_key
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Message, Request, Sampling
from bakeoff.engines import anthropic, openai_compatible
from bakeoff.engines._tools import calls_text
from bakeoff.engines.anthropic import Anthropic, MessageAssembly
from bakeoff.engines.fake import Fake
from bakeoff.engines.openai_compatible import OpenAICompatible, StreamAssembly

URL = "http://127.0.0.1:1/v1"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "The weather now.", "parameters": PARAMETERS}
TOOLS = orjson.dumps([{"type": "function", "function": FUNCTION}]).decode()
ASK = Request((Message("user", "Oslo?"),), Sampling(max_tokens=16), tools=TOOLS)
OSLO = '[{"name":"get_weather","arguments":{"city":"Oslo"}}]'


def recorded(name: str) -> Any:
    return json.loads((Path(__file__).parent / "recorded" / f"{name}.json").read_text(encoding="utf-8"))


def openai(**settings: Any) -> OpenAICompatible:
    return OpenAICompatible(EngineConfig(name="m", base_url=URL, **settings))


def test_each_api_is_sent_the_tools_in_its_own_form() -> None:
    assert openai().to_request(ASK)["tools"] == [{"type": "function", "function": FUNCTION}]
    sent = Anthropic(EngineConfig(name="m", base_url=URL)).to_request(ASK)["tools"]
    assert sent == [{"name": "get_weather", "description": "The weather now.", "input_schema": PARAMETERS}]


def test_without_tools_nothing_of_them_is_sent_or_hashed() -> None:
    plain = Request(ASK.messages, ASK.sampling)
    assert "tools" not in openai().to_request(plain)
    assert "tools" not in Anthropic(EngineConfig(name="m")).to_request(plain)
    identity = openai().identity
    assert content_key(identity, plain) != content_key(identity, ASK)
    assert content_key(identity, plain) == content_key(identity, Request(ASK.messages, ASK.sampling, tools=""))
    other = Request(ASK.messages, ASK.sampling, tools=TOOLS.replace("now", "today"))
    assert content_key(identity, other) != content_key(identity, ASK)


def test_who_takes_tools_says_so() -> None:
    assert openai().limits.tools and not openai(api="completions").limits.tools
    assert Anthropic(EngineConfig(name="m")).limits.tools and Fake(EngineConfig(name="m")).limits.tools


def test_calls_of_a_chat_reply_are_the_text_and_broken_arguments_stay_as_they_are() -> None:
    completion = openai_compatible.from_response(recorded("openai_tool_calls"), "chat", URL)
    assert json.loads(completion.text) == [
        {"name": "get_weather", "arguments": {"city": "Oslo"}},
        {"name": "get_weather", "arguments": '{"city":'},
    ]
    assert (completion.finish_reason, completion.output_tokens) == ("stop", 33)


def test_a_call_without_a_function_is_no_completion() -> None:
    reply = recorded("openai_tool_calls")
    reply["choices"][0]["message"]["tool_calls"] = [{"id": "call_a"}]
    with pytest.raises(BadResponse, match="without a completion"):
        openai_compatible.from_response(reply, "chat", URL)


def test_calls_of_a_message_are_the_text_without_the_words_beside_them() -> None:
    completion = anthropic.from_response(recorded("anthropic_tool_use"), URL)
    assert (completion.text, completion.finish_reason) == (OSLO, "stop")


def test_calls_cut_at_the_limit_are_cut() -> None:
    chat, message = recorded("openai_tool_calls"), recorded("anthropic_tool_use")
    chat["choices"][0]["finish_reason"], message["stop_reason"] = "length", "max_tokens"
    assert openai_compatible.from_response(chat, "chat", URL).finish_reason == "length"
    assert anthropic.from_response(message, URL).finish_reason == "length"


def chunk(*calls: dict[str, Any], finish: str | None = None) -> bytes:
    delta = {"tool_calls": list(calls)} if calls else {}
    return orjson.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


def test_a_streamed_chat_call_is_put_together() -> None:
    assembly = StreamAssembly("chat", URL)
    parts = [
        chunk({"index": 0, "id": "a", "type": "function", "function": {"name": "get_weather", "arguments": ""}}),
        chunk({"index": 0, "function": {"arguments": '{"ci'}}),
        chunk({"index": 1, "id": "b", "type": "function", "function": {"name": "get_time", "arguments": ""}}),
        chunk({"index": 0, "function": {"arguments": 'ty":"Oslo"}'}}),
        chunk(finish="tool_calls"),
        b"[DONE]",
    ]
    feed(assembly.add, parts)
    completion = openai_compatible.from_response(assembly.response(), "chat", URL)
    assert completion.text == OSLO[:-1] + ',{"name":"get_time","arguments":{}}]'


def test_a_streamed_message_call_is_put_together() -> None:
    assembly = MessageAssembly(URL)
    block = {"type": "tool_use", "id": "toolu_01", "name": "get_weather", "input": {}}
    deltas = ['{"city": ', '"Oslo"}']
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"usage": {"input_tokens": 4}}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": delta}}
            for delta in deltas
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]
    feed(assembly.add, [orjson.dumps(event) for event in events])
    assert anthropic.from_response(assembly.response(), URL).text == OSLO


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('{"city": "Oslo", "city": "Rome"}', True),
        ('{"where": {"city": "Oslo", "\\u0063ity": "Rome"}}', True),
        ('{"a": {"city": "Oslo"}, "b": [{"city": "Rome"}, {"city": "Bern"}]}', False),
        ('{"city": ', True),
    ],
)
def test_arguments_are_not_read_where_that_would_lose_one(given: str, kept: bool) -> None:
    (call,) = orjson.loads(calls_text([("f", given)]))
    assert call["arguments"] == (given if kept else orjson.loads(given))


def feed(add: Any, parts: Iterable[bytes]) -> None:
    for part in parts:
        add(part)
