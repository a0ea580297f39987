"""Metric filters of log groups."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "metric_filters",
        sa.Column("group", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("pattern", sa.Text, nullable=False),
        sa.Column("namespace", sa.String(255), nullable=False),
        sa.Column("metric", sa.String(255), nullable=False),
        sa.Column("value", sa.String(100), nullable=False),
        sa.Column("default_value", sa.Float),
        sa.Column("dimensions", sa.Text, nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("transformed", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_metric_filters_namespace_metric", "metric_filters", ["namespace", "metric"])
