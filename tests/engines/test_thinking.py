"""Models that think: what each API's reply looks like, and what is asked of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from bakeoff.core.errors import BadResponse, ConfigInvalid
from bakeoff.core.hashing import content_key
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling
from bakeoff.engines import anthropic, openai_compatible
from bakeoff.engines.anthropic import Anthropic
from bakeoff.engines.openai_compatible import OpenAICompatible, StreamAssembly

URL = "http://127.0.0.1:8000/v1"
ASK = Request((Message("user", "6 × 7?"),), Sampling(max_tokens=64, stop=("\nQuestion:",)))
THOUGHT = "Six sevens are 42."


def openai(**message: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 9, "completion_tokens": 30, "completion_tokens_details": {"reasoning_tokens": 21}}
    finish = message.pop("finish_reason", "stop")
    body = {"role": "assistant", "content": "42", **message}
    return {"choices": [{"index": 0, "message": body, "finish_reason": finish}], "usage": usage}


SHAPES = {
    "vLLM, OpenRouter": openai(reasoning=THOUGHT),
    "DeepSeek, llama.cpp, older vLLM": openai(reasoning_content=THOUGHT),
    "both": openai(reasoning=THOUGHT, reasoning_content=THOUGHT),
    "a field that is null": openai(reasoning_content=None, reasoning=THOUGHT),
    "OpenRouter's details": openai(
        reasoning=None, reasoning_details=[{"type": "reasoning.text", "text": THOUGHT, "format": "unknown"}]
    ),
    "OpenRouter's summary": openai(reasoning_details=[{"type": "reasoning.summary", "summary": THOUGHT}]),
    "Mistral's parts": openai(
        content=[
            {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
            {"type": "text", "text": "42"},
        ]
    ),
    "tags in the text": openai(content=f"<think>\n{THOUGHT}\n</think>\n\n42"),
    "a closing tag alone": openai(content=f"{THOUGHT}</think>\n\n42"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_thinking_is_kept_apart_from_the_answer(shape: str) -> None:
    found = openai_compatible.from_response(SHAPES[shape], "chat", URL)
    assert (found.thinking, found.text, found.finish_reason) == (THOUGHT, "42", "stop")
    assert (found.output_tokens, found.thinking_tokens) == (30, 21)


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning": "Six sev", "finish_reason": "length"},
        {"content": None, "reasoning": "Six sev", "finish_reason": "stop"},  # a stop text ended the thinking
        {"content": "", "reasoning_content": "Six sev", "finish_reason": "stop"},
        {"content": "<think>Six sev", "finish_reason": "stop"},
        {"content": "<think>Answer: 41", "finish_reason": "length"},
    ],
)
def test_a_reply_of_thinking_alone_was_cut(message: dict[str, Any]) -> None:
    found = openai_compatible.from_response(openai(**message), "chat", URL)
    assert (found.text, found.finish_reason) == ("", "length") and found.thinking


def test_nothing_at_all_is_still_no_reply() -> None:
    with pytest.raises(BadResponse):
        openai_compatible.from_response(openai(content=None), "chat", URL)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
def test_a_stream_is_read_as_a_reply_is(field: str) -> None:
    assembly = StreamAssembly("chat", URL)
    for delta in (
        {"role": "assistant"},
        {field: "Six sevens "},
        {field: "are 42."},
        {"content": "4"},
        {"content": "2"},
    ):
        assembly.add(json.dumps({"choices": [{"delta": delta}]}).encode())
    assembly.add(b'{"choices":[{"delta":{},"finish_reason":"stop"}]}')
    found = openai_compatible.from_response(assembly.response(), "chat", URL)
    assert (found.thinking, found.text) == (THOUGHT, "42")


def engine(**args: bool | int | str) -> OpenAICompatible:
    return OpenAICompatible(EngineConfig("qwen3", base_url=URL, args=args))


@pytest.mark.parametrize(
    ("args", "fields"),
    [
        ({}, {}),
        ({"thinking": True}, {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}}),
        ({"thinking": False}, {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}),
        (
            {"thinking_budget": 500},
            {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}, "thinking_token_budget": 500},
        ),
        ({"thinking_budget": 500, "thinking_api": "reasoning"}, {"reasoning": {"max_tokens": 500}}),
        ({"thinking": False, "thinking_api": "reasoning"}, {"reasoning": {"enabled": False}}),
        ({"thinking": True, "thinking_api": "thinking"}, {"thinking": {"type": "enabled"}}),
    ],
)
def test_what_each_dialect_is_told(args: dict[str, Any], fields: Mapping[str, Any]) -> None:
    plain, asked = engine().to_request(ASK), engine(**args).to_request(ASK)
    assert {name: asked[name] for name in asked if name not in plain} == fields
    assert asked["max_tokens"] == 64 + args.get("thinking_budget", 0)
    thinks = args.get("thinking", "thinking_budget" in args)
    assert ("stop" in asked) is not thinks


@pytest.mark.parametrize(("on", "switch"), [(True, "/think"), (False, "/no_think")])
def test_the_soft_switch_stands_behind_the_question(on: bool, switch: str) -> None:
    body = engine(thinking=on, thinking_api="soft").to_request(ASK)
    assert body["messages"][-1]["content"] == f"6 × 7? {switch}"


def test_openrouter_is_known_by_its_address() -> None:
    config = EngineConfig("q", base_url="https://openrouter.ai/api/v1", args={"thinking": True})
    assert OpenAICompatible(config).to_request(ASK)["reasoning"] == {"enabled": True}


def test_thinking_is_part_of_who_answered_and_silence_is_not() -> None:
    keys = [
        content_key(engine(**args).identity, ASK)
        for args in ({}, {"thinking": True}, {"thinking": False}, {"thinking_budget": 9}, {"thinking_budget": 10})
    ]
    assert len(set(keys)) == 5
    assert engine().identity.settings == ""


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"thinking": "yes"}, "write true or false"),
        ({"thinking_budget": 0}, "a whole number from 1 up"),
        ({"thinking_budget": True}, "a whole number from 1 up"),
        ({"thinking_api": "telepathy"}, "known: template, reasoning, thinking, soft"),
        ({"thinking": False, "thinking_budget": 5}, "thinking is off"),
        ({"thinking_budget": 5, "thinking_api": "soft"}, "no way to say a budget"),
    ],
)
def test_what_cannot_be_meant_is_refused(args: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        engine(**args)


def ended(completion: Completion, **args: bool | int | str) -> Completion:
    return engine(**args)._ended(completion, ASK)


def test_stops_are_applied_to_the_answer_and_not_to_the_thinking() -> None:
    said = Completion(b"", "42\nQuestion: 7 × 8?", thinking="Hm.\nQuestion: what are sixes?")
    found = ended(said, thinking=True)
    assert (found.text, found.thinking) == ("42", "Hm.\nQuestion: what are sixes?")


def test_a_cut_reply_that_tells_no_thinking_is_all_thinking() -> None:
    found = ended(Completion(b"", "Six sevens. The answer is 41", "length"), thinking=True)
    assert (found.text, found.finish_reason) == ("", "length")
    assert ended(Completion(b"", "the answer is 41", "length")).text  # nothing was said of thinking
    hidden = Completion(b"", "the answer is 41", "length", thinking_tokens=9)
    assert ended(hidden, thinking=True).text


CLAUDE = {
    "type": "message",
    "role": "assistant",
    "content": [
        {"type": "thinking", "thinking": THOUGHT, "signature": "EqoB"},
        {"type": "redacted_thinking", "data": "EmwK"},
        {"type": "text", "text": "42"},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 21, "output_tokens": 61, "output_tokens_details": {"thinking_tokens": 50}},
}


def test_claude_thinks_in_blocks() -> None:
    found = anthropic.from_response(CLAUDE, URL)
    assert found.thinking == f"{THOUGHT}\n[redacted by the provider]"
    assert (found.text, found.finish_reason, found.thinking_tokens) == ("42", "stop", 50)


@pytest.mark.parametrize("reason", ["max_tokens", "stop_sequence"])
def test_claude_cut_within_its_thinking(reason: str) -> None:
    found = anthropic.from_response({**CLAUDE, "content": CLAUDE["content"][:1], "stop_reason": reason}, URL)  # type: ignore[index]  # a list
    assert (found.text, found.finish_reason) == ("", "length")


@pytest.mark.parametrize(
    ("args", "thinking", "limit"),
    [
        ({}, None, 64),
        ({"thinking": True}, {"type": "adaptive"}, 64),
        ({"thinking": False}, {"type": "disabled"}, 64),
        ({"thinking_budget": 2048}, {"type": "enabled", "budget_tokens": 2048}, 2112),
    ],
)
def test_what_claude_is_told(args: dict[str, Any], thinking: dict[str, Any] | None, limit: int) -> None:
    claude = Anthropic(EngineConfig("claude", base_url=URL, args=args))
    body = claude.to_request(ASK)
    assert body.get("thinking") == thinking and body["max_tokens"] == limit
    thinks = thinking is not None and thinking["type"] != "disabled"
    assert ("temperature" in body) is not thinks and ("stop_sequences" in body) is not thinks
    if thinks:
        said = Completion(b"", "42\nQuestion: 7 × 8?", thinking="Hm.\nQuestion: what?")
        assert claude._ended(said, ASK).text == "42"


def test_claude_takes_no_small_budget() -> None:
    with pytest.raises(ConfigInvalid, match="the API takes 1024 or more"):
        Anthropic(EngineConfig("claude", args={"thinking_budget": 1000}))
