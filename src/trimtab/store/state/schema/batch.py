"""Batch jobs."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A batch job as its runner reports it: `report` is the last progress (JSON). Transform jobs of SageMaker's API are in
# `served_resources`; a job of `trimtab batch run --record` is only here.
batch_jobs = Table(
    "batch_jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("name", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("report", Text, nullable=False),
)
Index("ix_batch_jobs_account_started_ms", batch_jobs.c.account, batch_jobs.c.started_ms)
