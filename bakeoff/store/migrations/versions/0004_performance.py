"""Times between tokens and prefix-cache hits of completions; what the machine took while cells were asked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("completions", sa.Column("gaps", sa.LargeBinary))
    op.add_column("completions", sa.Column("cached_tokens", sa.Integer))
    op.create_table(
        "usages",
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("cells.id"), primary_key=True),
        sa.Column("began_at", sa.Float, primary_key=True),
        sa.Column("ended_at", sa.Float, nullable=False),
        sa.Column("readings", sa.Integer, nullable=False),
        sa.Column("host_peak", sa.BigInteger),
        sa.Column("host_before", sa.BigInteger),
        sa.Column("devices", sa.Text),
        sa.Column("lost", sa.Text, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("usages")
    op.drop_column("completions", "cached_tokens")
    op.drop_column("completions", "gaps")
