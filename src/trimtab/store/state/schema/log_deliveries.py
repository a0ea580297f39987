"""Deliveries of logs that services write of themselves: where they come from, where they go, and what joins both."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# `kind` is delivery-source, delivery-destination or delivery, `name` its name, or a delivery's id; `body` is JSON.
log_deliveries = Table(
    "log_deliveries",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("body", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
