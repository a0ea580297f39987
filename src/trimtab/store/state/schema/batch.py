"""Batch jobs."""

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A batch job as its runner reports it. `source` is records (`trimtab batch run --record`), transform (SageMaker's API,
# whose own form is in `served_resources`) or command (Batch's API); `report` the last report and `form` what was asked,
# both JSON.
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
    Column("region", String(32), nullable=False, server_default=""),
    Column("source", String(16), nullable=False, server_default="records"),
    Column("form", Text, nullable=False, server_default="{}"),
)
Index("ix_batch_jobs_account_started_ms", batch_jobs.c.account, batch_jobs.c.started_ms)
Index("ix_batch_jobs_source_status", batch_jobs.c.source, batch_jobs.c.status)
