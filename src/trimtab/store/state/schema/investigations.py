"""Investigations that are kept, and their notes: see the room `reports.investigations`."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

investigations = Table(
    "investigations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("name", String(200), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("around_ms", BigInteger, nullable=False),
    Column("subject", Text, nullable=False),  # JSON: what it is about
    Column("places", Text, nullable=False),  # JSON: accounts and regions that its maker saw; null: every one
    Column("scope_rows", Text, nullable=False),  # JSON: rules of tags that its maker is bound to
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(256), nullable=False),
    Index(None, "account"),
)

investigation_notes = Table(
    "investigation_notes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("investigation", String(36), nullable=False),
    Column("written_ms", BigInteger, nullable=False),
    Column("author", String(256), nullable=False),
    Column("text", Text, nullable=False),
    Column("entry", Text, nullable=False),  # JSON: the entry of the time line that it pins; null: none
    Index(None, "investigation"),
)
