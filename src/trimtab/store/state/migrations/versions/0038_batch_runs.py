"""Batch jobs and their progress: where each runs, what began it, and what was asked."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add to the table of 0033, which nothing has written to yet."""
    op.add_column("batch_jobs", sa.Column("region", sa.String(32), nullable=False, server_default=""))
    op.add_column("batch_jobs", sa.Column("source", sa.String(16), nullable=False, server_default="records"))
    op.add_column("batch_jobs", sa.Column("form", sa.Text, nullable=False, server_default="{}"))
    op.create_index("ix_batch_jobs_source_status", "batch_jobs", ["source", "status"])
