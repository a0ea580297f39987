"""Saved views of costs: what was asked, by name."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

cost_reports = Table(
    "cost_reports",
    metadata,
    Column("account", String(64), primary_key=True),  # "" of a caller that no account binds
    Column("name", String(255), primary_key=True),
    Column("query", Text, nullable=False),  # the view's parameters, as the page's URL has them
    Column("saved_ms", BigInteger, nullable=False),
    Column("saved_by", String(256), nullable=False),
    Column("scope_rows", Text, nullable=False, server_default="[]"),  # what its maker was bound to: access/made.py
)
