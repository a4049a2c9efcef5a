"""Claude through Anthropic's Messages API.

Two pure halves, `to_request` and `from_response`, around one thin send. The API takes no seed, so
none is sent. Claude models from Opus 4.7, Sonnet 5 and Haiku 5.5 on refuse `temperature` and
`top_p`: for them the catalogue sets `send_sampling` to false, which leaves both out. `thinking=true` lets the model
decide how much it thinks, `thinking_budget` (from 1024) sets a limit where the model takes one; neither goes with a
temperature, which is left out then, and no stop text is sent: the answer is cut here. API reference:
https://platform.claude.com/docs/en/api/messages, …/api/errors and
…/build-with-claude/{streaming,handling-stop-reasons}. Example:

    Anthropic(EngineConfig(name="claude-haiku-4-5-20251001", api_key=key))
"""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

import orjson

from bakeoff.core.errors import (
    AuthFailed,
    BadRequest,
    BadResponse,
    ConfigInvalid,
    EngineError,
    EngineTimeout,
    Unavailable,
)
from bakeoff.core.hashing import exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.thinking import cut_at, ended_within
from bakeoff.core.timing import Gaps
from bakeoff.core.types import Completion, FinishReason, ModelIdentity, Request
from bakeoff.engines._http import Http, parse_reply, public_url, status_error
from bakeoff.engines._thinking import ThinkingSettings, tokens_thought
from bakeoff.engines._tools import calls_text, listed

