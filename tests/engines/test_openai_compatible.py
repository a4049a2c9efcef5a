"""Any OpenAI-compatible endpoint: the two pure halves from recorded JSON, the send over loopback."""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
import pytest

from bakeoff.app.experiments import Laboratory
from bakeoff.app.settings import Settings
from bakeoff.cli.main import main
from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ConfigInvalid,
    ContextOverflow,
    EndpointWrong,
    EngineError,
    EngineTimeout,
    RateLimited,
    Unavailable,
)
from bakeoff.core.hashing import identity_digest
from bakeoff.core.protocols import EngineConfig
from bakeoff.core.types import Completion, Message, Request, Sampling, TokenLogProb
from bakeoff.engines import _http
from bakeoff.engines._http import LONGEST_WAIT, Http, check_url, parse_reply, public_url, status_error
from bakeoff.engines.openai_compatible import OpenAICompatible, StreamAssembly, from_response

URL = "http://127.0.0.1:8000/v1/chat/completions"
KEY = "sk-test-6f1c0d9e8b7a5432"
ASK = Request((Message("system", "Be brief."), Message("user", "6 × 7?")), Sampling(max_tokens=16))

# ---------------------------------------------------------------- the request


def engine(base_url: str = "http://127.0.0.1:1/v1", **settings: Any) -> OpenAICompatible:
    return OpenAICompatible(EngineConfig(name="m", base_url=base_url, **settings))


def test_the_chat_request_has_the_fields_of_the_api_and_no_other() -> None:
    assert engine().to_request(ASK) == {
        "model": "m",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "6 × 7?"}],
        "temperature": 0.0,
        "max_tokens": 16,
    }


def test_what_is_asked_of_the_sampling_is_sent() -> None:
    sampling = Sampling(0.7, 8, top_p=0.9, stop=("\n", "Q:"), seed=3, logprobs=5)
    chat = engine().to_request(Request(ASK.messages, sampling))
    assert chat["logprobs"] is True
    expected = {"temperature": 0.7, "top_p": 0.9, "stop": ["\n", "Q:"], "seed": 3, "top_logprobs": 5}
    assert expected.items() <= chat.items()
    plain = engine(api="completions").to_request(Request(ASK.messages, sampling))
    assert plain["prompt"] == "Be brief.\n\n6 × 7?"
    assert plain["logprobs"] == 5
    assert "messages" not in plain and "top_logprobs" not in plain


def test_args_and_streaming_change_the_request() -> None:
    args = {"max_tokens_field": "max_completion_tokens", "extra_body": '{"top_k": 20, "temperature": 1}'}
    body = engine(args=args, stream=True).to_request(ASK)
    assert body["max_completion_tokens"] == 16 and "max_tokens" not in body
    assert body["top_k"] == 20 and body["temperature"] == 1
    assert body["stream"] is True and body["stream_options"] == {"include_usage": True}


def test_what_is_never_sent_is_not_in_the_body() -> None:
    body = engine(api_key=KEY).to_request(Request(ASK.messages, ASK.sampling, repeat=3, oracle=("42", "41")))
    assert KEY not in json.dumps(body)
    assert not {"oracle", "repeat", "seed"} & set(body)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"acuracy": 1}, "no setting 'acuracy': known: extra_body, max_tokens_field, max_concurrency"),
        ({"extra_body": "{"}, "'extra_body' is no JSON object"),
        ({"extra_body": "[1]"}, "'extra_body' is no JSON object"),
        ({"extra_body": '{"messages": []}'}, "'extra_body' sets 'messages'"),
        ({"extra_body": '{"top_k": 1, "prompt": "x"}'}, "'extra_body' sets 'prompt'"),
        ({"extra_body": '{"model": "other"}'}, "'extra_body' sets 'model'"),
        ({"extra_body": '{"stream": true}'}, "leave 'stream' out of it"),
        ({"max_concurrency": 0}, "'max_concurrency' cannot be 0"),
        ({"max_concurrency": -1}, "'max_concurrency' cannot be -1"),
        ({"max_concurrency": "many"}, "'max_concurrency' cannot be 'many'"),
        ({"max_concurrency": True}, "'max_concurrency' cannot be True"),
    ],
)
def test_settings_that_make_no_sense_are_refused(args: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConfigInvalid) as told:
        engine(args=args)
    assert words in str(told.value)


