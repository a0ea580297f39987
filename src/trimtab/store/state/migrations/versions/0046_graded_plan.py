"""A line of the savings ledger says which plan predicted it, by which verb, and how the bill names its machine."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    with op.batch_alter_table("advice_ledger") as batch:
        batch.add_column(sa.Column("verb", sa.String(16), nullable=False, server_default=""))
        batch.add_column(sa.Column("planned_ms", sa.BigInteger, nullable=False, server_default="0"))
        batch.add_column(sa.Column("billed_as", sa.String(1024), nullable=False, server_default=""))
