"""Which process works, and what those without a port tell of themselves."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# Which process may do what only one may: see jobs.lock.
locks = Table(
    "locks",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(36), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

# What a process last told: its jobs and how late its event loop is (JSON of jobs.reports.ProcessReport).
process_reports = Table(
    "process_reports",
    metadata,
    Column("process", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("form", Text, nullable=False),
)
