"""What bills and their allocation need beside 0007 to 0011."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the GPUs of a run name their pod's UID, by which processes on them are told."""
    op.add_column("run_devices", sa.Column("pod_uid", sa.String(64), nullable=False, server_default=""))
