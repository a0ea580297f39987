"""Scalable targets, their policies, scheduled actions and activities."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _targets()
    _parts("scaling_policies", sa.Column("kind", sa.String(32), nullable=False),
           sa.Column("document", sa.Text, nullable=False), sa.Column("enabled", sa.Integer, nullable=False),
           sa.Column("created_ms", sa.BigInteger, nullable=False),
           sa.Column("updated_ms", sa.BigInteger, nullable=False))  # fmt: skip
    _parts("scaling_schedules", sa.Column("document", sa.Text, nullable=False),
           sa.Column("created_ms", sa.BigInteger, nullable=False),
           sa.Column("done_ms", sa.BigInteger, nullable=False))  # fmt: skip
    _activities()
    op.create_table(
        "scaling_proposals",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("target_id", sa.String(36), nullable=False),
        sa.Column("before", sa.Integer, nullable=False),
        sa.Column("after", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("by", sa.String(256), nullable=False),
        sa.Column("decided_ms", sa.BigInteger),
    )
    op.create_index("ix_scaling_proposals_target_id_verdict", "scaling_proposals", ["target_id", "verdict"])


def _parts(table: str, *columns: sa.Column[object]) -> None:
    """What a target has by name."""
    op.create_table(
        table,
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("target_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        *columns,
    )
    op.create_index(f"ix_{table}_target_id_name", table, ["target_id", "name"], unique=True)


def _named() -> list[sa.Column[object]]:
    return [
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("namespace", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(1600), nullable=False),
        sa.Column("dimension", sa.String(128), nullable=False),
    ]


def _targets() -> None:
    op.create_table(
        "scaling_targets",
        sa.Column("id", sa.String(36), primary_key=True),
        *_named(),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("desired", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_scaling_targets_account_namespace", "scaling_targets", ["account", "namespace"])
    op.create_index("ix_scaling_targets_due_ms", "scaling_targets", ["due_ms"])


def _activities() -> None:
    op.create_table(
        "scaling_activities",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("target_id", sa.String(36), nullable=False),
        *_named(),
        sa.Column("did", sa.String(16), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer),
        sa.Column("details", sa.Text, nullable=False),
    )
    op.create_index("ix_scaling_activities_account_start_ms", "scaling_activities", ["account", "start_ms"])
    op.create_index("ix_scaling_activities_target_id_start_ms", "scaling_activities", ["target_id", "start_ms"])
