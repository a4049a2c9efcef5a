"""A model that is none: replies are a function of the prompt, so every run of it is the same.

It ships in the product: examples, docs, tests and a first try need no key and no GPU. Args:
`accuracy` (default: between 0.5 and 0.9, by the model's name), `latency` (seconds), `fault_rate`
(share of first tries that fail), `truncate_rate`, `refuse_rate`, `ramble_rate` (a reply without an
answer). Example: `bakeoff run --models fake/a --model-args accuracy=0.8 --benchmarks gsm8k`.

With `slots` it runs in this process on a device that is none: so many calls at once, `decode_s` seconds for each
token of a reply, `prefill_s` for each that is read, and `prompt_cache` to read what prompts share only once.
None of this changes a reply. `script=FILE` says what it says, step by step (`engines/_fake_script.py`).
"""

from __future__ import annotations

import asyncio
import re
from hashlib import blake2b

import orjson

from bakeoff.core.errors import BadResponse, ConfigInvalid, EngineError, RateLimited, Unavailable
from bakeoff.core.hashing import content_key, exchange
from bakeoff.core.protocols import EngineConfig, EngineLimits
from bakeoff.core.types import Completion, FinishReason, ModelIdentity, Price, Request, TokenLogProb
from bakeoff.engines._fake_device import Device
from bakeoff.engines._fake_script import Script, read_script
from bakeoff.engines._likelihood import shown

