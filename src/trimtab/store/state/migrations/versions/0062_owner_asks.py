"""What owners are asked, and what they answer."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    make(op.get_bind(), "0062_owner_asks.sql")
