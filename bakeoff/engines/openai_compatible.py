"""Any endpoint that speaks OpenAI's chat or completions API.

vLLM, llama.cpp's server, Ollama, LM Studio, OpenRouter, SGLang, TGI and the vendors. Two pure
halves, `to_request` and `from_response`, around one thin send. API reference:
https://platform.openai.com/docs/api-reference (chat/create, completions/create). Example:

    OpenAICompatible(EngineConfig(name="qwen3", base_url="http://127.0.0.1:8000/v1"))
"""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import Any

import orjson

from bakeoff.core.errors import BadRequest, BadResponse, ConfigInvalid, EngineError, EngineTimeout, Unavailable
from bakeoff.core.hashing import exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.thinking import cut_at, ended_within, set_apart
from bakeoff.core.timing import Gaps
from bakeoff.core.types import Completion, FinishReason, Message, ModelIdentity, Request, TokenLogProb
from bakeoff.engines._http import Http, parse_reply, public_url, status_error
from bakeoff.engines._likelihood import from_echo, shown, whole_texts
from bakeoff.engines._thinking import ARGS as THINKING_ARGS
from bakeoff.engines._thinking import ThinkingSettings, thought, thought_piece, tokens_thought
from bakeoff.engines._tools import calls_text, listed

OPENAI_URL = "https://api.openai.com/v1"
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "refusal",
}
_OURS = ("messages", "prompt", "model", "stream")  # fields of a request that decide what is asked of whom
_BOM = b"\xef\xbb\xbf"
_ARGS = ("extra_body", "max_tokens_field", "max_concurrency", *THINKING_ARGS)


