"""Exports of the bill and allocation tags."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "cost_exports",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("delivered", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "kind", "name", name="uq_cost_exports_account_kind_name"),
    )
    op.create_table(
        "cost_export_runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("arn", sa.String(512), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("months", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
    )
    op.create_index("ix_cost_export_runs_arn_created_ms", "cost_export_runs", ["arn", "created_ms"])
    op.create_table(
        "cost_allocation_tags",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("key", sa.String(1024), primary_key=True),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "cost_tag_backfills",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("requested_ms", sa.BigInteger, nullable=False),
    )