ANTHROPIC_URL = "https://api.anthropic.com/v1"
VERSION = "2023-06-01"
_PATH = "/messages"
_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}
_STATUS = {  # the statuses of the error types, for errors told inside a stream
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_ARGS = ("extra_body", "max_concurrency", "send_sampling", "thinking", "thinking_budget")
_LEAST_BUDGET = 1024
_THOUGHTS = ("thinking", "redacted_thinking")


class Anthropic:
    """Engine over HTTP. Args: `send_sampling` (default true), `extra_body`, `max_concurrency`."""

    def __init__(self, config: EngineConfig) -> None:
        if config.api != "chat":
            raise ConfigInvalid(f"engine 'anthropic' has no '{config.api}' API", "leave 'api' out")
        self._config = config
        args = {**config.settings, **config.args}
        unknown = sorted(set(args) - set(_ARGS))
        if unknown:
            raise ConfigInvalid(f"engine 'anthropic' has no setting '{unknown[0]}'", f"known: {', '.join(_ARGS)}")
        self._send_sampling = _flag(args.get("send_sampling", True))
        self._max_concurrency = _at_least_one(args.get("max_concurrency"))
        self._extra = _extra_body(args.get("extra_body"))
        self._thinking = ThinkingSettings.of(args)
        if 0 < self._thinking.budget < _LEAST_BUDGET:
            raise ConfigInvalid(
                f"'thinking_budget' cannot be {self._thinking.budget}", f"the API takes {_LEAST_BUDGET} or more"
            )
        base_url = config.base_url or ANTHROPIC_URL
        headers = {"anthropic-version": VERSION, **({"x-api-key": config.api_key} if config.api_key else {})}
        self._http = Http(base_url, headers, config.timeout, config.trust_proxies)
        settings = {**self._extra, **({} if self._send_sampling else {"send_sampling": False})}
        settings |= {name: value for name, value in self._thinking.identity.items() if name != "thinking_api"}
        self._identity = ModelIdentity(
            engine="anthropic",
            name=config.name,
            revision=config.revision,
            template="messages",
            endpoint=public_url(base_url),
            settings=orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode() if settings else "",
        )

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def limits(self) -> EngineLimits:
        return EngineLimits(
            max_concurrency=self._max_concurrency,
            context_length=self._config.context_length,
            price=self._config.price,
            tools=True,
        )

    def to_request(self, request: Request) -> dict[str, Any]:
        """The JSON body for a request (pure)."""
        sampling = request.sampling
        system = [message.content for message in request.messages if message.role == "system"]
        limit = sampling.max_tokens + self._thinking.budget
        body: dict[str, Any] = {"model": self._config.name, "max_tokens": limit}
        if system:
            body["system"] = "\n\n".join(system)
        body["messages"] = [{"role": m.role, "content": m.content} for m in request.messages if m.role != "system"]
        if self._send_sampling and not self._thinking.on:
            body["temperature"] = sampling.temperature
            if sampling.top_p is not None:
                body["top_p"] = sampling.top_p
        if sampling.stop and not self._thinking.on:
            body["stop_sequences"] = list(sampling.stop)
        if request.tools:
            body["tools"] = [_tool(tool) for tool in listed(request.tools)]
        if self._config.stream:
            body["stream"] = True
        if self._thinking.on is not None:
            body["thinking"] = _thinking(self._thinking)
        body.update(self._extra)
        return body

    async def generate(self, request: Request) -> Completion:
        sent = orjson.dumps(self.to_request(request))
        try:
            if self._config.stream:
                return self._ended(await self._generate_streamed(sent), request)
            content = await self._http.post(_PATH, sent)
        except BadRequest as error:
            raise explained(error) from None
        url = self._http.base_url + _PATH
        completion = from_response(parse_reply(content, url), url)
        completion.raw = exchange(sent, content)
        return self._ended(completion, request)

    def _ended(self, completion: Completion, request: Request) -> Completion:
        return cut_at(completion, request.sampling.stop) if self._thinking.on else completion

    async def _generate_streamed(self, sent: bytes) -> Completion:
        started = time.perf_counter()
        assembly, pieces = MessageAssembly(self._http.base_url + _PATH), Gaps(started)
        try:
            async with aclosing(self._http.stream(_PATH, sent)) as events:
                async for event in events:
                    if assembly.add(event):
                        pieces.note(time.perf_counter())
        except (EngineTimeout, Unavailable):
            if not assembly.done:
                raise
        reply = assembly.response()
        completion = from_response(reply, assembly.url)
        completion.first_token_s, completion.gaps = pieces.first, tuple(pieces.between)
        completion.raw = exchange(sent, orjson.dumps(reply))
        return completion

    async def close(self) -> None:
        await self._http.close()


def from_response(reply: dict[str, Any], url: str) -> Completion:
    """The completion in a reply (pure). Raises BadResponse when it is not what the API promises.

    Thinking is no part of the text; a message of thinking alone was cut. Prompt tokens include those written to and
    read from the cache.
    """
    if reply.get("type") == "error":
        raise told_error(reply, url)
    try:
        parts = [block["text"] for block in reply["content"] if block["type"] == "text"]
        text = "".join(parts)
        finish = _FINISH.get(reply["stop_reason"], "other")
        called = [block for block in reply["content"] if block["type"] == "tool_use"]
        if called:
            text = calls_text((block["name"], block.get("partial_json") or block["input"]) for block in called)
            finish = "length" if finish == "length" else "stop"
        usage = reply.get("usage") or {}
        prompt_tokens = _sum(usage, "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        output_tokens = _sum(usage, "output_tokens")
        thinking = "\n".join(_thoughts(block) for block in reply["content"] if block["type"] in _THOUGHTS).strip()
        thinking_tokens = tokens_thought(usage, _whole)
        cached_tokens = _sum(usage, "cache_read_input_tokens") if "cache_read_input_tokens" in usage else None
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise BadResponse(f"'{url}' answered JSON without a message ({problem!r:.80})") from None
    completion = Completion(b"", text, finish, prompt_tokens, output_tokens)
    completion.thinking, completion.thinking_tokens = thinking, thinking_tokens
    completion.cached_tokens = cached_tokens
    return ended_within(completion) if thinking and not text.strip() else completion


def _thoughts(block: dict[str, Any]) -> str:
    """What a block of thinking holds; one that the provider encrypted says no more than that."""
    return str(block.get("thinking") or "") if block["type"] == "thinking" else "[redacted by the provider]"


def _thinking(settings: ThinkingSettings) -> dict[str, Any]:
    if settings.budget:
        return {"type": "enabled", "budget_tokens": settings.budget}
    return {"type": "adaptive" if settings.on else "disabled"}


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool of OpenAI's format in Anthropic's."""
    function = tool["function"]
    return {
        "name": function["name"],
        "description": function.get("description", ""),
        "input_schema": function["parameters"],
    }


def _sum(usage: dict[str, Any], first: str, *more: str) -> int | None:
    """Tokens of one direction; None where the endpoint does not count them."""
    if usage.get(first) is None:
        return None
    return sum(int(usage.get(name) or 0) for name in (first, *more))


def told_error(reply: dict[str, Any], url: str) -> EngineError:
    """What an error in the body of a 200, or in a stream, means (pure)."""
    error = reply.get("error")
    kind = error.get("type") if isinstance(error, dict) else None
    return status_error(_STATUS.get(str(kind), 500), orjson.dumps(reply), {}, url)


def explained(error: BadRequest) -> BadRequest | AuthFailed:
    """A refused request with what to do, for the two refusals that every further call would meet."""
    said = error.message.lower()
    if "credit balance" in said:
        return AuthFailed(error.message, "the account has no credit left")
    if "temperature" in said or "top_p" in said:
        return BadRequest(error.message, "leave them out with --model-args send_sampling=false")
    return error


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ConfigInvalid(f"'send_sampling' cannot be {value!r:.40}", "write true or false")
    return value


def _at_least_one(value: bool | int | float | str | None) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ConfigInvalid(f"'max_concurrency' cannot be {value!r:.40}", "a whole number from 1 up is expected")


def _extra_body(value: object) -> dict[str, Any]:
    """`extra_body` is JSON text: fields to add to every request, e.g. thinking or effort."""
    if value is None:
        return {}
    try:
        fields = orjson.loads(str(value))
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        example = '{"output_config": {"effort": "low"}}'
        raise ConfigInvalid(f"'extra_body' is no JSON object: {value!r:.60}", f"write it like '{example}'")
    return fields


class MessageAssembly:
    """Puts the events of a stream together into the message that the same call unstreamed answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.done = False
        self._blocks: dict[int, dict[str, Any]] = {}
        self._stop_reason: str | None = None
        self._usage: dict[str, Any] = {}

    def add(self, event: bytes) -> bool:
        """Take one event; True when it carried text. Raises BadResponse, and the error it tells."""
        if not event:
            return False
        body: dict[str, Any] = parse_reply(event, self.url)
        if body.get("type") == "error":
            raise told_error(body, self.url)
        try:
            return self._add(body)
        except (KeyError, TypeError, AttributeError, ValueError) as problem:
            raise BadResponse(f"'{self.url}' streamed an event that is none ({problem!r:.80})") from None

    def _add(self, body: dict[str, Any]) -> bool:
        kind = body["type"]
        part: dict[str, Any] = {}
        if kind == "message_start":
            self._count(body["message"].get("usage"))
        elif kind == "content_block_start":
            part = body["content_block"]
            self._blocks[body["index"]] = dict(part)
        elif kind == "content_block_delta":
            part = body["delta"]
            block = self._blocks[body["index"]]
            for name, value in part.items():  # text, thinking, signature, partial_json
                if name != "type" and isinstance(value, str):
                    block[name] = (block.get(name) or "") + value
        elif kind == "message_delta":
            self._stop_reason = body["delta"].get("stop_reason") or self._stop_reason
            self._count(body.get("usage"))
        self.done = self.done or kind == "message_stop"
        return bool(part.get("text"))

    def _count(self, usage: dict[str, Any] | None) -> None:
        """Later counts are cumulative and replace earlier ones; what is left out stays."""
        self._usage |= {name: count for name, count in (usage or {}).items() if count is not None}

    def response(self) -> dict[str, Any]:
        """The whole message. A stream that ends before it said why is a broken one."""
        if self._stop_reason is None:
            raise BadResponse(f"the stream from '{self.url}' broke off")
        content = [self._blocks[index] for index in sorted(self._blocks)]
        return {"content": content, "stop_reason": self._stop_reason, "usage": self._usage, "streamed": True}
