"""Events that happened, and how far each subscriber has come."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

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
