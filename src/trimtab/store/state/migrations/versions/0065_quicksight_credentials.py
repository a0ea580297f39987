"""How data sources of QuickSight sign in."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    make(op.get_bind(), "0065_quicksight_credentials.sql")
