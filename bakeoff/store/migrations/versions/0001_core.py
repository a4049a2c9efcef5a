"""The tables of the core: runs, cells, trials, completions, sample sets."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("spec_hash", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("updated_at", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
    )
    op.create_table(
        "cells",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.Integer, sa.ForeignKey("runs.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("model", sa.String(200), nullable=False),
        sa.Column("preset", sa.String(32), nullable=False),
        sa.Column("benchmark", sa.String(100), nullable=False),
        sa.Column("method", sa.String(100), nullable=False),
        sa.Column("profile", sa.String(100), nullable=False),
        sa.Column("identity", sa.Text, nullable=False),
        sa.Column("revision", sa.String(64), nullable=False),
        sa.Column("data_digest", sa.String(32), nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
    )
    op.create_index("cells_by_run", "cells", ["run_id", "position"], unique=True)
    op.create_table(
        "trials",
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("cells.id"), primary_key=True),
        sa.Column("sample_id", sa.String(200), primary_key=True),
        sa.Column("repeat", sa.Integer, primary_key=True),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("extracted", sa.Text),
        sa.Column("rule", sa.String(40)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parts", sa.Text),
        sa.Column("keys", sa.LargeBinary, nullable=False),
        sa.Column("trace", sa.Text),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("cost", sa.Float),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("cached", sa.Integer, nullable=False),
        sa.Column("error_code", sa.String(40)),
        sa.Column("error", sa.Text),
    )
    op.create_table(
        "completions",
        sa.Column("key", sa.LargeBinary(16), primary_key=True),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("finish_reason", sa.String(16), nullable=False),
        sa.Column("prompt_tokens", sa.Integer),
        sa.Column("output_tokens", sa.Integer),
        sa.Column("cost", sa.Float),
        sa.Column("queue_s", sa.Float, nullable=False),
        sa.Column("first_token_s", sa.Float),
        sa.Column("latency_s", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("finished_at", sa.Float, nullable=False),
        sa.Column("logprobs", sa.Text),
        sa.Column("raw", sa.LargeBinary, nullable=False),
    )
    op.create_index("completions_by_model", "completions", ["model", "key"])
    op.create_table(
        "sample_sets",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("benchmark", sa.String(100), primary_key=True),
        sa.Column("data_digest", sa.String(32), nullable=False),
        sa.Column("ids", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for table in ("sample_sets", "completions", "trials", "cells", "runs"):
        op.drop_table(table)