_RATES = ("accuracy", "fault_rate", "truncate_rate", "refuse_rate", "ramble_rate")
_SHARES = ("truncate_rate", "refuse_rate", "ramble_rate")
_SECONDS = ("latency", "decode_s", "prefill_s")
_DEVICE = ("slots", "prompt_cache")
_MOST = {**dict.fromkeys(_SECONDS, 3600), "slots": 1024}  # of all others 1
_ARGS = (*_RATES, *_SECONDS, *_DEVICE)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Fake:
    """Deterministic by content: right with the chance it was given, by a hash of the prompt."""

    def __init__(self, config: EngineConfig) -> None:
        self._args = _checked(config)
        self._price = config.price or Price(0.0, 0.0)
        settings: dict[str, float | str] = {name: value for name, value in self._args.items() if name in _RATES}
        script = {**config.settings, **config.args}.get("script")
        self._script: Script | None = None
        if script is not None:
            self._script = read_script(script)
            settings["script"] = self._script.digest
        self._identity = ModelIdentity(
            "fake",
            config.name,
            config.revision,
            settings=orjson.dumps(settings, option=orjson.OPT_SORT_KEYS).decode(),
        )
        self._failed: set[bytes] = set()
        self.device: Device | None = None
        if slots := int(self._args["slots"]):
            cached = bool(self._args["prompt_cache"])
            self.device = Device(slots, self._args["decode_s"], self._args["prefill_s"], cached)

    @property
    def identity(self) -> ModelIdentity:
        return self._identity

    @property
    def limits(self) -> EngineLimits:
        device = self.device
        return EngineLimits(
            max_concurrency=2 * device.slots if device else None,  # while some are answered, the next wait
            in_process=device is not None,
            context_length=32_768,
            price=self._price,
            likelihood="full",
            tools=True,
            prefix_cache="slot" if device and device.cached else "none",
            slots=device.slots if device else None,
        )

    async def generate(self, request: Request) -> Completion:
        draws = _draws(content_key(self._identity, request))
        if self._args["latency"]:
            await asyncio.sleep(self._args["latency"] * (0.5 + draws[5]))
        self._fail_once(request, draws)
        completion = self._score(request, draws) if request.scored else self._answer(request, draws)
        if self.device is not None:
            await _served(self.device, completion, request)
        return completion

    def _answer(self, request: Request, draws: list[float]) -> Completion:
        text, finish = self._reply(request, draws)
        prompt = "\n\n".join(message.content for message in request.messages)
        sent = orjson.dumps({"prompt": prompt, "repeat": request.repeat})
        return Completion(
            key=b"",
            text=text,
            finish_reason=finish,
            prompt_tokens=len(prompt) // 4 + 1,
            output_tokens=len(text) // 4 + 1,
            raw=exchange(sent, orjson.dumps({"text": text, "finish_reason": finish})),
        )

    def _score(self, request: Request, draws: list[float]) -> Completion:
        """Log-probabilities by hash; the likeliest is the right one with the chance of the accuracy."""
        content = [self._identity.name.encode() + before.encode() + after.encode() for before, after in request.scored]
        sums = [
            -0.5 * len(after) * (0.2 + _draws(text)[0])
            for text, (_, after) in zip(content, request.scored, strict=True)
        ]
        right = int(request.oracle[0]) if request.oracle else 0
        best = max(range(len(sums)), key=sums.__getitem__)
        favourite = right if draws[4] < self._args["accuracy"] else (right + 1) % len(sums)
        sums[best], sums[favourite] = sums[favourite], sums[best]
        found = tuple(
            TokenLogProb(after, total, ((after, total),))
            for total, (_, after) in zip(sums, request.scored, strict=True)
        )
        tokens = sum(len(before + after) // 4 + 1 for before, after in request.scored)
        reply = orjson.dumps({"logprobs": [[after.token, after.logprob] for after in found]})
        return Completion(
            b"",
            shown(found),
            "stop",
            tokens,
            0,
            raw=exchange(orjson.dumps({"scored": request.scored}), reply),
            logprobs=found,
        )

    def _fail_once(self, request: Request, draws: list[float]) -> None:
        """The share of prompts chosen to fail does so on the first try and not on the second."""
        if draws[0] >= self._args["fault_rate"]:
            return
        key = content_key(self._identity, request)
        if key in self._failed:
            return
        self._failed.add(key)
        faults: list[EngineError] = [
            RateLimited("fake: too many calls", retry_after=0.0),
            Unavailable("fake: the connection broke"),
            BadResponse("fake: broken JSON"),
        ]
        raise faults[int(draws[1] * len(faults))]

    def _reply(self, request: Request, draws: list[float]) -> tuple[str, FinishReason]:
        """Refuse, ramble, answer right or answer wrong, as the draws say."""
        if draws[2] < self._args["refuse_rate"]:
            return "I can't help with that.", "refusal"
        if draws[3] < self._args["ramble_rate"]:
            return "That is an interesting thing to ask, and there is much to say of it.", "stop"
        if draws[3] > 1 - self._args["truncate_rate"]:
            return "Let me think about this step by step, beginning with what is", "length"
        right, *others = request.oracle or ("yes", "no")
        wrong = others[int(draws[1] * len(others))] if others else _wrong(right, draws[1])
        body = right if draws[4] < self._args["accuracy"] else wrong
        if self._script is not None and (said := self._script.reply(request, body)) is not None:
            return said, "stop"
        if "Answer: <" in request.messages[-1].content and "\n" not in body:
            return f"Let me think. That gives the result.\nAnswer: {body}", "stop"
        return body, "stop"

    async def close(self) -> None:
        self._failed.clear()


async def _served(device: Device, completion: Completion, request: Request) -> None:
    """Let the device take its time over a reply, and note what a real one would tell."""
    prompt = "".join(message.content for message in request.messages) or "".join(map("".join, request.scored))
    tokens = completion.output_tokens or 0
    now = asyncio.get_running_loop().time()
    service = device.serve(now, prompt, tokens)
    await asyncio.sleep(service.end - now)
    completion.queue_s = service.start - now
    completion.first_token_s = service.first - service.start
    completion.gaps = (device.token_s,) * max(0, tokens - 1) if device.token_s else ()
    completion.cached_tokens = service.cached_tokens if device.cached else None


def _checked(config: EngineConfig) -> dict[str, float]:
    """All settings with their defaults. Raises ConfigInvalid."""
    accuracy = 0.5 + 0.4 * _draws(config.name.encode())[0]
    values = {"accuracy": round(accuracy, 3), **dict.fromkeys(_ARGS[1:], 0.0)}
    for name, value in {**config.settings, **config.args}.items():
        if name == "script":
            continue
        if name not in _ARGS:
            raise ConfigInvalid(f"engine 'fake' has no setting '{name}'", f"known: {', '.join((*_ARGS, 'script'))}")
        number = float(value) if isinstance(value, int | float) else -1.0
        if not 0 <= number <= _MOST.get(name, 1):
            raise ConfigInvalid(f"fake setting '{name}' cannot be {value!r}", _hint(name))
        values[name] = number
    for name in _DEVICE:
        if values[name] % 1:
            raise ConfigInvalid(f"fake setting '{name}' cannot be {values[name]:g}", _hint(name))
    if sum(values[name] for name in _SHARES) > 1 + 1e-9:
        raise ConfigInvalid(
            f"the fake settings {', '.join(_SHARES)} are over 1 in all", "they are shares of all replies: lower one"
        )
    return values


def _hint(name: str) -> str:
    """What a setting may be."""
    if name in _DEVICE:
        return "give a whole number from 0 to 1024" if name == "slots" else "write true or false"
    return f"rates are from 0 to 1, {name if name in _SECONDS else 'latency'} from 0 to 3600 s"


def _draws(content: bytes) -> list[float]:
    """Six numbers in [0, 1) that depend on the content alone."""
    found = blake2b(content, digest_size=24).digest()
    return [int.from_bytes(found[i : i + 4], "big") / 2**32 for i in range(0, 24, 4)]


def _wrong(right: str, draw: float) -> str:
    """A reply of the same form as the right one that is not right."""
    if _NUMBER.fullmatch(right):
        return str(int(float(right)) + 1 + int(draw * 50))
    if right.startswith("```"):
        return "```python\ndef solution():\n    return None\n```"
    return ["nothing of the kind", "something else", "it depends"][int(draw * 3)]
