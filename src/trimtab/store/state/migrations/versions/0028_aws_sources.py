"""Connected AWS accounts, the progress of their reading, and prices by date."""

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
