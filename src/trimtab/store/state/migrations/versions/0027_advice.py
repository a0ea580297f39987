"""Findings of the advisor, what was decided of them, and the savings ledger."""

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
