"""Patterns of log groups, their anomalies and detectors; log alarms need no table of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "log_pattern_clocks",
        sa.Column("group", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_patterns",
        sa.Column("group", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("example", sa.Text, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("gap_ms", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
    )
    op.create_table(
        "log_anomalies",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("group", sa.Integer, nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("log_group", sa.String(512), nullable=False),
        sa.Column("pattern", sa.String(16), nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("example", sa.Text, nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("unusual", sa.String(8), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("expected", sa.Float, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("suppressed_ms", sa.BigInteger),
        sa.Column("suppressed_until_ms", sa.BigInteger),
        sa.Column("counts", sa.Text, nullable=False),
    )
    op.create_index("ix_log_anomalies_account_region_first_ms", "log_anomalies", ["account", "region", "first_ms"])
    op.create_index("ix_log_anomalies_group_pattern", "log_anomalies", ["group", "pattern"])
    op.create_table(
        "log_anomaly_detectors",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
        sa.Column("frequency", sa.String(16), nullable=False),
        sa.Column("filter_pattern", sa.Text, nullable=False),
        sa.Column("visible_days", sa.Integer, nullable=False),
        sa.Column("kms_key", sa.Text, nullable=False),
        sa.Column("paused", sa.Integer, nullable=False),
    )
    op.create_index("ix_log_anomaly_detectors_account_region", "log_anomaly_detectors", ["account", "region"])
