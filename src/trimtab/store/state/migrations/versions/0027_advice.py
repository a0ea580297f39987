"""Findings of the advisor, what was decided of them, and the savings ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _advice_findings()
    _advice_decisions()
    _advice_checks()
    _advice_runs()
    _advice_ledger()
    _advice_cases()
    _advice_preferences()


def _advice_findings() -> None:
    op.create_table(
        "advice_findings",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("check_id", sa.String(64), nullable=False),
        sa.Column("pillar", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(1024), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("effort", sa.String(16), nullable=False),
        sa.Column("cash", sa.String(48), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("gpu_hours", sa.Float, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("first_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(256), nullable=False),
        sa.Column("decided_ms", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_advice_findings_check_id", "advice_findings", ["check_id"])
    op.create_index("ix_advice_findings_state_decision", "advice_findings", ["state", "decision"])
    op.create_index("ix_advice_findings_account", "advice_findings", ["account"])


def _advice_decisions() -> None:
    op.create_table(
        "advice_decisions",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("finding", sa.String(16), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("who", sa.String(256), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_advice_decisions_finding_at_ms", "advice_decisions", ["finding", "at_ms"])


def _advice_checks() -> None:
    op.create_table(
        "advice_checks",
        sa.Column("check_id", sa.String(64), primary_key=True),
        sa.Column("ran_ms", sa.BigInteger, nullable=False),
        sa.Column("asked_ms", sa.BigInteger, nullable=False),
        sa.Column("looked_at", sa.Integer, nullable=False),
        sa.Column("flagged", sa.Integer, nullable=False),
        sa.Column("undecided", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )


def _advice_runs() -> None:
    op.create_table(
        "advice_runs",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
    )
    op.create_index("ix_advice_runs_at_ms", "advice_runs", ["at_ms"])


def _advice_ledger() -> None:
    op.create_table(
        "advice_ledger",
        sa.Column("finding", sa.String(16), primary_key=True),
        sa.Column("check_id", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(1024), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(256), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("accepted_ms", sa.BigInteger, nullable=False),
        sa.Column("applied_ms", sa.BigInteger, nullable=False),
        sa.Column("proof", sa.Text, nullable=False),
        sa.Column("predicted", sa.String(48), nullable=False),
        sa.Column("predicted_gpu_hours", sa.Float, nullable=False),
        sa.Column("realised", sa.String(48), nullable=False),
        sa.Column("realised_total", sa.String(48), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("measured_ms", sa.BigInteger, nullable=False),
        sa.Column("measured_days", sa.Integer, nullable=False),
        sa.Column("counterfactual", sa.Text, nullable=False),
        sa.Column("grade", sa.String(16), nullable=False),
    )
    op.create_index("ix_advice_ledger_state", "advice_ledger", ["state"])
    op.create_index("ix_advice_ledger_check_id", "advice_ledger", ["check_id"])


def _advice_cases() -> None:
    op.create_table(
        "advice_cases",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("display_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_advice_cases_account_created_ms", "advice_cases", ["account", "created_ms"])


def _advice_preferences() -> None:
    op.create_table(
        "advice_preferences",
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