def test_the_identity_tells_apart_what_can_answer_differently() -> None:
    settings: list[Mapping[str, Any]] = [
        {},
        {"base_url": "http://127.0.0.1:2/v1"},
        {"api": "completions"},
        {"revision": "r2"},
        {"args": {"extra_body": '{"top_k": 1}'}},
    ]
    assert len({identity_digest(engine(**one).identity) for one in settings}) == len(settings)
    same: list[Mapping[str, Any]] = [
        {"stream": True},
        {"timeout": 1},
        {"api_key": KEY},
        {"args": {"max_concurrency": 2}},
    ]
    assert {engine(**one).identity for one in same} == {engine().identity}
    assert engine(args={"max_concurrency": 2}).limits.max_concurrency == 2


# ---------------------------------------------------------------- the reply

OPENAI = """{"id":"chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT","object":"chat.completion","created":1741569952,
 "model":"gpt-4.1-2025-04-14","choices":[{"index":0,"message":{"role":"assistant","content":"42","refusal":null,
 "annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":10,
 "total_tokens":29,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}},"service_tier":"default"}"""
VLLM = """{"id":"chatcmpl-9f0","object":"chat.completion","created":1751,"model":"Qwen/Qwen3-8B","choices":[{"index":0,
 "message":{"role":"assistant","content":"42","reasoning_content":null,"tool_calls":[]},"logprobs":null,
 "finish_reason":"length","stop_reason":null}],"usage":{"prompt_tokens":30,"total_tokens":46,"completion_tokens":16,
 "prompt_tokens_details":null},"prompt_logprobs":null,"kv_transfer_params":null}"""
LLAMA_CPP = """{"choices":[{"finish_reason":"stop","index":0,"message":{"role":"assistant","content":"42"}}],
 "created":1751,"model":"gpt-3.5-turbo","system_fingerprint":"b5757-716301d1","object":"chat.completion",
 "usage":{"completion_tokens":3,"prompt_tokens":33,"total_tokens":36},"id":"chatcmpl-x","timings":{"prompt_n":33,
 "prompt_ms":41.1,"predicted_n":3,"predicted_ms":20.9}}"""
OLLAMA = """{"id":"chatcmpl-123","object":"chat.completion","created":1728,"model":"llama3.2",
 "system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"42"},
 "finish_reason":"stop"}],"usage":{"prompt_tokens":26,"completion_tokens":2,"total_tokens":28}}"""
VLLM_TEXT = """{"id":"cmpl-1","object":"text_completion","created":1751,"model":"q","choices":[{"index":0,"text":" 42",
 "logprobs":null,"finish_reason":"stop","stop_reason":null,"prompt_logprobs":null}],"usage":{"prompt_tokens":5,
 "total_tokens":7,"completion_tokens":2}}"""
REFUSAL = """{"choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I can't help with that."},
 "finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":8}}"""
FILTERED = (
    """{"choices":[{"index":0,"message":{"role":"assistant","content":null},"finish_reason":"content_filter"}]}"""
)
ONLY_THOUGHTS = """{"choices":[{"message":{"role":"assistant","content":null,"reasoning_content":"Well, 6 × 7"},
 "finish_reason":"length"}],"usage":{"prompt_tokens":9,"completion_tokens":16}}"""
NO_USAGE = """{"choices":[{"message":{"content":"42"},"finish_reason":null}]}"""
ODD_USAGE = """{"choices":[{"message":{"content":"42"}}],"usage":{"prompt_tokens":-1,"completion_tokens":"many"}}"""
NO_MAP = """{"choices":[{"message":{"content":"42"}}],"usage":[1]}"""
FRACTIONS = """{"choices":[{"message":{"content":"42"}}],"usage":{"prompt_tokens":9.0,"completion_tokens":true}}"""
PARTS = (
    """{"choices":[{"message":{"content":[{"type":"text","text":"4"},{"type":"think","text":"?"},{"text":"2"}]}}]}"""
)
EMPTY = """{"choices":[{"message":{"content":""},"finish_reason":"stop"}]}"""

Api = Literal["chat", "completions"]


