"""Scaling: targets, policies, scheduled actions and activities."""

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
