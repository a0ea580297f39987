"""Event buses, rules, targets, archives and what they started."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _rules()
    _deliveries()
    _archives()
    _destinations()
    _pipelines()
    _sources()


def _rules() -> None:
    op.create_table(
        "event_buses",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(256), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "event_rules",
        sa.Column("arn", sa.String(700), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("bus", sa.String(512), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("pattern", sa.Text),
        sa.Column("schedule", sa.String(256)),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("role", sa.String(1600), nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("due_ms", sa.BigInteger),
    )
    op.create_index("ix_event_rules_bus_name", "event_rules", ["bus", "name"], unique=True)
    op.create_index("ix_event_rules_due_ms", "event_rules", ["due_ms"])
    op.create_table(
        "event_targets",
        sa.Column("rule", sa.String(700), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("arn", sa.String(1600), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
    )
    op.create_index("ix_event_targets_arn", "event_targets", ["arn"])
    op.create_table(
        "event_versions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("version", sa.BigInteger, nullable=False),
    )


def _deliveries() -> None:
    op.create_table(
        "event_inbox",
        sa.Column("key", sa.String(36), primary_key=True),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("bus", sa.String(512), nullable=False),
        sa.Column("source", sa.String(256), nullable=False),
        sa.Column("detail_type", sa.String(256), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("rules", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_event_inbox_received_ms", "event_inbox", ["received_ms"])
    op.create_table(
        "event_deliveries",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False, unique=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.Column("title", sa.String(600), nullable=False),
        sa.Column("rule", sa.String(700), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("arn", sa.String(1600), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("dead_letter", sa.Text, nullable=False),
    )
    op.create_index("ix_event_deliveries_created_ms", "event_deliveries", ["created_ms"])
    op.create_index("ix_event_deliveries_rule_seq", "event_deliveries", ["rule", "seq"])
    op.create_index("ix_event_deliveries_state_next_ms", "event_deliveries", ["state", "next_ms"])
    op.create_table(
        "event_attempts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("delivery", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_event_attempts_delivery", "event_attempts", ["delivery"])


def _archives() -> None:
    op.create_table(
        "event_archives",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("bus", sa.String(512), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("pattern", sa.Text),
        sa.Column("retention_days", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "event_archived",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("archive", sa.String(512), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("ix_event_archived_archive_at_ms", "event_archived", ["archive", "at_ms"])
    op.create_index("ix_event_archived_archive_key", "event_archived", ["archive", "key"], unique=True)
    op.create_table(
        "event_replays",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("archive", sa.String(512), nullable=False),
        sa.Column("bus", sa.String(512), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("replayed_ms", sa.BigInteger),
        sa.Column("started_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_ms", sa.BigInteger),
    )


def _destinations() -> None:
    op.create_table(
        "event_connections",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("shown", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
        sa.Column("authorized_ms", sa.BigInteger),
    )
    op.create_index(
        "ix_event_connections_account_region_name", "event_connections", ["account", "region", "name"], unique=True
    )
    op.create_table(
        "event_destinations",
        sa.Column("arn", sa.String(512), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("connection", sa.String(512), nullable=False),
        sa.Column("endpoint", sa.String(2048), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("rate", sa.Integer),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_ms", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_event_destinations_account_region_name", "event_destinations", ["account", "region", "name"], unique=True
    )


def _pipelines() -> None:
    op.create_table(
        "pipelines",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("cooldown_s", sa.BigInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "pipeline_runs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("account", sa.String(12), nullable=False),
        sa.Column("region", sa.String(64), nullable=False),
        sa.Column("pipeline", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("delivery", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(700), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("input", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_ms", sa.BigInteger, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("started_ms", sa.BigInteger),
        sa.Column("finished_ms", sa.BigInteger),
        sa.Column("external", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
    )
    op.create_index(
        "ix_pipeline_runs_account_region_pipeline_at_ms", "pipeline_runs", ["account", "region", "pipeline", "at_ms"]
    )
    op.create_index("ix_pipeline_runs_state_next_ms", "pipeline_runs", ["state", "next_ms"])
    op.create_table(
        "pipeline_causes",
        sa.Column("delivery", sa.String(36), primary_key=True),
        sa.Column("run", sa.String(36), nullable=False),
        sa.Column("event", sa.String(36), nullable=False),
        sa.Column("rule", sa.String(700), nullable=False),
        sa.Column("title", sa.String(600), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("folded", sa.Integer, nullable=False),
    )
    op.create_index("ix_pipeline_causes_run_at_ms", "pipeline_causes", ["run", "at_ms"])


def _sources() -> None:
    op.create_table(
        "watched_places",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("every_s", sa.Integer, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("looked_ms", sa.BigInteger),
        sa.Column("objects", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "watched_objects",
        sa.Column("place", sa.String(160), primary_key=True),
        sa.Column("name", sa.String(1024), primary_key=True),
        sa.Column("stamp", sa.String(128), nullable=False),
    )
    op.create_table(
        "drift_watches",
        sa.Column("account", sa.String(12), primary_key=True),
        sa.Column("region", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("scores", sa.Text, nullable=False),
        sa.Column("created_ms", sa.BigInteger, nullable=False),
        sa.Column("looked_ms", sa.BigInteger),
        sa.Column("changed_ms", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
    )