@pytest.mark.parametrize(
    ("reply", "api", "text", "finish", "tokens"),
    [
        (OPENAI, "chat", "42", "stop", (19, 10)),
        (VLLM, "chat", "42", "length", (30, 16)),
        (LLAMA_CPP, "chat", "42", "stop", (33, 3)),
        (OLLAMA, "chat", "42", "stop", (26, 2)),
        (VLLM_TEXT, "completions", " 42", "stop", (5, 2)),
        (REFUSAL, "chat", "I can't help with that.", "refusal", (9, 8)),
        (FILTERED, "chat", "", "refusal", (None, None)),
        (ONLY_THOUGHTS, "chat", "", "length", (9, 16)),
        (NO_USAGE, "chat", "42", "stop", (None, None)),
        (ODD_USAGE, "chat", "42", "stop", (None, None)),
        (NO_MAP, "chat", "42", "stop", (None, None)),
        (FRACTIONS, "chat", "42", "stop", (9, None)),
        (PARTS, "chat", "42", "stop", (None, None)),
        (EMPTY, "chat", "", "stop", (None, None)),
    ],
)
def test_a_recorded_reply_is_read(
    reply: str, api: Api, text: str, finish: str, tokens: tuple[int | None, int | None]
) -> None:
    found = from_response(json.loads(reply), api, URL)
    assert (found.text, found.finish_reason) == (text, finish)
    assert (found.prompt_tokens, found.output_tokens) == tokens


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        ('{"error":{"message":"Provider returned error","code":502},"user_id":"u"}', Unavailable, "Provider returned"),
        ('{"error":{"message":"Rate limit exceeded: free-models","code":429}}', RateLimited, "free-models"),
        ('{"error":{"message":"Insufficient credits","code":402}}', AuthFailed, "no credit left"),
        ('{"error":"model is loading"}', Unavailable, "model is loading"),
        ('{"error":{"message":"boom","code":"server_error"}}', Unavailable, "boom"),
        (
            '{"choices":[{"error":{"code":502,"message":"upstream died"},"finish_reason":"error","message":{}}]}',
            Unavailable,
            "upstream died",
        ),
        ('{"choices":[{"finish_reason":"error","message":{"content":"4"}}]}', Unavailable, "broke off"),
        ('{"choices":[{"message":{"content":null},"finish_reason":"stop"}]}', BadResponse, "without text"),
        (
            '{"choices":[{"message":{"content":null,"tool_calls":[]},"finish_reason":"tool_calls"}]}',
            BadResponse,
            "other",
        ),
        ('{"choices":[{"message":{"content":[{"type":"text"}]}}]}', BadResponse, "without text"),
        ('{"choices":[{"message":{"content":"a"},"logprobs":{"content":[{}]}}]}', BadResponse, "without a completion"),
        ('{"choices":[{"message":{"content":[{"type":"image_url"},5]}}]}', BadResponse, "without text"),
        ('{"choices":[]}', BadResponse, "without a completion"),
        ('{"choices":["x"]}', BadResponse, "without a completion"),
        ('{"choices":null}', BadResponse, "without a completion"),
        ('{"object":"list","data":[]}', BadResponse, "without a completion"),
    ],
)
def test_a_reply_without_an_answer_is_an_error_and_never_an_empty_answer(
    reply: str, error: type[EngineError], words: str
) -> None:
    with pytest.raises(error) as told:
        from_response(json.loads(reply), "chat", URL)
    assert words in str(told.value) and URL in str(told.value)


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"<!doctype html><html>nginx</html>", EndpointWrong, "a web page, not JSON"),
        (b"\n <html>", EndpointWrong, "a web page, not JSON"),
        (b'{"choices":[', BadResponse, "broken JSON"),
        (b"", BadResponse, "broken JSON"),
        (b"\xff\xfe", BadResponse, "broken JSON"),
        (b"[1]", BadResponse, "no JSON object"),
    ],
)
def test_a_body_that_is_no_json_object_is_told(content: bytes, error: type[EngineError], words: str) -> None:
    with pytest.raises(error, match=words):
        parse_reply(content, URL)


CHAT_LOGPROBS = {
    "content": [
        {
            "token": "4",
            "logprob": -0.1,
            "bytes": [52],
            "top_logprobs": [{"token": "4", "logprob": -0.1, "bytes": [52]}],
        },
        {"token": "2", "logprob": -0.2, "bytes": [50], "top_logprobs": []},
    ],
    "refusal": None,
}
TEXT_LOGPROBS = {
    "tokens": ["4", "2"],
    "token_logprobs": [None, -0.2],
    "top_logprobs": [None, {"2": -0.2, "3": -2.5}],
    "text_offset": [0, 1],
}
READ_CHAT = (TokenLogProb("4", -0.1, (("4", -0.1),)), TokenLogProb("2", -0.2))
READ_TEXT = (TokenLogProb("4", 0.0), TokenLogProb("2", -0.2, (("2", -0.2), ("3", -2.5))))


