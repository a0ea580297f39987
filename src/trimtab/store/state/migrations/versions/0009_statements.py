"""Allocation rules and frozen statements."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "allocation_rules",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "statements",
        sa.Column("month", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("rules_version", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("basis", sa.String(32), nullable=False),
        sa.Column("owner_category", sa.String(128), nullable=False),
        sa.Column("closed_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_by", sa.String(128), nullable=False),
        sa.Column("receipts", sa.Text, nullable=False),
        sa.Column("weights", sa.Text, nullable=False),
    )
    op.create_table(
        "statement_lines",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("month", sa.Integer, sa.ForeignKey("statements.month"), nullable=False),
        sa.Column("about", sa.Integer, nullable=False),
        sa.Column("owner", sa.String(512), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("service", sa.String(512), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("via", sa.String(512), nullable=False),
        sa.Column("currency", sa.String(8), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("coins", sa.String(64), nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_statement_lines_month", "statement_lines", ["month"])
