"""Quotas of queues, kept with the time from which they hold."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    make(op.get_bind(), "0060_queue_quotas.sql")
