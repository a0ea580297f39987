"""Cost anomaly monitors, subscriptions and what was found."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _asked()
    _found()


def _asked() -> None:
    op.create_table(
        "cost_monitors",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("deleted_ms", sa.BigInteger, nullable=False),
        sa.Column("judged_ms", sa.BigInteger, nullable=False),
        sa.Column("judged_mark", sa.String(128), nullable=False),
        sa.Column("value_count", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("ix_cost_monitors_account", "cost_monitors", ["account"])
    op.create_table(
        "cost_anomaly_subscriptions",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("told_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cost_anomaly_subscriptions_account", "cost_anomaly_subscriptions", ["account"])


def _found() -> None:
    op.create_table(
        "cost_anomalies",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("monitor", sa.String(512), nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("found_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("feedback", sa.String(24), nullable=False),
        sa.Column("feedback_by", sa.String(256), nullable=False),
        sa.Column("feedback_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cost_anomalies_monitor_end_ms", "cost_anomalies", ["monitor", "end_ms"])
    op.create_index("ix_cost_anomalies_end_ms", "cost_anomalies", ["end_ms"])
    op.create_table(
        "cost_anomaly_told",
        sa.Column("subscription", sa.String(512), primary_key=True),
        sa.Column("anomaly", sa.String(36), primary_key=True),
        sa.Column("told_ms", sa.BigInteger, nullable=False),
    )
