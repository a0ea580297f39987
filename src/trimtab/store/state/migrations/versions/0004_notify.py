"""Topics, subscriptions and deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "notify_channels",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("events", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("open_until_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ok_ms", sa.BigInteger),
        sa.Column("last_error_ms", sa.BigInteger),
        sa.Column("last_error", sa.Text, nullable=False),
    )
    op.create_index("ix_notify_channels_account_name", "notify_channels", ["account", "name"], unique=True)
    op.create_table(
        "notify_topics",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notify_subscriptions",
        sa.Column("arn", sa.String(600), primary_key=True),
        sa.Column("topic", sa.String(512), nullable=False),
        sa.Column("channel", sa.String(36), nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("protocol", sa.String(32), nullable=False),
        sa.Column("endpoint", sa.Text, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sa.Column("confirmed", sa.Integer, nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_notify_subscriptions_topic", "notify_subscriptions", ["topic"])
    op.create_index("ix_notify_subscriptions_channel", "notify_subscriptions", ["channel"])
    op.create_table(
        "notify_deliveries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("channel", sa.String(36), nullable=False),
        sa.Column("target", sa.String(512), nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(128), nullable=False),
        sa.Column("subject", sa.String(1024), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("order_key", sa.String(1024), nullable=False),
        sa.Column("group_key", sa.String(1024), nullable=False),
        sa.Column("notification", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lead", sa.String(36)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("ix_notify_deliveries_channel_state_seq", "notify_deliveries", ["channel", "state", "seq"])
    op.create_index("ix_notify_deliveries_state_next_ms", "notify_deliveries", ["state", "next_ms"])
    op.create_index("ix_notify_deliveries_created_ms", "notify_deliveries", ["created_ms"])
    op.create_table(
        "notify_attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("delivery", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_notify_attempts_delivery", "notify_attempts", ["delivery"])
    op.create_table(
        "notify_firing",
        sa.Column("channel", sa.String(36), primary_key=True),
        sa.Column("order_key", sa.String(1024), primary_key=True),
        sa.Column("notification", sa.Text, nullable=False),
        sa.Column("starts_ms", sa.BigInteger, nullable=False),
        sa.Column("resend_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notify_received",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("starts_at", sa.String(64), nullable=False),
        sa.Column("name", sa.String(1024), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "notify_totals",
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("outcome", sa.String(16), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
