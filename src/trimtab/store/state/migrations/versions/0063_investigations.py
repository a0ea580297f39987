"""Investigations that are kept, and their notes."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    make(op.get_bind(), "0063_investigations.sql")
