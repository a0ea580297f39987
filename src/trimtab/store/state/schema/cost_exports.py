"""Exports of the bill that are delivered again whenever it changes, and what is said of allocation tags."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import metadata

cost_exports = Table(
    "cost_exports",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("kind", String(16), nullable=False),  # export (Data Exports) or report (Cost and Usage Reports)
    Column("name", String(256), nullable=False),
    Column("form", Text, nullable=False),  # JSON of the definition, as its API has it
    Column("tags", Text, nullable=False),  # JSON
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("delivered", Text, nullable=False),  # JSON: billing month to the imports that were delivered of it
    UniqueConstraint("account", "kind", "name", name="uq_cost_exports_account_kind_name"),
)
cost_export_runs = Table(
    "cost_export_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("arn", String(512), nullable=False),
    Column("form", Text, nullable=False),  # the definition as it was then
    Column("status", String(32), nullable=False),
    Column("problem", Text, nullable=False),
    Column("months", Text, nullable=False),  # JSON
    Column("files", Text, nullable=False),  # JSON
    Column("created_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Index("ix_cost_export_runs_arn_created_ms", "arn", "created_ms"),
)
cost_allocation_tags = Table(
    "cost_allocation_tags",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("key", String(1024), primary_key=True),
    Column("active", Boolean, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
cost_tag_backfills = Table(
    "cost_tag_backfills",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("requested_ms", BigInteger, nullable=False),
)
