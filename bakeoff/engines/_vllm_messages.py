"""What engine 'vllm' and its process say to each other: requests out, replies back. Pure.

    to_message(request, tokens, most, ("regex", "yes|no"))       # {"prompt": […], "sampling": {…}}
    from_message(reply, piece)                                   # a Completion

Messages are lines of JSON: the process has another life, and perhaps another Python, than this one.
Source: https://docs.vllm.ai/en/stable/api/vllm/sampling_params/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bakeoff.core.errors import BadRequest, BadResponse, ContextOverflow, EndpointWrong, EngineError, Unavailable
from bakeoff.core.types import Completion, FinishReason, Json, Sampling, TokenLogProb
from bakeoff.engines._prompts import Scored

_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "repetition": "stop"}
_GUIDES = {"json_schema": "json", "regex": "regex", "grammar": "grammar", "choice": "choice"}
_MEMORY = (
    "out of memory",
    "outofmemoryerror",
    "no available memory for the cache blocks",
    "less than desired gpu memory utilization",
    "less than requested memory",
    "larger than the available kv cache memory",
    "can't allocate memory",
    "cannot allocate memory",
)


def to_message(prompt: Sequence[int], sampling: Sampling, most: int, guide: tuple[str, str]) -> dict[str, Json]:
    """A request for a reply of at most `most` tokens (pure)."""
    asked: dict[str, Json] = {"temperature": sampling.temperature, "max_tokens": most}
    if sampling.top_p is not None:
        asked["top_p"] = sampling.top_p
    if sampling.stop:
        asked["stop"] = [stop for stop in sampling.stop if stop]
    if sampling.seed is not None:
        asked["seed"] = sampling.seed
    if sampling.logprobs is not None:
        asked["logprobs"] = sampling.logprobs
    message: dict[str, Json] = {"prompt": list(prompt), "sampling": asked}
    kind, told = guide
    if kind:
        followed: Json = list[Json](told.split("|")) if kind == "choice" else told
        message["guide"] = {_GUIDES[kind]: followed}
    return message


def to_scored(rows: Sequence[Scored]) -> dict[str, Json]:
    """A request for the log-probabilities of what follows the known tokens of each row (pure)."""
    return {"scored": [{"tokens": list(row.tokens), "known": row.known} for row in rows]}


def from_message(reply: Mapping[str, Any], piece: Callable[[int], str]) -> Completion:
    """The completion of a reply (pure but for `piece`, which names a token). Raises BadResponse."""
    finish = _FINISH.get(str(reply.get("finish")))
    if finish is None:
        raise BadResponse(f"vLLM ended a reply with '{reply.get('finish')}'")
    return Completion(
        b"",
        str(reply["text"]),
        finish,
        int(reply["prompt_tokens"]),
        int(reply["output_tokens"]),
        first_token_s=reply.get("first_token_s"),
        queue_s=float(reply.get("queue_s") or 0.0),
        cached_tokens=reply.get("cached_tokens"),
        logprobs=tuple(_token(token, piece) for token in reply.get("logprobs") or ()),
    )


def _token(found: Mapping[str, Any], piece: Callable[[int], str]) -> TokenLogProb:
    top = tuple((piece(token), float(value)) for token, value in found["top"])
    return TokenLogProb(piece(found["token"]), float(found["logprob"]), top)


def fill(rows: Sequence[Scored], reply: Mapping[str, Any]) -> None:
    """The values of a reply into the rows that were asked for. Raises BadResponse."""
    values = reply.get("values")
    if not isinstance(values, list) or [len(one) for one in values] != [row.count for row in rows]:
        raise BadResponse("vLLM answered other log-probabilities than it was asked for")
    for row, one in zip(rows, values, strict=True):
        row.values = [float(value) for value in one]
        row.batch = len(rows)


def error_of(failure: Mapping[str, Any]) -> EngineError:
    """A failed call as our error (pure)."""
    kind, said = failure.get("kind"), short(str(failure.get("said")))
    if is_memory(said):
        return BadRequest(f"memory is too short for this request ({said})", "allow fewer tokens, or a smaller batch")
    if kind == "request" and "maximum context length" in said:
        return ContextOverflow(f"vLLM refuses the prompt ({said})", "ask with fewer examples")
    if kind == "request":
        return BadRequest(f"vLLM refuses the request ({said})")
    return Unavailable(f"vLLM failed ({said})")


def load_error(name: str, said: str, killed: int = 0) -> EngineError:
    """Why a model did not come up (pure). `killed`: the signal that ended the process, if one did."""
    if killed == 9 or is_memory(said):
        why = "the system ended the process, which it does when memory runs out" if killed == 9 else short(said)
        return EndpointWrong(
            f"'{name}' does not fit into memory with these settings ({why})",
            "take a smaller context or batch, a higher gpu_memory_utilization, fewer bits, or a smaller model",
        )
    if killed:
        return EndpointWrong(
            f"vLLM ended with signal {killed} while it loaded '{name}'",
            "try a smaller context or batch, or enforce_eager=true",
        )
    return EndpointWrong(
        f"vLLM cannot run '{name}' ({short(said)})", "its files are damaged, or vLLM does not know their kind"
    )


def is_memory(said: str) -> bool:
    return any(sign in said.lower() for sign in _MEMORY)


def short(said: str, most: int = 240) -> str:
    """One line of it."""
    line = " ".join(said.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def reason_in(log: str) -> str:
    """The error that a log of vLLM's processes begins its trouble with; its last line where there is none (pure).

    Errors that only say that another process failed are passed over.
    """
    found = []
    for line in log.splitlines():
        text = line.rpartition("] ")[2].strip() if line.startswith("(") else line.strip()
        name, colon, said = text.partition(": ")
        kind = name.rpartition(".")[2]
        if colon and said and kind.isidentifier() and kind.endswith(("Error", "Exception")):
            found.append((kind, said))
    telling = [f"{kind}: {said}" for kind, said in found if not _echo(kind, said)]
    if telling:
        return telling[0]
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return (f"{found[0][0]}: {found[0][1]}" if found else lines[-1]) if lines else "it said nothing"


def _echo(kind: str, said: str) -> bool:
    return kind == "EngineDeadError" or ("root cause" in said and "Worker failed" not in said)
