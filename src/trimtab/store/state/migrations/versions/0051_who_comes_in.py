"""Keys end, and are replaced."""

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; keys that are there go on without an end."""
    with op.batch_alter_table("access_keys") as batch:
        batch.add_column(sa.Column("expires_ms", sa.BigInteger))
        batch.add_column(sa.Column("replaced_by", sa.String(128)))
