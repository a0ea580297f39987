"""Right-sizing: preferences, enrolment and recommendations."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _recommendations()
    _preferences()
    _exports()


def _recommendations() -> None:
    op.create_table(
        "rightsizing_recommendations",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("path", sa.String(1024), nullable=False),
        sa.Column("arn", sa.String(1024), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("finding", sa.String(32), nullable=False),
        sa.Column("idle", sa.String(8), nullable=False),
        sa.Column("saving", sa.String(48), nullable=False),
        sa.Column("worth", sa.Float, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_rightsizing_recommendations_kind_account", "rightsizing_recommendations", ["kind", "account"])
    op.create_index("ix_rightsizing_recommendations_arn", "rightsizing_recommendations", ["arn"])


def _preferences() -> None:
    op.create_table(
        "rightsizing_preferences",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("resource_type", sa.String(32), primary_key=True),
        sa.Column("scope", sa.String(32), primary_key=True),
        sa.Column("value", sa.String(512), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "rightsizing_enrolment",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )


def _exports() -> None:
    op.create_table(
        "rightsizing_exports",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("resource_type", sa.String(32), nullable=False),
        sa.Column("bucket", sa.String(256), nullable=False),
        sa.Column("key", sa.String(1024), nullable=False),
        sa.Column("metadata_key", sa.String(1024), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
    )
    op.create_index("ix_rightsizing_exports_account_created_ms", "rightsizing_exports", ["account", "created_ms"])
