"""Who asked for a higher quota."""

from alembic import op

from trimtab.store.state.migrations.declared import make

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    make(op.get_bind(), "0064_quota_requests.sql")
