"""Queries of logs that were saved under a name."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

log_query_definitions = Table(
    "log_query_definitions",
    metadata,
    Column("id", String(256), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("language", String(8), nullable=False),  # CWLI or SQL
    Column("query", Text, nullable=False),
    Column("groups", Text, nullable=False),  # JSON: names of log groups
    Column("modified_ms", BigInteger, nullable=False),
    Index(None, "account", "region", "name"),
)
