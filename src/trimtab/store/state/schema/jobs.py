"""Which process works."""

from sqlalchemy import BigInteger, Column, String, Table

from trimtab.store.state.schema.metadata import metadata

# Which process may do what only one may: see jobs.lock.
locks = Table(
    "locks",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)
