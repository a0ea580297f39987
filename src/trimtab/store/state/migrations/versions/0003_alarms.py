"""Alarms, their history and mute rules."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "alarms",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("configured", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("configured_ms", sa.BigInteger, nullable=False),
        sa.Column("warm_from_ms", sa.BigInteger),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("reason_data", sa.Text),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("transitioned_ms", sa.BigInteger, nullable=False),
        sa.Column("evaluation_state", sa.String(32)),
        sa.Column("contributors", sa.Text),
        sa.Column("held", sa.Text),
    )
    op.create_table(
        "alarm_history",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("alarm_type", sa.String(32), nullable=False),
        sa.Column("item_type", sa.String(32), nullable=False),
        sa.Column("contributor", sa.String(16)),
        sa.Column("attributes", sa.Text),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.String(255), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_alarm_history_account_region_name_at_ms", "alarm_history", ["account", "region", "name", "at_ms"]
    )
    op.create_index("ix_alarm_history_at_ms", "alarm_history", ["at_ms"])
    op.create_table(
        "alarm_clocks",
        sa.Column("cadence_s", sa.Integer, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "alarm_mute_rules",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