@pytest.mark.parametrize(
    ("api", "body", "logprobs", "read"),
    [
        ("chat", {"message": {"content": "42"}}, CHAT_LOGPROBS, READ_CHAT),
        ("completions", {"text": "42"}, TEXT_LOGPROBS, READ_TEXT),
        ("completions", {"text": "42"}, {**TEXT_LOGPROBS, "top_logprobs": None}, (READ_TEXT[0], READ_CHAT[1])),
        ("completions", {"text": "42"}, CHAT_LOGPROBS, READ_CHAT),  # llama.cpp's server
        ("chat", {"message": {"content": "42"}}, {"content": None}, ()),
        ("chat", {"message": {"content": "42"}}, {}, ()),
    ],
)
def test_log_probabilities_of_both_apis_are_read(
    api: Api, body: dict[str, Any], logprobs: dict[str, Any], read: tuple[TokenLogProb, ...]
) -> None:
    reply = {"choices": [{**body, "finish_reason": "stop", "logprobs": logprobs}]}
    assert from_response(reply, api, URL).logprobs == read


def test_log_probabilities_of_uneven_length_are_refused() -> None:
    reply = {"choices": [{"text": "42", "logprobs": {"tokens": ["4", "2"], "token_logprobs": [-0.1]}}]}
    with pytest.raises(BadResponse):
        from_response(reply, "completions", URL)


# ---------------------------------------------------------------- streams


def chunk(delta: Any, finish: str | None = None, **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}).encode()


FIRST = chunk({"role": "assistant", "content": ""})
USAGE = b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}'
NORMAL = [FIRST, chunk({"content": "4"}), chunk({"content": "2"}), chunk({}, "stop"), USAGE, b"[DONE]"]


def assembled(events: list[bytes], api: Api = "chat") -> Completion:
    assembly = StreamAssembly(api, URL)
    for event in events:
        assembly.add(event)
    return from_response(assembly.response(), api, URL)


@pytest.mark.parametrize(
    ("events", "text", "finish", "output_tokens"),
    [
        (NORMAL, "42", "stop", 2),
        ([b"", *NORMAL, chunk({"content": "after the end"})], "42", "stop", 2),
        ([chunk({"content": "42"}, "stop", usage={"completion_tokens": 9})], "42", "stop", 9),
        ([FIRST, chunk({"content": "4"}), chunk({}, "length")], "4", "length", None),
        ([chunk({"role": "assistant", "content": None}), chunk({}, "stop")], "", "stop", None),
        (
            [FIRST, chunk({"refusal": "I ca"}), chunk({"refusal": "n't."}), chunk({}, "stop")],
            "I can't.",
            "refusal",
            None,
        ),
        ([FIRST, chunk({}, "content_filter")], "", "refusal", None),
    ],
)
def test_a_stream_is_put_together(events: list[bytes], text: str, finish: str, output_tokens: int | None) -> None:
    found = assembled(events)
    assert (found.text, found.finish_reason, found.output_tokens) == (text, finish, output_tokens)


def test_a_streamed_reply_is_what_the_same_call_unstreamed_answers() -> None:
    logprobs = [{"logprobs": {"content": [item]}} for item in CHAT_LOGPROBS["content"] or ()]
    parts = [{"delta": {"content": text}, **probs} for text, probs in zip("42", logprobs, strict=True)]
    events = [json.dumps({"choices": [part]}).encode() for part in parts]
    found = assembled([*events, chunk({}, "stop"), USAGE])
    assert (found.text, found.logprobs, found.prompt_tokens) == ("42", READ_CHAT, 7)
    texts = [{"text": "42", "logprobs": TEXT_LOGPROBS, "finish_reason": None}, {"text": "", "finish_reason": "stop"}]
    plain = assembled([json.dumps({"choices": [text]}).encode() for text in texts], "completions")
    assert (plain.text, plain.logprobs) == ("42", READ_TEXT)


def test_add_says_when_the_first_text_came() -> None:
    assembly = StreamAssembly("chat", URL)
    assert [assembly.add(event) for event in NORMAL] == [False, True, True, False, False, False]
    assert assembly.done


