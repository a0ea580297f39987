"""Dated exchange rates with their sources."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "exchange_rate_sources",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("imported_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("source", sa.Integer, sa.ForeignKey("exchange_rate_sources.id"), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("base", sa.String(3), primary_key=True),
        sa.Column("quote", sa.String(3), primary_key=True),
        sa.Column("rate", sa.String(40), nullable=False),
    )
    op.create_index("ix_exchange_rates_day", "exchange_rates", ["day"])