class OpenAICompatible:
    """Engine over HTTP. Args: `max_tokens_field` (default max_tokens), `max_concurrency`, `thinking` (`_thinking`)."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        base_url = config.base_url or OPENAI_URL
        headers = {"authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        self._http = Http(base_url, headers, config.timeout, config.trust_proxies)
        self._path = "/chat/completions" if config.api == "chat" else "/completions"
        unknown = set(config.args) - set(_ARGS)
        if unknown:
            raise ConfigInvalid(
                f"engine 'openai_compatible' has no setting '{sorted(unknown)[0]}'",
                f"known: {', '.join(_ARGS)}",
            )
        self._max_concurrency = _max_concurrency(config.args.get("max_concurrency"))
        self._extra = _extra_body(config.args.get("extra_body"))
        self._max_tokens_field = str(config.args.get("max_tokens_field", "max_tokens"))
        self._thinking = ThinkingSettings.of(config.args, base_url)
        settings = {**self._extra, **self._thinking.identity}
        extra = orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode() if settings else ""
        self._identity = ModelIdentity(
            engine="openai_compatible",
            name=config.name,
            revision=config.revision,
            template=config.api,
            endpoint=public_url(base_url),
            settings=extra,
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
            likelihood="full" if self._config.api == "completions" else "none",
            tools=self._config.api == "chat",
        )

    def to_request(self, request: Request) -> dict[str, Any]:
        """The JSON body for a request (pure)."""
        if request.scored:
            echoed = {"prompt": whole_texts(request.scored), "echo": True, "logprobs": 1, "max_tokens": 1}
            return {"model": self._config.name, **echoed, "temperature": 0.0, **self._extra}
        sampling = request.sampling
        body: dict[str, Any] = {"model": self._config.name}
        messages = self._thinking.said(request.messages)
        if self._config.api == "chat":
            body["messages"] = [{"role": m.role, "content": m.content} for m in messages]
        else:
            body["prompt"] = render_plain(messages)
        body["temperature"] = sampling.temperature
        body[self._max_tokens_field] = sampling.max_tokens + self._thinking.budget
        if sampling.top_p is not None:
            body["top_p"] = sampling.top_p
        if sampling.stop and not self._thinking.on:
            body["stop"] = list(sampling.stop)
        if sampling.seed is not None:
            body["seed"] = sampling.seed
        if sampling.logprobs is not None:
            if self._config.api == "chat":
                body["logprobs"] = True
                body["top_logprobs"] = sampling.logprobs
            else:
                body["logprobs"] = sampling.logprobs
        if request.tools:
            body["tools"] = listed(request.tools)
        if self._config.stream:
            body["stream"] = True
            body["stream_options"] = {"include_usage": True}
        body.update(self._thinking.fields())
        body.update(self._extra)
        return body

    async def generate(self, request: Request) -> Completion:
        sent = orjson.dumps(self.to_request(request))
        try:
            if self._config.stream and not request.scored:
                return self._ended(await self._generate_streamed(sent), request)
            content = (await self._http.post(self._path, sent)).removeprefix(_BOM)
        except BadRequest as error:
            if "content_filter" in error.message or "content_policy" in error.message:
                refusal = orjson.dumps({"error": error.message})
                return Completion(b"", "", "refusal", raw=exchange(sent, refusal))
            raise
        url = self._http.base_url + self._path
        reply = parse_reply(content, url)
        completion = from_scored(reply, request, url) if request.scored else from_response(reply, self._config.api, url)
        completion.raw = exchange(sent, content)
        return self._ended(completion, request)

    def _ended(self, completion: Completion, request: Request) -> Completion:
        """A reply of a model that thinks: one that was cut and does not say where its thinking ends is all thinking."""
        if not self._thinking.on or request.scored:
            return completion
        if completion.finish_reason == "length" and not completion.thinking and not completion.thinking_tokens:
            completion.thinking, completion.text = completion.text, ""
        return cut_at(completion, request.sampling.stop)

    async def _generate_streamed(self, sent: bytes) -> Completion:
        started = time.perf_counter()
        assembly, pieces = StreamAssembly(self._config.api, self._http.base_url + self._path), Gaps(started)
        try:
            async with aclosing(self._http.stream(self._path, sent)) as events:
                async for event in events:  # to its end, also past [DONE]: so the connection can be used again
                    if assembly.add(event):
                        pieces.note(time.perf_counter())
        except (EngineTimeout, Unavailable):
            if not assembly.done:
                raise
        reply = assembly.response()
        completion = from_response(reply, self._config.api, assembly.url)
        completion.first_token_s, completion.gaps = pieces.first, tuple(pieces.between)
        completion.raw = exchange(sent, orjson.dumps(reply))
        return completion

    async def close(self) -> None:
        await self._http.close()


def render_plain(messages: tuple[Message, ...]) -> str:
    """The completions API takes text: turns in order, without a chat template."""
    return "\n\n".join(message.content for message in messages)


def from_response(reply: dict[str, Any], api: str, url: str) -> Completion:
    """The completion in a reply (pure). Raises BadResponse when it is not what the API promises."""
    if reply.get("error") and not reply.get("choices"):  # OpenRouter: 200 with an error inside
        raise _told_error(reply, url)
    try:
        choice = reply["choices"][0]
        if choice.get("error") or choice.get("finish_reason") == "error":  # OpenRouter: the provider gave up
            raise _told_error(choice, url)
        message = choice["message"] if api == "chat" else choice
        text = _text(message.get("content" if api == "chat" else "text"))
        finish: FinishReason = _FINISH.get(choice.get("finish_reason") or "stop", "other")
        if message.get("tool_calls"):
            called = [one["function"] for one in message["tool_calls"]]
            text = calls_text((one["name"], one.get("arguments")) for one in called)
            finish = "length" if finish == "length" else "stop"
        if message.get("refusal"):
            text, finish = message["refusal"], "refusal"
        told = reply.get("usage")
        usage = told if isinstance(told, dict) else {}
        prompt_tokens, output_tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        details = usage.get("prompt_tokens_details")
        cached_tokens = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
        thinking, thinking_tokens = thought(message), tokens_thought(usage, _count)
        logprobs = _logprobs(choice.get("logprobs"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as problem:
        raise BadResponse(f"'{url}' answered JSON without a completion ({problem!r:.80})") from None
    if not isinstance(text, str):
        if finish not in ("length", "refusal") and not thinking:  # null content is no answer, so no wrong one either
            raise BadResponse(f"'{url}' answered a completion without text (finish: {finish})")
        text = ""
    completion = Completion(b"", text, finish, prompt_tokens, output_tokens, logprobs=logprobs)
    completion.cached_tokens, completion.thinking = cached_tokens, thinking
    completion.thinking_tokens = thinking_tokens
    set_apart(completion)
    return ended_within(completion) if completion.thinking and not completion.text.strip() else completion


def from_scored(reply: dict[str, Any], request: Request, url: str) -> Completion:
    """The log-probabilities in a reply to an echoed prompt (pure). Raises BadResponse, EndpointWrong."""
    if reply.get("error") and not reply.get("choices"):
        raise _told_error(reply, url)
    try:
        found = from_echo(reply, request.scored, url)
        prompt_tokens = _count((reply.get("usage") or {}).get("prompt_tokens"))
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as problem:
        raise BadResponse(f"'{url}' answered JSON without log-probabilities ({problem!r:.80})") from None
    return Completion(b"", shown(found), "stop", prompt_tokens, 0, logprobs=found)


def _told_error(reply: dict[str, Any], url: str) -> EngineError:
    """The error inside a reply whose status was 200."""
    error = reply.get("error")
    status = error.get("code") if isinstance(error, dict) else None
    told = {"error": error or "the provider broke off"}
    return status_error(status if isinstance(status, int) else 500, orjson.dumps(told), {}, url)


def _count(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def _text(content: object) -> object:
    """The text of a message: itself, or its parts of kind text put together."""
    if not isinstance(content, list):
        return content
    parts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type", "text") == "text"]
    texts = [text for text in parts if isinstance(text, str)]
    return "".join(texts) if texts else None


def _max_concurrency(value: bool | int | float | str | None) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise ConfigInvalid(f"'max_concurrency' cannot be {value!r:.40}", "a whole number from 1 up is expected")


def _extra_body(value: object) -> dict[str, Any]:
    """`extra_body` is JSON text: fields to add to every request, e.g. a vendor's own switches."""
    if value is None:
        return {}
    try:
        fields = orjson.loads(str(value))
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigInvalid(f"'extra_body' is no JSON object: {value!r:.60}", "write it like '{\"top_k\": 20}'")
    for name in _OURS:
        if name in fields:
            raise ConfigInvalid(
                f"'extra_body' sets '{name}', which the spec decides and the store relies on",
                f"leave '{name}' out of it",
            )
    return fields


