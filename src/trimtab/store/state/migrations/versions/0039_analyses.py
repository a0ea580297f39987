"""Datasets, extracts and analyses."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    for name, versions in (("datasets", "dataset_versions"), ("analyses", "analysis_versions")):
        op.create_table(
            name,
            sa.Column("id", sa.String(36), primary_key=True),
            sa.Column("account", sa.String(12), nullable=False),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("owner", sa.String(256), nullable=False),
            sa.Column("shared", sa.Boolean, nullable=False),
            sa.Column("spec", sa.Text, nullable=False),
            sa.Column("version", sa.Integer, nullable=False),
            sa.Column("created_ms", sa.BigInteger, nullable=False),
            sa.Column("updated_ms", sa.BigInteger, nullable=False),
            sa.Column("updated_by", sa.String(256), nullable=False),
            sa.UniqueConstraint("account", "name"),
        )
        op.create_table(
            versions,
            sa.Column("id", sa.String(36), primary_key=True),
            sa.Column("version", sa.Integer, primary_key=True),
            sa.Column("spec", sa.Text, nullable=False),
            sa.Column("updated_ms", sa.BigInteger, nullable=False),
            sa.Column("updated_by", sa.String(256), nullable=False),
        )
    op.create_table(
        "dataset_extracts",
        sa.Column("dataset", sa.String(36), primary_key=True),
        sa.Column("scope", sa.String(64), primary_key=True),
        sa.Column("scope_json", sa.Text, nullable=False),
        sa.Column("spec_version", sa.Integer, nullable=False),
        sa.Column("table_name", sa.String(128), nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("row_count", sa.BigInteger, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("until", sa.Text, nullable=False),
        sa.Column("made_ms", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger),
    )
    op.create_index("ix_dataset_extracts_next_ms", "dataset_extracts", ["next_ms"])
    op.create_table(
        "reader_teams",
        sa.Column("reader", sa.String(256), primary_key=True),
        sa.Column("team", sa.String(256), primary_key=True),
    )
    op.create_table(
        "analysis_watches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("analysis", sa.String(128), nullable=False),
        sa.Column("visual", sa.String(63), nullable=False),
        sa.Column("alarm", sa.String(255), nullable=False),
        sa.Column("limit_json", sa.Text, nullable=False),
        sa.Column("every_ms", sa.BigInteger, nullable=False),
        sa.Column("reader", sa.String(256), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("scope_json", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Float),
        sa.Column("value_ms", sa.BigInteger),
        sa.Column("problem", sa.Text, nullable=False),
        sa.UniqueConstraint("account", "region", "alarm"),
    )
    op.create_index("ix_analysis_watches_next_ms", "analysis_watches", ["next_ms"])
