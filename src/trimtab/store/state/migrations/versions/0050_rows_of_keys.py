"""A key may be bound to teams or other tags."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; keys that are there see every row of their account, as before."""
    with op.batch_alter_table("access_keys") as batch:
        batch.add_column(sa.Column("scope_rows", sa.Text, nullable=False, server_default="[]"))
