"""What a model thought before it answered, apart from the answer."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("completions", sa.Column("thinking", sa.Text))
    op.add_column("completions", sa.Column("thinking_tokens", sa.Integer))


def downgrade() -> None:
    op.drop_column("completions", "thinking_tokens")
    op.drop_column("completions", "thinking")
