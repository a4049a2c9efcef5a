"""How many batches the decision rule of a run had looked at when its last execution ended."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("looks", sa.Integer))


def downgrade() -> None:
    op.drop_column("runs", "looks")
