"""The tables of release 0.1.0."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0042"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    make(op.get_bind(), "0042_release_0_1_0.sql")
