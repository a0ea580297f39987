"""Tables that queries of logs look values up in."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

log_lookup_tables = Table(
    "log_lookup_tables",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("description", Text, nullable=False),
    Column("kms_key", Text, nullable=False),  # kept for AWS's clients: nothing is encrypted with it
    Column("fields", Text, nullable=False),  # JSON: the names of its columns
    Column("records", Integer, nullable=False),
    Column("body", Text, nullable=False),  # CSV with a header
    Column("updated_ms", BigInteger, nullable=False),
)
