"""Reports that are written by a schedule."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "report_schedules",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("expression", sa.String(256), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("emails", sa.Text, nullable=False),
        sa.Column("topics", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("formats", sa.Text, nullable=False),
        sa.Column("accounts", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(256), nullable=False),
        sa.Column("next_ms", sa.BigInteger),
        sa.UniqueConstraint("account", "name", name="uq_report_schedules_account_name"),
    )
    op.create_index("ix_report_schedules_next_ms", "report_schedules", ["next_ms"])
    op.create_table(
        "report_writings",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("report", sa.String(36), nullable=False),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("template", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("head", sa.Text, nullable=False),
        sa.Column("files", sa.Text, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("report", "due_ms", name="uq_report_writings_report_due_ms"),
    )
