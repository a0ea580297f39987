"""What files of profiles say of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "run_profiles",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("job", sa.String(512), primary_key=True),
        sa.Column("file", sa.String(256), primary_key=True),
        sa.Column("imported_ms", sa.BigInteger, nullable=False),
        sa.Column("imported_by", sa.String(256), nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
    )
