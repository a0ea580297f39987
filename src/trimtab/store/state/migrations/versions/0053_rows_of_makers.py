"""Dashboards, datasets, analyses and saved views of costs remember the tags that their maker was bound to."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

TABLES = ("dashboards", "dashboard_versions", "datasets", "analyses", "cost_reports")


def upgrade() -> None:
    """Add the column; what is there was made by callers that nothing bound."""
    for table in TABLES:
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("scope_rows", sa.Text, nullable=False, server_default="[]"))
