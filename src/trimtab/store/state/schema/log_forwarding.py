"""What is sent on of log events: subscription filters, the queue of what is still to be sent, and destinations."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

log_subscription_filters = Table(
    "log_subscription_filters",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),  # a log group's id
    Column("name", String(512), primary_key=True),
    Column("pattern", Text, nullable=False),
    Column("destination", Text, nullable=False),  # a URL, or the ARN of a log group, a destination or an event bus
    Column("role", Text, nullable=False),  # kept for AWS's clients
    Column("distribution", String(16), nullable=False),  # Random or ByLogStream
    Column("transformed", Integer, nullable=False),  # whether it sees what the group's transformer makes
    Column("created_ms", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False),  # events that arrived at the destination
    Column("dropped", BigInteger, nullable=False),  # events that were given up
    Column("last_ok_ms", BigInteger),
    Column("last_error_ms", BigInteger),
    Column("last_error", Text, nullable=False),
)

# Bodies that wait for a destination. `id` is the same however often one is written or sent.
log_forwards = Table(
    "log_forwards",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("group", Integer, nullable=False),  # with `name` the subscription filter; 0 for what no filter sent
    Column("name", String(512), nullable=False),
    Column("kind", String(16), nullable=False),  # url or group
    Column("target", Text, nullable=False),
    Column("events", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Index(None, "kind", "next_ms"),
    Index(None, "group", "name", "seq"),
)

log_destinations = Table(
    "log_destinations",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(512), primary_key=True),
    Column("target", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
