"""Where trimtab may connect to beyond the public internet, and what it was not let to."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from trimtab.store.state.schema.metadata import metadata

# `audited` is 1 once the audit says who made it.
egress_entries = Table(
    "egress_entries",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("note", String(500), nullable=False),
    Column("made_by", String(256), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("audited", Integer, nullable=False),
)

# Counted by place: `audited` of `count` are in the audit. `asked_by` is who asked last.
egress_refusals = Table(
    "egress_refusals",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("port", Integer, primary_key=True),
    Column("reason", String(500), nullable=False),
    Column("asked_by", String(256), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("audited", BigInteger, nullable=False),
)
