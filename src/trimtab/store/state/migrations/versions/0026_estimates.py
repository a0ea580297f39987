"""Live estimates of cost, their errors, and forecasts."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "cost_estimates",
        sa.Column("day_ms", sa.BigInteger, primary_key=True),
        sa.Column("line", sa.String(32), primary_key=True),
        sa.Column("basis", sa.SmallInteger, nullable=False),
        sa.Column("effective", sa.Float, nullable=False),
        sa.Column("billed", sa.Float, nullable=False),
        sa.Column("actual_effective", sa.Float),
        sa.Column("actual_billed", sa.Float),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
    )
    op.create_index(op.f("ix_cost_estimates_line"), "cost_estimates", ["line"])
