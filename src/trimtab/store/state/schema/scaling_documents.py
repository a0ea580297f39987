"""What the doors of EC2 Auto Scaling and Lambda keep: a document a group, launch configuration and function."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# `kind` is group, launch-configuration, function or lambda-account; `document` is JSON of the room's own model, all of
# it, so that a change is one row in one transaction. `due_ms` is when something will happen by itself (NULL: nothing).
scaling_documents = Table(
    "scaling_documents",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("document", Text, nullable=False),
    Column("due_ms", BigInteger, info=DUE),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index("ix_scaling_documents_kind_due_ms", "kind", "due_ms"),
)