@pytest.mark.parametrize(
    ("events", "error", "words"),
    [
        ([], BadResponse, "broke off"),
        ([FIRST, chunk({"content": "4"})], BadResponse, "broke off"),
        ([FIRST, b"[DONE]"], BadResponse, "broke off"),
        ([FIRST, b'{"error":{"message":"CUDA out of memory","code":500}}'], Unavailable, "CUDA out of memory"),
        ([FIRST, b'{"error":{"message":"slow down","code":429},"choices":[]}'], RateLimited, "slow down"),
        ([FIRST, b'{"choices":[{"finish_reason":"error","delta":{}}]}'], Unavailable, "broke off"),
        ([FIRST, b'{"choices":[{"del'], BadResponse, "broken JSON"),
        ([b'{"choices":["x"]}'], BadResponse, "streamed an event that is none"),
        ([chunk("x")], BadResponse, "streamed an event that is none"),
        ([chunk({"content": ["x"]})], BadResponse, "streamed an event that is none"),
        ([chunk({"content": None, "tool_calls": []}), chunk({}, "tool_calls")], BadResponse, "without text"),
    ],
)
def test_a_broken_stream_is_an_error(events: list[bytes], error: type[EngineError], words: str) -> None:
    with pytest.raises(error, match=words):
        assembled(events)


# ---------------------------------------------------------------- what a failure means


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, '{"error":{"message":"bad temperature"}}', BadRequest, "answered 400: bad temperature"),
        (422, '{"detail":[{"loc":["body","model"]}]}', BadRequest, "'loc'"),
        (
            400,
            '{"error":{"message":"maximum context length is 8192","code":"context_length_exceeded"}}',
            ContextOverflow,
            "",
        ),
        (400, '{"object":"error","message":"longer than the maximum model length of 2048"}', ContextOverflow, ""),
        (400, '{"error":{"code":400,"message":"the request exceeds the available context size"}}', ContextOverflow, ""),
        (500, '{"error":{"code":500,"message":"context size has been exceeded"}}', ContextOverflow, ""),
        (401, '{"error":{"message":"Incorrect API key"}}', AuthFailed, "check the API key"),
        (403, "", AuthFailed, "answered 403"),
        (402, '{"error":{"message":"no money"}}', AuthFailed, "no credit left"),
        (429, '{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}', AuthFailed, "no credit"),
        (404, '{"detail":"Not Found"}', EndpointWrong, "usually ends in /v1"),
        (405, "", EndpointWrong, "answered 405"),
        (301, "", EndpointWrong, "redirects to 'nowhere'"),
        (408, "", Unavailable, "answered 408"),
        (429, '{"error":{"message":"slow down"}}', RateLimited, "slow down"),
        (529, '{"error":{"message":"Overloaded"}}', RateLimited, "Overloaded"),
        (500, "oops", Unavailable, "answered 500: oops"),
        (502, "<html>Bad Gateway</html>", Unavailable, "answered 502"),
        (503, '{"error":"model is loading"}', Unavailable, "model is loading"),
        (400, "\x00 two\n lines", BadRequest, "two lines"),
        (400, "[1]", BadRequest, "[1]"),
        (418, '{"error":null}', BadRequest, "answered 418"),
    ],
)
def test_a_status_has_one_meaning(status: int, body: str, error: type[EngineError], words: str) -> None:
    found = status_error(status, body.encode(), {}, URL)
    assert type(found) is error
    assert words in str(found) and "\n" not in str(found) and "<" not in str(found)


def test_an_endless_complaint_is_cut() -> None:
    assert len(str(status_error(400, b'{"error":{"message":"%b"}}' % (b"x" * 9999), {}, URL))) < 500


NOW = 1_800_000_000.0


