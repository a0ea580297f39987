"""Tasks that copy log events into files."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

log_export_tasks = Table(
    "log_export_tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(512), nullable=False),
    Column("log_group", String(512), nullable=False),
    Column("stream_prefix", String(512), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger, nullable=False),
    Column("destination", String(512), nullable=False),  # a folder's name, or s3://bucket
    Column("prefix", Text, nullable=False),
    Column("status", String(16), nullable=False),  # PENDING, RUNNING, PENDING_CANCEL, CANCELLED, COMPLETED or FAILED
    Column("message", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("completed_ms", BigInteger),
    Index(None, "account", "region", "created_ms"),
    Index(None, "status"),
)
