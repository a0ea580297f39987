"""Sampling rules, groups, settings and insights of traces."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def _place() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
    )


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "trace_sampling_rules",
        *_place(),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trace_sampling_reports",
        *_place(),
        sa.Column("rule", sa.String(32), primary_key=True),
        sa.Column("client", sa.String(24), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("sampled", sa.BigInteger, nullable=False),
        sa.Column("borrowed", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trace_sampling_boosts",
        *_place(),
        sa.Column("rule", sa.String(32), primary_key=True),
        sa.Column("rate", sa.Float, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trace_groups",
        *_place(),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("filter", sa.Text, nullable=False),
        sa.Column("insights", sa.Integer, nullable=False),
        sa.Column("notifications", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "trace_settings",
        *_place(),
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("modified_ms", sa.BigInteger, nullable=False),
    )
    _insights()
    op.create_table(
        "trace_daemons",
        *_place(),
        sa.Column("host", sa.String(255), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("record", sa.Text, nullable=False),
    )


def _insights() -> None:
    op.create_table(
        "trace_insights",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("group", sa.String(32), nullable=False),
        sa.Column("service", sa.String(256), nullable=False),
        sa.Column("type", sa.String(256), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    columns = ["account", "region", "updated_ms"]
    op.create_index("ix_trace_insights_account_region_updated_ms", "trace_insights", columns)
    op.create_table(
        "trace_insight_events",
        sa.Column("insight", sa.String(36), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
