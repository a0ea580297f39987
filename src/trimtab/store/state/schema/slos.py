"""Objectives of service levels."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A row an objective: its form (CreateServiceLevelObjective's, JSON) and the times that do not count (JSON).
slos = Table(
    "slos",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("form", Text, nullable=False),
    Column("exclusions", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
