"""Budgets, their notifications, subscribers and actions."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _budgets()
    _actions()


def _budgets() -> None:
    op.create_table(
        "budgets",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_ms", sa.BigInteger, nullable=False),
        sa.Column("judged_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "budget_notifications",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("budget", sa.String(100), primary_key=True),
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("comparison", sa.String(16), nullable=False),
        sa.Column("threshold", sa.String(40), nullable=False),
        sa.Column("threshold_type", sa.String(16), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("period_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "budget_subscribers",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("budget", sa.String(100), primary_key=True),
        sa.Column("owner", sa.String(100), primary_key=True),
        sa.Column("type", sa.String(8), primary_key=True),
        sa.Column("address", sa.String(512), primary_key=True),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "budget_periods",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("budget", sa.String(100), primary_key=True),
        sa.Column("start_ms", sa.BigInteger, primary_key=True),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("budgeted", sa.String(40), nullable=False),
        sa.Column("actual", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("judged_ms", sa.BigInteger, nullable=False),
    )


def _actions() -> None:
    op.create_table(
        "budget_actions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("budget", sa.String(100), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("period_ms", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_budget_actions_account_budget", "budget_actions", ["account", "budget"])
    op.create_index("ix_budget_actions_status", "budget_actions", ["status"])
    op.create_table(
        "budget_action_history",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("action_id", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("event_type", sa.String(32), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
    )
    op.create_index("ix_budget_action_history_action_id_at_ms", "budget_action_history", ["action_id", "at_ms"])
