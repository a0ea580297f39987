"""Inference recommender: models, endpoints, load tests and jobs."""

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
