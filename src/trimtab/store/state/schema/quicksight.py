"""What is stored of QuickSight: every kind of resource as the document that it was made with."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

quicksight_resources = Table(
    "quicksight_resources",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("parent", String(640), primary_key=True),  # what it belongs to, as a data set has ingestions; else ""
    Column("name", String(512), primary_key=True),  # its id
    Column("title", String(2048), nullable=False),
    Column("status", String(32), nullable=False),
    Column("form", Text, nullable=False),  # the document (JSON) that a caller gave
    Column("state", Text, nullable=False),  # what became of it (JSON)
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)

# How data sources sign in to the databases that they read. `secret` is a password, and never leaves the server.
quicksight_credentials = Table(
    "quicksight_credentials",
    metadata,
    Column("arn", String(1024), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("username", String(128), nullable=False),
    Column("secret", Text, nullable=False),
    Index(None, "account"),
)
