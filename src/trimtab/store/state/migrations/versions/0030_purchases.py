"""Purchase options: commitments, offers and plans."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "savings_plans",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("offering", sa.String(36), nullable=False),
        sa.Column("commitment", sa.String(40), nullable=False),
        sa.Column("upfront", sa.String(40), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("token", sa.String(128)),
        sa.UniqueConstraint("account", "token"),
    )
    op.create_table(
        "purchase_facts",
        sa.Column("kind", sa.String(8), primary_key=True),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "purchase_plans",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("ix_purchase_plans_made_ms", "purchase_plans", ["made_ms"])
    op.create_table(
        "purchase_generations",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("status", sa.String(16), nullable=False),
    )
