"""Muted series, and how far the always-on detector is."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "anomaly_mutes",
        sa.Column("series", sa.String(20), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("muted_by", sa.String(256), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "anomaly_watch",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("watched", sa.BigInteger, nullable=False),
        sa.Column("learning", sa.BigInteger, nullable=False),
        sa.Column("beyond", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
