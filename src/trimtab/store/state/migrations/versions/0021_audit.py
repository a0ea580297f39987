"""Trails, event data stores, imports and digests of the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _places()
    _reading()
    _chain()


def _places() -> None:
    op.create_table(
        "audit_trails",
        sa.Column("arn", sa.String(256), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("logging", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("stopped_ms", sa.BigInteger),
        sa.Column("delivered_ms", sa.BigInteger),
        sa.Column("digest_ms", sa.BigInteger),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("position_ms", sa.BigInteger, nullable=False),
        sa.Column("position_id", sa.String(128), nullable=False),
        sa.Column("digest_number", sa.Integer, nullable=False),
    )
    op.create_index("ix_audit_trails_account_region", "audit_trails", ["account", "region"])
    op.create_table(
        "audit_stores",
        sa.Column("arn", sa.String(256), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("gone_ms", sa.BigInteger),
    )
    op.create_index("ix_audit_stores_account_region", "audit_stores", ["account", "region"])
    op.create_table(
        "audit_tags",
        sa.Column("resource", sa.String(256), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("value", sa.String(256), nullable=False),
    )


def _reading() -> None:
    op.create_table(
        "audit_imports",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("stored", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_files",
        sa.Column("place", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(1024), primary_key=True),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("read_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "audit_progress",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _chain() -> None:
    op.create_table(
        "audit_digests",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_signing_keys",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("public", sa.LargeBinary, nullable=False),
        sa.Column("private", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
