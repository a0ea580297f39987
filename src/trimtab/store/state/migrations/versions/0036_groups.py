"""Auto Scaling groups, and functions' versions and provisioned concurrency."""

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
