"""Whom to tell, what was told, and what came of it: see the room `notify`."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# Named places that notifications go to. `secret` (JSON) never leaves the server; `endpoint` may hold a secret too.
notify_channels = Table(
    "notify_channels",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name", String(256), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("open_until_ms", BigInteger, nullable=False, info=DUE),
    Column("last_ok_ms", BigInteger),
    Column("last_error_ms", BigInteger),
    Column("last_error", Text, nullable=False),
    Index(None, "account", "name", unique=True),
)

# Topics as SNS has them: a name that alarms send to.
notify_topics = Table(
    "notify_topics",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(256), nullable=False),
    Column("attributes", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# Which channel gets what a topic gets; its endpoint may hold a secret. `token` confirms a pending subscription.
notify_subscriptions = Table(
    "notify_subscriptions",
    metadata,
    Column("arn", String(600), primary_key=True),
    Column("topic", String(512), nullable=False),
    Column("channel", String(36), nullable=False),
    Column("account", String(12), nullable=False),
    Column("protocol", String(32), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("confirmed", Integer, nullable=False),
    Column("token", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "topic"),
    Index(None, "channel"),
)

# One event for one channel: the queue and the log in one. `lead` is the delivery whose message carries this one too.
notify_deliveries = Table(
    "notify_deliveries",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("account", String(12), nullable=False),
    Column("channel", String(36), nullable=False),
    Column("target", String(512), nullable=False),
    Column("event", String(36), nullable=False),
    Column("kind", String(128), nullable=False),
    Column("subject", String(1024), nullable=False),
    Column("title", Text, nullable=False),
    Column("order_key", String(1024), nullable=False),
    Column("group_key", String(1024), nullable=False),
    Column("notification", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("lead", String(36)),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Index(None, "channel", "state", "seq"),
    Index(None, "state", "next_ms"),
    Index(None, "created_ms"),
)

# Every time a message was sent, and why it did not arrive.
notify_attempts = Table(
    "notify_attempts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("delivery", String(36), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Index(None, "delivery"),
)

# What is firing at an Alertmanager, to be said again until it ends.
notify_firing = Table(
    "notify_firing",
    metadata,
    Column("channel", String(36), primary_key=True),
    Column("order_key", String(1024), primary_key=True),
    Column("notification", Text, nullable=False),
    Column("starts_ms", BigInteger, nullable=False),
    Column("resend_ms", BigInteger, nullable=False, info=DUE),
)

# Alerts that an Alertmanager told us of, by its fingerprint.
notify_received = Table(
    "notify_received",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("fingerprint", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("starts_at", String(64), nullable=False),
    Column("name", String(1024), nullable=False),
    Column("body", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
)

# Counts that outlive the log, for trimtab's own metrics.
notify_totals = Table(
    "notify_totals",
    metadata,
    Column("kind", String(32), primary_key=True),
    Column("outcome", String(16), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
