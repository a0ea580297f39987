"""What was asked to be changed."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

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
