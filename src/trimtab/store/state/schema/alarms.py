"""Alarms with their states, what happened to them, and when they are silent."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A row an alarm: its definition in CloudWatch's form (JSON), and what it was last found to be. `version` moves with
# every change of the row, so that an evaluation never overwrites what changed meanwhile; `configured` is the version
# of the definition. `contributors` and `held` are JSON of alarms.contributors and alarms.hold.
alarms = Table(
    "alarms",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("config", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("configured", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("configured_ms", BigInteger, nullable=False),
    Column("warm_from_ms", BigInteger),
    Column("state", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("reason_data", Text),
    Column("updated_ms", BigInteger, nullable=False),
    Column("transitioned_ms", BigInteger, nullable=False),
    Column("evaluation_state", String(32)),
    Column("contributors", Text),
    Column("held", Text),
)

# What happened to alarms, for 14 days; rows stay when their alarm goes.
alarm_history = Table(
    "alarm_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(255), nullable=False),
    Column("alarm_type", String(32), nullable=False),
    Column("item_type", String(32), nullable=False),
    Column("contributor", String(16)),
    Column("attributes", Text),
    Column("at_ms", BigInteger, nullable=False),
    Column("summary", String(255), nullable=False),
    Column("data", Text, nullable=False),
    Index(None, "account", "region", "name", "at_ms"),
    Index(None, "at_ms"),
)

# The newest time at which every alarm of a cadence (10 or 60 seconds) was evaluated.
alarm_clocks = Table(
    "alarm_clocks",
    metadata,
    Column("cadence_s", Integer, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

# When the actions of alarms are muted: the rule in CloudWatch's form (JSON).
alarm_mute_rules = Table(
    "alarm_mute_rules",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("config", Text, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
)