def after(seconds: float) -> str:
    return email.utils.formatdate(NOW + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("0", 0),
        ("-3", 0),
        (after(30), 30),
        (after(-30), 0),
        ("999999", LONGEST_WAIT),
        (after(999_999), LONGEST_WAIT),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, wait: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    found = status_error(429, b"", {"retry-after": said}, URL)
    assert isinstance(found, RateLimited) and found.retry_after == wait


@pytest.mark.parametrize("said", ["", "soon", "inf", "nan", "-inf", "1e999", "Mon, 99 Foo 9999 99:99:99 GMT", "7 s"])
def test_a_retry_after_that_says_nothing_is_none(said: str) -> None:
    found = status_error(429, b"", {"retry-after": said}, URL)
    assert isinstance(found, RateLimited) and found.retry_after is None


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://user:p4ssword@Example.org/v1", "https://example.org/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://api.openai.com/v1?key=s3cret#x", "https://api.openai.com/v1"),
    ],
)
def test_the_public_url_has_no_credentials(url: str, public: str) -> None:
    assert public_url(url) == public


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8000/v1",
        "user:p4ssword@host/v1",
        "ftp://user:p4ssword@host/v1",
        "http://user:p4ssword@/v1",
        "http://user:p4ssword@host:99999/v1",
        "http://user:p4s/sword@host/v1",
        "http://user:p4ssword@[::1/v1",
        "http://user:p4ssword@ex\u2100mple/v1",
        "http://user:p4ssword@host/v1?key=p4ssword",
        "http://host/v1?key=p4ssword",
        "http://host /v1",
        "http://../v1",
        f"http://{'a' * 64}.org/v1",
        "http://host:0/v1",
        " http://host/v1",
        "http://",
        "",
    ],
)
def test_a_wrong_base_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigInvalid) as told:
        check_url(url)
    assert "base URL" in str(told.value)
    assert "p4s" not in str(told.value)


@pytest.mark.parametrize("key", ["sk-1\n2", "sk-1\r\nx: y", "sk-…", "sk-\x00"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigInvalid) as told:
        engine(api_key=key)
    assert "sk-" not in str(told.value)


def test_two_credentials_at_once_are_refused() -> None:
    with pytest.raises(ConfigInvalid, match="leave one of them out") as told:
        engine("http://u:p4ssword@127.0.0.1:1/v1", api_key=KEY)
    assert "p4ssword" not in str(told.value) and KEY not in str(told.value)


def test_a_host_that_takes_no_connection_is_no_slow_answer() -> None:
    found = Http("http://10.0.0.1/v1", {}, 300)._network_error(aiohttp.ConnectionTimeoutError(), "http://10.0.0.1/v1")
    assert isinstance(found, Unavailable) and "within 10 s" in str(found)


# ---------------------------------------------------------------- over a real socket


@dataclass
class Endpoint:
    """A loopback server that says the same to every request, and remembers what it was asked.

    `cut`: bytes of the reply after which the connection is reset; `pause`: seconds before it.
    """

    reply: bytes
    cut: int | None = None
    pause: float = 0.0
    url: str = ""
    connections: int = 0
    heads: list[bytes] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head)
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                await asyncio.sleep(self.pause)
                writer.write(self.reply[: self.cut] if self.cut is not None else self.reply)
                await writer.drain()
                if self.cut is not None:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    async def run(self, ready: threading.Event, done: asyncio.Event) -> None:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.tasks.append(asyncio.get_running_loop().create_task(self.serve(reader, writer)))

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        async with server:
            await done.wait()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks)


@contextmanager
def serving(reply: bytes, cut: int | None = None, pause: float = 0.0) -> Iterator[Endpoint]:
    """An Endpoint in a thread of its own."""
    endpoint = Endpoint(reply, cut, pause)
    loop = asyncio.new_event_loop()
    ready, done = threading.Event(), asyncio.Event()

    def work() -> None:
        loop.run_until_complete(endpoint.run(ready, done))
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(5)
        yield endpoint
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)


