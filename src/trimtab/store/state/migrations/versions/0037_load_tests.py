"""Policies that were chosen from load tests, and load tests that were asked of the server."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "endpoint_policies",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("endpoint", sa.String(256), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.String(256), nullable=False),
    )
    op.create_table(
        "load_test_orders",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(32), nullable=False),
        sa.Column("endpoint", sa.String(256), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("test_id", sa.String(36), nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("asked_by", sa.String(256), nullable=False),
    )
    op.create_index("ix_load_test_orders_status", "load_test_orders", ["status"])
