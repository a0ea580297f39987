"""Queries of logs that run by a schedule, and every run."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import DUE, metadata

log_scheduled_queries = Table(
    "log_scheduled_queries",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(300), nullable=False),
    Column("description", Text, nullable=False),
    Column("language", String(8), nullable=False),  # CWLI or SQL
    Column("query", Text, nullable=False),
    Column("groups", Text, nullable=False),  # JSON: names of log groups
    Column("expression", String(256), nullable=False),  # rate(…), cron(…) or at(…)
    Column("zone", String(64), nullable=False),
    Column("start_offset_s", Integer, nullable=False),  # a run reads from so long before it begins …
    Column("end_offset_s", Integer, nullable=False),  # … to so long before it begins
    Column("destination", Text, nullable=False),  # empty: results are only kept
    Column("start_ms", BigInteger),  # no run is before; None: none is too early
    Column("end_ms", BigInteger),  # no run is after
    Column("role", Text, nullable=False),  # kept for AWS's clients
    Column("enabled", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, info=DUE),  # when it is due; None: not any more
    UniqueConstraint("account", "region", "name"),
    Index(None, "next_ms"),
)

log_scheduled_runs = Table(
    "log_scheduled_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("query", String(36), nullable=False),  # id of the scheduled query
    Column("triggered_ms", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # Running, InvalidQuery, Complete, Failed or Timeout
    Column("error", Text, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("result", LargeBinary, nullable=False),  # gzipped JSON: {"columns": […], "rows": [[…]]}
    Column("delivery", String(16), nullable=False),  # empty, IN_PROGRESS, CLIENT_ERROR, FAILED or COMPLETE
    Column("delivered_to", Text, nullable=False),
    Column("delivery_error", Text, nullable=False),
    UniqueConstraint("query", "triggered_ms"),
)
