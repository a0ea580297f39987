"""Canaries: scheduled checks of endpoints, and their runs."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# A row a canary: its definition (JSON), whether it runs, and when it runs next. `runs_until_ms` is when a canary that
# runs for a while only stops by itself.
canaries = Table(
    "canaries",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("form", Text, nullable=False),
    Column("running", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("stopped_ms", BigInteger),
    Column("runs_until_ms", BigInteger),
    Column("next_ms", BigInteger, info=DUE),
    Index(None, "running", "next_ms"),
)

# A row a run of a canary; `steps` (JSON) is what each step found. Runs older than the canary keeps them go.
canary_runs = Table(
    "canary_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("canary", String(36), nullable=False),  # its id
    Column("began_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("steps", Text, nullable=False),
    Column("retry", Integer, nullable=False),  # 0: the first attempt
    Index(None, "canary", "began_ms"),
)
