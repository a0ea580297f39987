"""Rules of Contributor Insights, and metric streams."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, REACHED, metadata

# A row a rule of Contributor Insights: its definition as it was put. Nothing is counted ahead: reports read the events.
insight_rules = Table(
    "insight_rules",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("definition", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("transformed", Boolean, nullable=False),  # kept for AWS's clients: rules see lines as they came
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),  # when it was put, enabled or disabled last
)

# A row a metric stream: its form (CloudWatch's, JSON) and how far it has sent. `position_ms` is the end of the last
# minute that arrived whole; a stream that is put anew goes on from there.
metric_streams = Table(
    "metric_streams",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("form", Text, nullable=False),
    Column("running", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("position_ms", BigInteger, nullable=False, info=REACHED),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Column("attempts", Integer, nullable=False),
    Column("sent", BigInteger, nullable=False),  # records that arrived
    Column("skipped", BigInteger, nullable=False),  # minutes that were given up as too old
    Column("last_ok_ms", BigInteger),
    Column("last_error_ms", BigInteger),
    Column("last_error", Text, nullable=False),
    Index(None, "running", "next_ms"),
)