def http(body: bytes, status: str = "200 OK", kind: str = "application/json", headers: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{headers}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def chunked(parts: list[bytes], kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def events(of: list[bytes]) -> bytes:
    return chunked([b"data: %b\n\n" % event for event in of], "text/event-stream")


def ask(endpoint: Endpoint, times: int = 1, **settings: Any) -> Completion:
    """The last of so many calls, one after the other, of one engine."""

    async def calls() -> Completion:
        asked = engine(endpoint.url, **{"timeout": 5.0, **settings})
        try:
            for _ in range(times - 1):
                await asked.generate(ASK)
            return await asked.generate(ASK)
        finally:
            await asked.close()

    return asyncio.run(calls())


BODY = OPENAI.encode()


@pytest.mark.parametrize(
    ("reply", "stream"),
    [
        (http(BODY), False),
        (http(gzip.compress(BODY), headers="content-encoding: gzip\r\n"), False),
        (chunked([BODY[:7], BODY[7:]]), False),
        (http(b"\n" + BODY, kind="text/plain"), False),
        (http(b"\xef\xbb\xbf" + BODY), False),
        (events(NORMAL), True),
        (
            chunked([b": ping\r\n\r\n", b"event: x\r\ndata:" + NORMAL[1] + b"\r\n\r\nda", b"ta: " + chunk({}, "stop")]),
            True,
        ),
        (events([chunk({"content": "42" + "x" * 200_000}), chunk({}, "stop")]), True),
    ],
    ids=["plain", "gzip", "chunked", "text", "marked", "events", "odd-events", "long-event"],
)
def test_a_reply_is_read_however_it_is_sent(reply: bytes, stream: bool) -> None:
    with serving(reply) as endpoint:
        found = ask(endpoint, stream=stream)
    assert found.text.startswith("4") and found.finish_reason == "stop"
    exchange = json.loads(found.raw)
    assert exchange["request"]["model"] == "m" and exchange["response"]["choices"]
    assert (found.first_token_s is not None) == stream


@pytest.mark.parametrize(("reply", "stream"), [(http(BODY), False), (chunked([BODY]), False), (events(NORMAL), True)])
def test_fifty_calls_share_one_connection(reply: bytes, stream: bool) -> None:
    with serving(reply) as endpoint:
        ask(endpoint, times=50, stream=stream)
    assert endpoint.connections == 1
    assert len(endpoint.heads) == 50


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("reply", "cut", "error", "words"),
    [
        (http(BODY), 0, Unavailable, "broke"),
        (http(BODY), 150, Unavailable, "broke"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", None, Unavailable, "broke"),
        (http(b"not gzip", headers="content-encoding: gzip\r\n"), None, Unavailable, "broke"),
        (http(b"<html>Sign in</html>", kind="text/html"), None, EndpointWrong, "a web page, not JSON"),
        (http(b"", "307 X", headers="location: https://u:p4ssword@host/v1?t=1\r\n"), None, EndpointWrong, "'host/v1'"),
        (http(b'{"detail":"Not Found"}', "404 X"), None, EndpointWrong, "answered 404: Not Found"),
        (http(b'{"error":{"message":"no key"}}', "401 X"), None, AuthFailed, "no key"),
        (http(b"slow down", "429 X", headers="retry-after: 3\r\n"), None, RateLimited, "slow down"),
    ],
)
def test_a_failed_send_is_explained(
    reply: bytes, cut: int | None, error: type[EngineError], words: str, stream: bool
) -> None:
    with serving(reply, cut) as endpoint, pytest.raises(error) as told:
        ask(endpoint, stream=stream)
    assert type(told.value) is error
    assert words in str(told.value) and "p4ssword" not in str(told.value)
    if isinstance(told.value, RateLimited):
        assert told.value.retry_after == 3


def test_nothing_answers() -> None:
    with serving(b"") as gone:
        pass
    with pytest.raises(Unavailable, match="nothing answers at"):
        ask(gone)


def test_a_host_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unavailable, match="is not known"):
        ask(Endpoint(b"", url="http://no-such-host.invalid/v1"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("reply", "pause"), [(http(BODY), 0.5), (http(BODY)[:150], 0.0)], ids=["late", "unfinished"])
def test_a_slow_answer_is_a_timeout(reply: bytes, pause: float, stream: bool) -> None:
    started = time.monotonic()
    with serving(reply, pause=pause) as endpoint, pytest.raises(EngineTimeout, match=r"within 0\.15 s"):
        ask(endpoint, timeout=0.15, stream=stream)
    assert time.monotonic() - started < 3


def test_a_stream_that_ends_is_whole_even_where_the_connection_stays_open() -> None:
    with serving(events(NORMAL).removesuffix(b"0\r\n\r\n")) as endpoint:
        assert ask(endpoint, stream=True, timeout=0.3).text == "42"


@pytest.mark.parametrize("packed", [False, True])
def test_a_reply_larger_than_any_completion_is_refused(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "MAX_REPLY_BYTES", 1000)
    body = BODY + b" " * 5000
    reply = http(gzip.compress(body), headers="content-encoding: gzip\r\n") if packed else http(body)
    with serving(reply) as endpoint, pytest.raises(BadResponse, match="bytes"):
        ask(endpoint)


@pytest.mark.parametrize("code", ["content_filter", "content_policy_violation"])
def test_a_prompt_that_the_provider_filters_is_a_refusal(code: str) -> None:
    said = "The response was filtered due to the prompt triggering the content management policy. " * 2
    body = json.dumps({"error": {"code": code, "message": said, "status": 400}}).encode()
    with serving(http(body, "400 Bad Request")) as endpoint:
        found = ask(endpoint)
    assert (found.text, found.finish_reason) == ("", "refusal")
    assert json.loads(found.raw)["response"]["error"]


# ---------------------------------------------------------------- the key


def test_the_key_is_sent_and_never_kept() -> None:
    asked = engine(api_key=KEY)
    assert KEY not in repr(asked) + repr(asked.identity) + repr(asked.limits) + repr(asked._config)
    echo = json.dumps({"choices": [{"message": {"content": f"You sent {KEY}"}}]}).encode()
    with serving(http(echo)) as endpoint:
        found = ask(endpoint, api_key=KEY)
        assert f"authorization: bearer {KEY}".encode() in endpoint.heads[0].lower()
    assert KEY.encode() not in found.raw and KEY not in found.text
    with serving(events([chunk({"content": f"You sent {KEY}"}, "stop")])) as endpoint:
        assert KEY not in ask(endpoint, api_key=KEY, stream=True).text
    for status in ("401 X", "400 X", "500 X", "200 OK"):
        body = json.dumps({"error": {"message": f"wrong key {KEY}"}}).encode()
        with serving(http(body, status)) as endpoint, pytest.raises(EngineError) as told:
            ask(endpoint, api_key=KEY)
        assert KEY not in str(told.value) and "[secure]" in str(told.value)


def test_the_key_is_nowhere_in_the_store(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    echo = json.dumps({"choices": [{"message": {"content": f"Answer: {KEY}"}}]}).encode()
    for name, reply in (("fine", http(echo)), ("refused", http(echo, "400 X"))):
        with serving(reply) as endpoint, pytest.raises(SystemExit):
            flags = ["--models", "openai_compatible/m", "--benchmarks", "question_answering", "--limit", "3"]
            main(["run", *flags, "--base-url", endpoint.url, "--api-key-env", "MY_KEY", "--name", name, "--json"])
        assert all(KEY.lower().encode() in head.lower() for head in endpoint.heads) and endpoint.heads
    said = capsys.readouterr()
    assert KEY not in said.out + said.err and '"calls":3' in said.out
    laboratory = Laboratory(Settings.load())
    cells = [cell for run in laboratory.runs.all() for cell in laboratory.runs.cells(run.id)]
    trials = [trial for cell in cells for trial in laboratory.trials.trials(cell.id)]
    raw = laboratory.trials.raw([key for trial in trials for key in trial.keys])
    laboratory.close()
    assert len(trials) == 6 and len(raw) == 3
    assert not any(KEY.encode() in exchange for exchange in raw.values())
    assert KEY not in repr(cells) + repr(trials)
    files = [path for path in home.rglob("*") if path.is_file()]
    assert files and not any(KEY.encode() in path.read_bytes() for path in files)


def test_a_short_word_as_a_key_does_not_change_replies() -> None:
    with serving(http(b'{"choices":[{"message":{"content":"EMPTY"}}]}')) as endpoint:
        assert ask(endpoint, api_key="EMPTY").text == "EMPTY"


TEXT_PARTS = [{"type": "text", "text": "4"}, {"type": "thinking", "text": "so"}, {"type": "text", "text": "2"}]


@pytest.mark.parametrize(
    "events",
    [
        [chunk({"content": TEXT_PARTS}, "stop")],
        [FIRST, chunk({"content": TEXT_PARTS[:2]}), chunk({"content": "2"}), chunk({}, "stop")],
        [chunk({"content": [{"text": "42"}]}), chunk({"content": []}), chunk({}, "stop")],
    ],
)
def test_a_stream_of_parts_is_read_as_a_reply_of_parts_is(events: list[bytes]) -> None:
    assert assembled(events).text == "42"


def test_a_stream_tells_the_time_between_its_pieces_and_the_prompt_tokens_of_a_cache() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
    pieces = [chunk({"content": text}) for text in "123"]
    told = json.dumps({"choices": [], "usage": usage}).encode()
    with serving(events([*pieces, chunk({}, "stop"), told])) as endpoint:
        found = ask(endpoint, stream=True)
    assert len(found.gaps) == 2 and all(gap >= 0 for gap in found.gaps)
    assert found.cached_tokens == 8


@pytest.mark.parametrize("details", [None, "odd", {}, {"cached_tokens": None}])
def test_a_cache_that_is_not_told_is_unknown(details: object) -> None:
    reply = {"choices": [{"message": {"content": "4"}}], "usage": {"prompt_tokens_details": details}}
    assert from_response(reply, "chat", "u").cached_tokens is None
