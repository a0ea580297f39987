"""What users set about traces, and what was found in them: sampling rules, groups, settings, insights."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# A row a rule. `rule` is JSON of traces.sampling.model.Rule.
trace_sampling_rules = Table(
    "trace_sampling_rules",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("rule", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
)

# The last report of each client for each rule: what it saw since the one before.
trace_sampling_reports = Table(
    "trace_sampling_reports",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("rule", String(32), primary_key=True),
    Column("client", String(24), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("requests", BigInteger, nullable=False),
    Column("sampled", BigInteger, nullable=False),
    Column("borrowed", BigInteger, nullable=False),
)

# A boost of a rule's rate: the rate, until when it holds, and when the next may begin.
trace_sampling_boosts = Table(
    "trace_sampling_boosts",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("rule", String(32), primary_key=True),
    Column("rate", Float, nullable=False),
    Column("until_ms", BigInteger, nullable=False, info=DUE),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
)

# Groups of traces: a filter expression each. `insights` and `notifications` are 0 or 1.
trace_groups = Table(
    "trace_groups",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("id", String(32), nullable=False),
    Column("filter", Text, nullable=False),
    Column("insights", Integer, nullable=False),
    Column("notifications", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# Settings of a place by name (encryption, destination, indexing, tail): JSON.
trace_settings = Table(
    "trace_settings",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
)

# Insights: a time in which a service failed more often than is usual. `body` is JSON of traces.insights.model.Impact.
trace_insights = Table(
    "trace_insights",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("group", String(32), nullable=False),
    Column("service", String(256), nullable=False),
    Column("type", String(256), nullable=False),
    Column("state", String(8), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("updated_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_trace_insights_account_region_updated_ms", "account", "region", "updated_ms"),
)

# How an insight went on: a row a change.
trace_insight_events = Table(
    "trace_insight_events",
    metadata,
    Column("insight", String(36), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("body", Text, nullable=False),
)

# The last telemetry record of each X-Ray daemon or SDK: JSON.
trace_daemons = Table(
    "trace_daemons",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("host", String(255), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)
