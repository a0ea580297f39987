"""Dashboards, their earlier versions, and the links that share them.

`scope_rows` are the rules by tags that their maker was bound to (access/made.py).
"""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

dashboards = Table(
    "dashboards",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("body", Text, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
    Column("modified_by", String(256), nullable=False),
    Column("version", Integer, nullable=False),
    Column("scope_rows", Text, nullable=False, server_default="[]"),
)

# What a dashboard was before: see reports.dashboards.store.
dashboard_versions = Table(
    "dashboard_versions",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", Text, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
    Column("modified_by", String(256), nullable=False),
    Column("scope_rows", Text, nullable=False, server_default="[]"),
)

# Read-only links. `secret` is the SHA-256 of the link's token.
dashboard_shares = Table(
    "dashboard_shares",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("secret", String(64), nullable=False, unique=True),
    Column("account", String(64), nullable=False),
    Column("dashboard", String(255), nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(256), nullable=False),
    Column("expires_ms", BigInteger, nullable=False),
)
