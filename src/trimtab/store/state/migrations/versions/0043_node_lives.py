"""Lives of nodes: what they were in every stretch, when they were reported, and marks of what changed."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_FACTS = ("gpu_type", "instance_type", "instance_id")


def upgrade() -> None:
    """Add columns and tables; earlier stretches get what is known of their node now."""
    for name, length in zip(_FACTS, (128, 128, 256), strict=True):
        op.add_column("node_states", sa.Column(name, sa.String(length), nullable=False, server_default=""))
        op.execute(
            f"UPDATE node_states SET {name} = (SELECT {name} FROM cluster_nodes WHERE "  # noqa: S608 - names above
            "cluster_nodes.account = node_states.account AND cluster_nodes.cluster = node_states.cluster AND "
            "cluster_nodes.name = node_states.name) WHERE EXISTS (SELECT 1 FROM cluster_nodes WHERE "
            "cluster_nodes.account = node_states.account AND cluster_nodes.cluster = node_states.cluster AND "
            "cluster_nodes.name = node_states.name)"
        )
    # A node that is powered down was reported as up, without GPUs: a node that has some at other times was that then.
    op.execute(
        "UPDATE node_states SET condition = 'powered down' WHERE condition = 'up' AND gpus = 0 AND EXISTS (SELECT 1 "
        "FROM node_states AS other WHERE other.account = node_states.account AND other.cluster = node_states.cluster "
        "AND other.name = node_states.name AND other.gpus > 0)"
    )
    op.execute(
        "UPDATE cluster_nodes SET condition = 'powered down' WHERE condition = 'up' AND gpus = 0 AND "
        "(state LIKE '%POWERED%DOWN%' OR state LIKE '%~%')"
    )
    op.create_table(
        "node_reports",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("cluster", sa.String(128), primary_key=True),
        sa.Column("hour_ms", sa.BigInteger, primary_key=True),
        sa.Column("whole", sa.Text, nullable=False),
        sa.Column("named", sa.Text, nullable=False),
    )
    op.create_table(
        "fleet_marks",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("cluster", sa.String(128), nullable=False),
        sa.Column("nodes", sa.Text, nullable=False),
        sa.Column("from_day_ms", sa.BigInteger, nullable=False),
        sa.Column("to_day_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "fleet_clock",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("pruned", sa.BigInteger, nullable=False),
        sa.Column("noted", sa.BigInteger, nullable=False),
        sa.Column("noted_ms", sa.BigInteger, nullable=False),
    )
