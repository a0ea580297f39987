"""Rules of what is not kept of new series."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "drop_rules",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
    )
