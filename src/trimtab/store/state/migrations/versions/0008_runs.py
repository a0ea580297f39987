"""Inventory, runs and queues."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "runs",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("job", sa.String(512), primary_key=True),
        sa.Column("scheduler", sa.String(32), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("user", sa.String(256), nullable=False),
        sa.Column("team", sa.String(256), nullable=False),
        sa.Column("queue", sa.String(256), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("exit_code", sa.Integer),
        sa.Column("submit_ms", sa.BigInteger, nullable=False),
        sa.Column("start_ms", sa.BigInteger),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("gpus", sa.Float, nullable=False),
        sa.Column("gpu_type", sa.String(128), nullable=False),
        sa.Column("nodes", sa.Integer, nullable=False),
        sa.Column("node_names", sa.Text, nullable=False),
        sa.Column("whole_nodes", sa.Boolean, nullable=False),
        sa.Column("tasks", sa.Integer, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_runs_submit_ms", "runs", ["submit_ms"])
    op.create_index("ix_runs_start_ms", "runs", ["start_ms"])
    op.create_index("ix_runs_end_ms", "runs", ["end_ms"])
    op.create_table(
        "run_devices",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("job", sa.String(512), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("node", sa.String(256), nullable=False),
        sa.Column("gpus", sa.Float, nullable=False),
        sa.Column("indexes", sa.Text, nullable=False),
        sa.Column("uuids", sa.Text, nullable=False),
        sa.Column("pod", sa.String(512), nullable=False),
        sa.Column("start_ms", sa.BigInteger),
        sa.Column("end_ms", sa.BigInteger),
    )
    op.create_table(
        "run_states",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("job", sa.String(512), primary_key=True),
        sa.Column("from_ms", sa.BigInteger, primary_key=True),
        sa.Column("to_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
    )
    op.create_index("ix_run_states_to_ms", "run_states", ["to_ms"])
    op.create_table(
        "cluster_nodes",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("state", sa.String(256), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("gpus", sa.Float, nullable=False),
        sa.Column("allocated", sa.Float, nullable=False),
        sa.Column("gpu_type", sa.String(128), nullable=False),
        sa.Column("instance_type", sa.String(128), nullable=False),
        sa.Column("instance_id", sa.String(256), nullable=False),
        sa.Column("partitions", sa.Text, nullable=False),
        sa.Column("labels", sa.Text, nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
        sa.Column("gone_ms", sa.BigInteger),
    )
    op.create_table(
        "node_states",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("name", sa.String(256), primary_key=True),
        sa.Column("from_ms", sa.BigInteger, primary_key=True),
        sa.Column("to_ms", sa.BigInteger, nullable=False),
        sa.Column("condition", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(512), nullable=False),
        sa.Column("gpus", sa.Float, nullable=False),
        sa.Column("allocated", sa.Float, nullable=False),
    )
    op.create_index("ix_node_states_to_ms", "node_states", ["to_ms"])
    op.create_table(
        "resources",
        sa.Column("path", sa.String(1024), primary_key=True),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("id", sa.String(512), nullable=False),
        sa.Column("name", sa.String(512), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("origin", sa.String(256), nullable=False),
        sa.Column("seen_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_resources_account_kind", "resources", ["account", "kind"])
    op.create_table(
        "catalog_rates",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
        sa.Column("unit", sa.String(32), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("to_ms", sa.BigInteger),
        sa.Column("note", sa.String(512), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_catalog_rates_kind_subject_from_ms", "catalog_rates", ["kind", "subject", "from_ms"], unique=True
    )
