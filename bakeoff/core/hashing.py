"""Content keys, stable orders and seeds, and the packing of raw exchanges.

Everything random in Bakeoff derives from a hash of what it is for (law 3), so the number of
workers, a limit or a resume cannot change it. Example:

    content_key(identity, request)        # 16 bytes: the name of a completion, for good
    order_key(7, "gsm8k", "sample-1")     # where this sample stands in the shuffle of seed 7
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from hashlib import blake2b

import orjson

from bakeoff.core.types import Json, ModelIdentity, Request, Sampling

KEY_BYTES = 16
MOST_REPEATS = 1000  # of a sample in an experiment
# The skeleton that nearly all exchanges share; zlib finds it instead of storing it each time.
_ZDICT = (
    b'"usage":{"prompt_tokens":,"completion_tokens":,"total_tokens":},"finish_reason":"length"'
    b'"object":"chat.completion","created":,"model":"","choices":[{"index":0,"message":'
    b'{"role":"assistant","content":"The answer is "},"logprobs":null,"finish_reason":"stop"}]'
    b'{"request":{"model":"","messages":[{"role":"system","content":""},{"role":"user","content":'
    b'"Question: \\nAnswer:"}],"temperature":0.0,"max_tokens":512,"stop":["\\nQuestion:"]},"response":'
)


def digest(value: Json) -> str:
    """The hex digest of a JSON value, whatever the order of its keys."""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def text_digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=256)
def _identity_bytes(identity: ModelIdentity) -> bytes:
    return orjson.dumps({k: v for k, v in _fields(identity).items() if v}, option=orjson.OPT_SORT_KEYS)


@lru_cache(maxsize=256)
def identity_digest(identity: ModelIdentity) -> str:
    """16 hex digits that stand for one model, reached one way."""
    return blake2b(_identity_bytes(identity), digest_size=8).hexdigest()


def _fields(identity: ModelIdentity) -> dict[str, str]:
    return {name: getattr(identity, name) for name in identity.__slots__}


@lru_cache(maxsize=4096)
def _sampling_bytes(sampling: Sampling) -> bytes:
    # Unset fields are left out, so that a field added later does not change the keys of old calls.
    # 0 and 0.0 are equal, so they have to be written alike.
    fields: dict[str, Json] = {"temperature": float(sampling.temperature), "max_tokens": sampling.max_tokens}
    if sampling.top_p is not None:
        fields["top_p"] = float(sampling.top_p)
    if sampling.stop:
        fields["stop"] = list(sampling.stop)
    if sampling.seed is not None:
        fields["seed"] = sampling.seed
    if sampling.logprobs is not None:
        fields["logprobs"] = sampling.logprobs
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def content_key(identity: ModelIdentity, request: Request) -> bytes:
    """Name a completion by what was asked of whom (law 2): 16 bytes of BLAKE2b."""
    hasher = blake2b(_identity_bytes(identity), digest_size=KEY_BYTES)
    hasher.update(orjson.dumps([(message.role, message.content) for message in request.messages]))
    hasher.update(_sampling_bytes(request.sampling))
    hasher.update(request.repeat.to_bytes(4, "big"))
    if request.scored:
        hasher.update(orjson.dumps(request.scored))
    if request.tools:
        hasher.update(b"tools" + request.tools.encode())
    return hasher.digest()


def order_key(seed: int, benchmark: str, sample_id: str) -> int:
    """Where a sample stands in the shuffle of `seed`: sorting by it is the shuffle.

    The first N of the order are a random sample of the benchmark, and a part of the first N+1.
    """
    text = f"{seed}\x1f{benchmark}\x1f{sample_id}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def derive_seed(seed: int, *parts: str | int) -> int:
    """A 31-bit seed for one purpose, from the experiment's seed and what the purpose is."""
    text = "\x1f".join([str(seed), *map(str, parts)]).encode()
    return int.from_bytes(blake2b(text, digest_size=4).digest(), "big") >> 1


def asked_again(repeat: int, number: int) -> int:
    """The `Request.repeat` of the same question asked once more inside of one trial, `number` from 0 up.

    A call of its own, that no repeat of the sample shares; the fifth of five is also the fifth of ten.
    """
    return repeat + MOST_REPEATS * (number + 1)


def exchange(request: bytes, response: bytes) -> bytes:
    """One exchange with an engine (both JSON) as the JSON that is kept of it."""
    return b'{"request":%b,"response":%b}' % (request or b"null", response or b"null")


def pack(raw: bytes) -> bytes:
    """Compress an exchange into the blob that is stored with a completion."""
    # memLevel 5: most of the time for a text this short goes into clearing zlib's hash table.
    squeeze = zlib.compressobj(level=6, wbits=-15, memLevel=5, zdict=_ZDICT)
    return squeeze.compress(raw) + squeeze.flush()


def unpack(blob: bytes) -> bytes:
    """The JSON `{"request": …, "response": …}` of a packed exchange."""
    return zlib.decompressobj(wbits=-15, zdict=_ZDICT).decompress(blob)
