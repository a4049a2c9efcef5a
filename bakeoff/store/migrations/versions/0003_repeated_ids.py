"""The ids that were given to samples whose own id another sample has: they stand beside that one in the order."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("cells", sa.Column("repeated", sa.Text))


def downgrade() -> None:
    op.drop_column("cells", "repeated")
