"""What was told of the progress of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "run_progress",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("job", sa.String(512), primary_key=True),
        sa.Column("marks", sa.Text, nullable=False),
        sa.Column("workload", sa.Text, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
