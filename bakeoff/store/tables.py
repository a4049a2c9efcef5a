"""The tables. Words as in HOUSE: runs, cells, trials, completions, sample sets, usages.

`completions` is cache and audit trail of all runs; `trials` point to it by content key. A change
here needs a migration in `store/migrations/versions`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()

RUNS = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("spec", Text, nullable=False),
    Column("spec_hash", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("version", String(32), nullable=False),
    Column("looks", Integer),
)

CELLS = Table(
    "cells",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("model", String(200), nullable=False),
    Column("preset", String(32), nullable=False),
    Column("benchmark", String(100), nullable=False),
    Column("method", String(100), nullable=False),
    Column("profile", String(100), nullable=False),
    Column("identity", Text, nullable=False),
    Column("revision", String(64), nullable=False),
    Column("data_digest", String(32), nullable=False),
    Column("planned", Integer, nullable=False),
    Column("signature", Text, nullable=False),
    Column("repeated", Text),
    Index("cells_by_run", "run_id", "position", unique=True),
)

TRIALS = Table(
    "trials",
    METADATA,
    Column("cell_id", Integer, ForeignKey("cells.id"), primary_key=True),
    Column("sample_id", String(200), primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("value", Float),
    Column("target", Text, nullable=False),
    Column("answer", Text),
    Column("extracted", Text),
    Column("rule", String(40)),
    Column("reason", Text, nullable=False),
    Column("parts", Text),
    Column("keys", LargeBinary, nullable=False),
    Column("trace", Text),
    Column("prompt_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost", Float),
    Column("latency_s", Float, nullable=False),
    Column("cached", Integer, nullable=False),
    Column("error_code", String(40)),
    Column("error", Text),
)

COMPLETIONS = Table(
    "completions",
    METADATA,
    Column("key", LargeBinary(16), primary_key=True),
    Column("model", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("finish_reason", String(16), nullable=False),
    Column("prompt_tokens", Integer),
    Column("output_tokens", Integer),
    Column("cost", Float),
    Column("queue_s", Float, nullable=False),
    Column("first_token_s", Float),
    Column("latency_s", Float, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("finished_at", Float, nullable=False),
    Column("logprobs", Text),
    Column("raw", LargeBinary, nullable=False),
    Column("gaps", LargeBinary),
    Column("cached_tokens", Integer),
    Column("thinking", Text),
    Column("thinking_tokens", Integer),
    Index("completions_by_model", "model", "key"),
)

SAMPLE_SETS = Table(
    "sample_sets",
    METADATA,
    Column("name", String(100), primary_key=True),
    Column("benchmark", String(100), primary_key=True),
    Column("data_digest", String(32), nullable=False),
    Column("ids", Text, nullable=False),
    Column("created_at", Float, nullable=False),
)

USAGES = Table(
    "usages",
    METADATA,
    Column("cell_id", Integer, ForeignKey("cells.id"), primary_key=True),
    Column("began_at", Float, primary_key=True),
    Column("ended_at", Float, nullable=False),
    Column("readings", Integer, nullable=False),
    Column("host_peak", BigInteger),
    Column("host_before", BigInteger),
    Column("devices", Text),
    Column("lost", Text, nullable=False),
)
