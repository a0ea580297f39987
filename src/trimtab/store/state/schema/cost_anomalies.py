"""Cost anomaly monitors, subscriptions, what was found, and of what each subscription has told."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# What is watched. `form` is Cost Explorer's AnomalyMonitor (JSON), `scope` what of the bill its maker may see (JSON).
# `judged_mark` names the bill, the day and the definition that were last judged; `value_count` how many values had a
# series then, `problem` why it could not be judged. A default monitor that was deleted stays as a row with
# `deleted_ms`, so that it is not made again.
cost_monitors = Table(
    "cost_monitors",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("form", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("deleted_ms", BigInteger, nullable=False),
    Column("judged_ms", BigInteger, nullable=False),
    Column("judged_mark", String(128), nullable=False),
    Column("value_count", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index(None, "account"),
)

# Who is told of what. `form` is Cost Explorer's AnomalySubscription (JSON); `told_ms` is when its last summary was due.
cost_anomaly_subscriptions = Table(
    "cost_anomaly_subscriptions",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("form", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("told_ms", BigInteger, nullable=False),
    Index(None, "account"),
)

# What was found: days `[start_ms, end_ms)` of one value of one monitor in one currency. `body` has amounts, causes and
# the daily series (JSON); `impact` is its total impact once more, for who sorts by it. `changed_ms`: last revised.
cost_anomalies = Table(
    "cost_anomalies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("monitor", String(512), nullable=False),
    Column("account", String(12), nullable=False),
    Column("value", Text, nullable=False),
    Column("currency", String(8), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("open", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("found_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("feedback", String(24), nullable=False),
    Column("feedback_by", String(256), nullable=False),
    Column("feedback_ms", BigInteger, nullable=False),
    Index(None, "monitor", "end_ms"),
    Index(None, "end_ms"),
)

# Of which anomaly a subscription has told, so that nobody is told twice.
cost_anomaly_told = Table(
    "cost_anomaly_told",
    metadata,
    Column("subscription", String(512), primary_key=True),
    Column("anomaly", String(36), primary_key=True),
    Column("told_ms", BigInteger, nullable=False),
)
