"""Objectives of service levels, and canaries with their runs."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their tables."""
    make(op.get_bind(), "0061_objectives_and_canaries.sql")


def downgrade() -> None:
    """There is no way back: what a newer release keeps there would be lost."""
    raise NotImplementedError("cannot go back to revision 0059: restore a backup that was made there")
