"""Sources of bills, imports with their receipts, and billing periods."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "cost_sources",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(512), nullable=False, unique=True),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "cost_imports",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.Integer, sa.ForeignKey("cost_sources.id"), nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("format", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("months", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("ix_cost_imports_started_ms", "cost_imports", ["started_ms"])
    op.create_table(
        "cost_periods",
        sa.Column("source", sa.Integer, sa.ForeignKey("cost_sources.id"), primary_key=True),
        sa.Column("month", sa.Integer, primary_key=True),
        sa.Column("import_id", sa.Integer, sa.ForeignKey("cost_imports.id"), nullable=False),
        sa.Column("lines", sa.BigInteger, nullable=False),
        sa.Column("accounts", sa.Text, nullable=False),
        sa.Column("totals", sa.Text, nullable=False),
    )
