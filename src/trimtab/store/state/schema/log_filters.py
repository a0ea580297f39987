"""Metric filters of log groups."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

metric_filters = Table(
    "metric_filters",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),  # a log group's id
    Column("name", String(512), primary_key=True),
    Column("pattern", Text, nullable=False),
    Column("namespace", String(255), nullable=False),
    Column("metric", String(255), nullable=False),
    Column("value", String(100), nullable=False),  # a number, or a name of the pattern: $.a or $field
    Column("default_value", Float),  # None: nothing is said of a minute without a match
    Column("dimensions", Text, nullable=False),  # JSON: names to names of the pattern
    Column("unit", String(32), nullable=False),
    Column("transformed", Integer, nullable=False),  # whether it sees what the group's transformer makes
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "namespace", "metric"),
)
