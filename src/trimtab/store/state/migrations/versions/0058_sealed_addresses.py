"""Addresses and tokens that are sealed are longer than they were."""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make room for what is sealed."""
    with op.batch_alter_table("notify_subscriptions") as batch:
        batch.alter_column("token", existing_type=sa.String(64), type_=sa.Text, existing_nullable=False)
    with op.batch_alter_table("event_destinations") as batch:
        batch.alter_column("endpoint", existing_type=sa.String(2048), type_=sa.Text, existing_nullable=False)
