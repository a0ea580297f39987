"""Reports that are written by a schedule, and every writing with its page."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import DUE, metadata

report_schedules = Table(
    "report_schedules",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name", String(128), nullable=False),
    Column("template", String(64), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("expression", String(256), nullable=False),  # rate(…), cron(…) or at(…)
    Column("zone", String(64), nullable=False),
    Column("emails", Text, nullable=False),  # JSON: addresses
    Column("topics", Text, nullable=False),  # JSON: ARNs of channels and topics
    Column("folder", Text, nullable=False),  # empty: no files
    Column("formats", Text, nullable=False),  # JSON: html, pdf, csv
    Column("accounts", Text, nullable=False),  # JSON: what its readers may see; null: everything
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(256), nullable=False),
    Column("next_ms", BigInteger, info=DUE),  # when it is due; None: not any more
    UniqueConstraint("account", "name"),
    Index(None, "next_ms"),
)

report_writings = Table(
    "report_writings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("report", String(36), nullable=False),  # id of the schedule
    Column("account", String(12), nullable=False),
    Column("template", String(64), nullable=False),
    Column("title", Text, nullable=False),
    Column("owner", String(256), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("status", String(16), nullable=False),  # written or failed
    Column("problem", Text, nullable=False),
    Column("head", Text, nullable=False),  # JSON: sentences
    Column("files", Text, nullable=False),  # JSON: what was written where
    Column("document", LargeBinary, nullable=False),  # the report as gzipped JSON
    Column("accounts", Text, nullable=False),  # JSON: what was seen when it was written; null: everything
    UniqueConstraint("report", "due_ms"),
)
