"""Subscriptions, data protection, scheduled queries and the other small records of log groups."""

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
