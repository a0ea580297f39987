"""Log groups, streams, and what was deleted of them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "log_groups",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("retention_days", sa.Integer),
        sa.Column("class", sa.String(32), nullable=False),
        sa.Column("kms_key", sa.Text, nullable=False),
        sa.Column("deletion_protected", sa.Integer, nullable=False),
        sa.UniqueConstraint("account", "region", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "log_streams",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("group", sa.Integer, nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("first_ms", sa.BigInteger),
        sa.Column("last_ms", sa.BigInteger),
        sa.Column("ingested_ms", sa.BigInteger),
        sa.UniqueConstraint("group", "name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_log_streams_group_last_ms", "log_streams", ["group", "last_ms"])
    op.create_table(
        "log_deletions",
        sa.Column("group", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("stream", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