def _logprobs(found: Any) -> tuple[TokenLogProb, ...]:
    """Of either API: llama.cpp's server answers the chat shape on both."""
    if not found:
        return ()
    if "content" in found:
        return tuple(
            TokenLogProb(
                item["token"],
                item["logprob"],
                tuple((top["token"], top["logprob"]) for top in item.get("top_logprobs") or ()),
            )
            for item in found["content"] or ()
        )
    tops = found.get("top_logprobs") or [{}] * len(found["tokens"])
    return tuple(
        TokenLogProb(token, logprob if logprob is not None else 0.0, tuple((top or {}).items()))
        for token, logprob, top in zip(found["tokens"], found["token_logprobs"], tops, strict=True)
    )


class StreamAssembly:
    """Puts the events of a stream together into what the same call unstreamed would answer."""

    def __init__(self, api: str, url: str) -> None:
        self.api = api
        self.url = url
        self.done = False
        self._text: str | None = None
        self._refusal = ""
        self._thinking = ""
        self._logprobs: dict[str, list[Any]] = {}
        self._calls: dict[int, dict[str, str]] = {}
        self._finish: str | None = None
        self._usage: Any = None

    def add(self, event: bytes) -> bool:
        """Take one event; True when it carried text. Raises BadResponse, and the error it tells."""
        if event == b"[DONE]":
            self.done = True
        if not event or self.done:
            return False
        chunk = parse_reply(event, self.url)
        if chunk.get("error"):
            raise _told_error(chunk, self.url)
        self._usage = chunk.get("usage") or self._usage
        choices = chunk.get("choices")
        if not choices:  # the chunk that tells the usage
            return False
        try:
            return self._add_choice(choices[0])  # type: ignore[index]
        except (KeyError, TypeError, AttributeError) as problem:
            raise BadResponse(f"'{self.url}' streamed an event that is none ({problem!r:.80})") from None

    def _add_choice(self, choice: dict[str, Any]) -> bool:
        if choice.get("error") or choice.get("finish_reason") == "error":
            raise _told_error(choice, self.url)
        self._finish = choice.get("finish_reason") or self._finish
        for name, values in (choice.get("logprobs") or {}).items():
            if isinstance(values, list):
                self._logprobs.setdefault(name, []).extend(values)
        part = (choice.get("delta") or {}) if self.api == "chat" else choice
        self._refusal += part.get("refusal") or ""
        self._thinking += thought_piece(part)
        for call in part.get("tool_calls") or ():
            whole = self._calls.setdefault(call.get("index") or 0, {"name": "", "arguments": ""})
            for name in whole:
                whole[name] += (call.get("function") or {}).get(name) or ""
        content = part.get("content" if self.api == "chat" else "text")
        if isinstance(content, list) and not all(isinstance(one, dict) for one in content):
            raise TypeError(f"parts: {content!r:.40}")
        text = _text(content)
        if text is not None:
            self._text = (self._text or "") + text  # type: ignore[operator] # what is no text is told by who calls
        return bool(text)

    def response(self) -> dict[str, Any]:
        """The whole reply. A stream that ends before it said why is a broken one."""
        if self._finish is None:
            raise BadResponse(f"the stream from '{self.url}' broke off")
        if self._text is None and self._finish in _FINISH:
            self._text = ""  # a model that ends at once: llama.cpp's server streams no text at all then
        message: dict[str, Any] = {"role": "assistant", "content": self._text, "refusal": self._refusal or None}
        if self._thinking:
            message["reasoning"] = self._thinking
        if self._calls:
            message["tool_calls"] = [{"type": "function", "function": self._calls[i]} for i in sorted(self._calls)]
        body = {"message": message} if self.api == "chat" else {"text": self._text}
        choice: dict[str, Any] = {"index": 0, **body, "finish_reason": self._finish}
        if self._logprobs:
            choice["logprobs"] = self._logprobs
        return {"choices": [choice], "usage": self._usage, "streamed": True}
