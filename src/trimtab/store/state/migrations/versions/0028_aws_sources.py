"""Connected AWS accounts, the progress of their reading, and prices by date."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and say more of resources."""
    _accounts()
    _prices()
    _resources()


def _accounts() -> None:
    op.create_table(
        "aws_accounts",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("added_ms", sa.BigInteger, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "aws_reads",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
        sa.Column("estimate", sa.String(40), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("ix_aws_reads_account_id", "aws_reads", ["account", "id"])
    op.create_index("ix_aws_reads_state", "aws_reads", ["state"])
    op.create_table(
        "aws_steps",
        sa.Column("read_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("region", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("items", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
    )
    op.create_table(
        "aws_marks",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "aws_calls",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("service", sa.String(64), primary_key=True),
        sa.Column("operation", sa.String(128), primary_key=True),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("throttled", sa.BigInteger, nullable=False),
        sa.Column("cost", sa.String(40), nullable=False),
    )
    op.create_table(
        "resource_readings",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("resource_type", sa.String(128), primary_key=True),
        sa.Column("read_ms", sa.BigInteger, nullable=False),
    )


def _prices() -> None:
    op.create_table(
        "price_lists",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("published_ms", sa.BigInteger, nullable=False),
        sa.Column("place", sa.String(1024), nullable=False),
        sa.Column("products", sa.BigInteger, nullable=False),
        sa.Column("prices", sa.BigInteger, nullable=False),
        sa.Column("imported_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_price_lists_service_region", "price_lists", ["service", "region"])
    op.create_table(
        "price_products",
        sa.Column("service", sa.String(64), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("sku", sa.String(64), primary_key=True),
        sa.Column("family", sa.String(128), nullable=False),
        sa.Column("instance_type", sa.String(64), nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
    )
    op.create_index("ix_price_products_instance_type", "price_products", ["instance_type"])
    op.create_table(
        "price_terms",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("sku", sa.String(64), nullable=False),
        sa.Column("rate_code", sa.String(160), nullable=False),
        sa.Column("term", sa.String(16), nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("begin_range", sa.String(40), nullable=False),
        sa.Column("end_range", sa.String(40), nullable=False),
        sa.Column("description", sa.String(512), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.String(40), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("to_ms", sa.BigInteger),
        sa.Column("version", sa.String(64), nullable=False),
    )
    op.create_index("ix_price_terms_service_region_sku", "price_terms", ["service", "region", "sku"])
    op.create_table(
        "instance_prices",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("system", sa.String(32), nullable=False),
        sa.Column("purchase", sa.String(96), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("per_hour", sa.String(40), nullable=False),
        sa.Column("upfront", sa.String(40), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("to_ms", sa.BigInteger),
        sa.Column("source", sa.String(512), nullable=False),
    )
    op.create_index(
        "ix_instance_prices_type_region_system_purchase", "instance_prices", ["type", "region", "system", "purchase"]
    )
    op.create_index("ix_instance_prices_source", "instance_prices", ["source"])
    op.create_table(
        "spot_prices",
        sa.Column("type", sa.String(64), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("zone", sa.String(64), primary_key=True),
        sa.Column("system", sa.String(32), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("per_hour", sa.String(40), nullable=False),
    )
    op.create_table(
        "tag_reports",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(32), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
    )


def _resources() -> None:
    op.add_column("resources", sa.Column("arn", sa.String(1024), nullable=False, server_default=""))
    op.add_column("resources", sa.Column("resource_type", sa.String(128), nullable=False, server_default=""))
    op.add_column("resources", sa.Column("attributes", sa.Text, nullable=False, server_default="{}"))
    op.create_index("ix_resources_resource_type", "resources", ["resource_type"])
