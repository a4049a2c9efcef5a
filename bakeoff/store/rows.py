"""Rows of the tables and what they hold: core types to rows and back, for every repository of this room.

A text is written as every database takes it, a count only where it fits its column. Example:

    connection.execute(insert(TRIALS), [trial_row(trial)])
    [trial_of(row) for row in connection.execute(select(TRIALS))]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import orjson
from sqlalchemy import Row, Table

from bakeoff.core.hashing import KEY_BYTES, pack
from bakeoff.core.records import CellRecord, RunRecord, RunStatus
from bakeoff.core.specs import ExperimentSpec
from bakeoff.core.timing import packed
from bakeoff.core.types import Completion, ModelIdentity, Outcome, TokenLogProb, Trial

_LARGEST = 2**31 - 1  # what an Integer column holds


def insert_of(dialect: str) -> Callable[[Table], Any]:
    """The dialect's own INSERT, which knows ON CONFLICT; imports only that dialect."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert


def completion_row(completion: Completion) -> dict[str, object]:
    return {
        "key": completion.key,
        "model": completion.model,
        "text": _storable(completion.text),
        "finish_reason": completion.finish_reason,
        "prompt_tokens": _count(completion.prompt_tokens),
        "output_tokens": _count(completion.output_tokens),
        "cost": completion.cost,
        "queue_s": completion.queue_s,
        "first_token_s": completion.first_token_s,
        "latency_s": completion.latency_s,
        "attempts": completion.attempts,
        "finished_at": completion.finished_at,
        "logprobs": _json(completion.logprobs) if completion.logprobs else None,
        "raw": pack(completion.raw),
        "gaps": packed(completion.gaps),
        "cached_tokens": _count(completion.cached_tokens),
        "thinking": _storable(completion.thinking) if completion.thinking else None,
        "thinking_tokens": _count(completion.thinking_tokens),
    }


def completion_of(row: Row[Any]) -> Completion:
    logprobs = tuple(
        TokenLogProb(item["token"], item["logprob"], tuple((t, p) for t, p in item["top"]))
        for item in orjson.loads(row.logprobs or b"[]")
    )
    return Completion(
        key=bytes(row.key),
        model=row.model,
        text=row.text,
        finish_reason=row.finish_reason,
        prompt_tokens=row.prompt_tokens,
        output_tokens=row.output_tokens,
        cost=row.cost,
        queue_s=row.queue_s,
        first_token_s=row.first_token_s,
        latency_s=row.latency_s,
        attempts=row.attempts,
        finished_at=row.finished_at,
        logprobs=logprobs,
        cached_tokens=row.cached_tokens,
        thinking=row.thinking or "",
        thinking_tokens=row.thinking_tokens,
    )


def _storable(text: str) -> str:
    """PostgreSQL takes no NUL and no database takes half a surrogate pair; models write both."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:  # half a surrogate pair in a text, or a number of more than 64 bits
        return _storable(json.dumps(value, ensure_ascii=False, default=asdict))


def _count(number: int | None) -> int | None:
    """A count that fits; what an endpoint says of its tokens must not cost the answer it came with."""
    return number if number is None or 0 <= number <= _LARGEST else None


def _optional(text: str | None) -> str | None:
    return None if text is None else _storable(text)


def trial_row(trial: Trial) -> dict[str, object]:
    return {
        "cell_id": trial.cell,
        "sample_id": trial.sample_id,
        "repeat": trial.repeat,
        "outcome": trial.outcome.value,
        "value": trial.value,
        "target": _storable(trial.target),
        "answer": _optional(trial.answer),
        "extracted": _optional(trial.extracted),
        "rule": trial.rule,
        "reason": _storable(trial.reason),
        "parts": _json(trial.parts) if trial.parts else None,
        "keys": b"".join(trial.keys),
        "trace": _json(trial.trace) if trial.trace else None,
        "prompt_tokens": _count(trial.prompt_tokens),
        "output_tokens": _count(trial.output_tokens),
        "cost": trial.cost,
        "latency_s": trial.latency_s,
        "cached": trial.cached,
        "error_code": trial.error_code,
        "error": _optional(trial.error),
    }


def trial_of(row: Row[Any]) -> Trial:
    keys = bytes(row.keys)
    return Trial(
        cell=row.cell_id,
        sample_id=row.sample_id,
        repeat=row.repeat,
        outcome=Outcome(row.outcome),
        value=row.value,
        target=row.target,
        answer=row.answer,
        extracted=row.extracted,
        rule=row.rule,
        reason=row.reason,
        parts=orjson.loads(row.parts) if row.parts else {},
        keys=tuple(keys[i : i + KEY_BYTES] for i in range(0, len(keys), KEY_BYTES)),
        trace=tuple(orjson.loads(row.trace)) if row.trace else (),
        prompt_tokens=row.prompt_tokens,
        output_tokens=row.output_tokens,
        cost=row.cost,
        latency_s=row.latency_s,
        cached=row.cached,
        error_code=row.error_code,
        error=row.error,
    )


def run_of(row: Row[Any]) -> RunRecord:
    return RunRecord(
        id=row.id,
        name=row.name,
        spec=ExperimentSpec.model_validate_json(row.spec),
        status=RunStatus(row.status),
        created_at=row.created_at,
        updated_at=row.updated_at,
        seconds=row.seconds,
        version=row.version,
        looks=row.looks,
    )


def cell_row(run_id: int, cell: CellRecord) -> dict[str, object]:
    fields: dict[str, object] = asdict(cell)
    del fields["id"], fields["note"]
    repeated = None if cell.repeated is None else orjson.dumps(cell.repeated).decode()
    return {**fields, "run_id": run_id, "identity": orjson.dumps(cell.identity).decode(), "repeated": repeated}


def cell_of(row: Row[Any]) -> CellRecord:
    return CellRecord(
        id=row.id,
        position=row.position,
        model=row.model,
        preset=row.preset,
        benchmark=row.benchmark,
        method=row.method,
        profile=row.profile,
        identity=ModelIdentity(**orjson.loads(row.identity)),
        revision=row.revision,
        data_digest=row.data_digest,
        planned=row.planned,
        signature=row.signature,
        repeated=None if row.repeated is None else tuple(orjson.loads(row.repeated)),
    )
