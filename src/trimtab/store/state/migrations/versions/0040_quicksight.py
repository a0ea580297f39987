"""Stored QuickSight resources; what a written report was allowed to see."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, and the column from the schedules' own."""
    op.create_table(
        "quicksight_resources",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(32), primary_key=True),
        sa.Column("kind", sa.String(24), primary_key=True),
        sa.Column("parent", sa.String(640), primary_key=True),
        sa.Column("name", sa.String(512), primary_key=True),
        sa.Column("title", sa.String(2048), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.add_column("report_writings", sa.Column("accounts", sa.Text, nullable=False, server_default="null"))
    op.execute(
        "UPDATE report_writings SET accounts = coalesce("
        "(SELECT accounts FROM report_schedules WHERE report_schedules.id = report_writings.report), 'null')"
    )
