"""Patterns that log groups are known to have, how far they were counted, their anomalies, and AWS's detectors."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import REACHED, metadata

# Lines of a group are counted by pattern since `since_ms` and through `until_ms` (ms, of whole slots).
log_pattern_clocks = Table(
    "log_pattern_clocks",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),  # a log group's id
    Column("since_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False, info=REACHED),
)

log_patterns = Table(
    "log_patterns",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),
    Column("id", String(16), primary_key=True),
    Column("template", Text, nullable=False),
    Column("example", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("gap_ms", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("slots", Integer, nullable=False),
)

log_anomalies = Table(
    "log_anomalies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("group", Integer, nullable=False),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("log_group", String(512), nullable=False),
    Column("pattern", String(16), nullable=False),
    Column("template", Text, nullable=False),
    Column("example", Text, nullable=False),
    Column("severity", String(16), nullable=False),
    Column("unusual", String(8), nullable=False),  # new, gone
    Column("first_ms", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("active", Integer, nullable=False),
    Column("expected", Float, nullable=False),  # lines a slot that were usual
    Column("description", Text, nullable=False),
    Column("state", String(16), nullable=False),  # Active, Suppressed, Baseline
    Column("suppressed_ms", BigInteger),
    Column("suppressed_until_ms", BigInteger),  # 0: for ever
    Column("counts", Text, nullable=False),  # JSON: lines by start of slot
    Index(None, "account", "region", "first_ms"),
    Index(None, "group", "pattern"),
)

log_anomaly_detectors = Table(
    "log_anomaly_detectors",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("groups", Text, nullable=False),  # JSON: ARNs
    Column("created_ms", BigInteger, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
    Column("frequency", String(16), nullable=False),
    Column("filter_pattern", Text, nullable=False),
    Column("visible_days", Integer, nullable=False),
    Column("kms_key", Text, nullable=False),
    Column("paused", Integer, nullable=False),
    Index(None, "account", "region"),
)
