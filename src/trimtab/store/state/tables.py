"""The state tables: small mutable records. One MetaData for SQLite and PostgreSQL; Alembic migrates them."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# A row a credential. `secret` is the secret itself for AWS keys, which SigV4 must know, and SHA-256 for tokens.
access_keys = Table(
    "access_keys",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("account", String(12)),
    Column("secret", Text, nullable=False),
    Column("name", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("revoked_ms", BigInteger),
)

tags = Table(
    "tags",
    metadata,
    Column("arn", String(1024), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
)

# What arrives, by door and client: see inventory.sources.
sources = Table(
    "sources",
    metadata,
    Column("id", String(512), primary_key=True),
    Column("door", String(32), nullable=False),
    Column("name", String(256), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

rejections = Table(
    "rejections",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(512), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("example", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Index(None, "at_ms"),
)

# Events that happened, in order, for at-least-once delivery: see events.outbox.
outbox = Table(
    "outbox",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(128), nullable=False),
    Column("subject", String(1024), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

# How far each subscriber of the outbox has come.
outbox_cursors = Table(
    "outbox_cursors",
    metadata,
    Column("subscriber", String(128), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# What the actuators were asked to do, and what came of it: see actions.registry.
action_log = Table(
    "action_log",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("actuator", String(128), nullable=False),
    Column("target", String(1024), nullable=False),
    Column("requested_by", String(256), nullable=False),
    Column("dry_run", Integer, nullable=False),
    Column("plan", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index(None, "at_ms"),
)

# Which process may do what only one may: see jobs.lock.
locks = Table(
    "locks",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)
