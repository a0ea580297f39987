"""Scalable targets, their policies, scheduled actions, activities and proposals: see `scaling.engine`."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, REACHED, metadata

# A target. `form` is what may be set of it (JSON), `desired` what was last asked for, `state` what the engine
# remembers of it between two decisions (JSON: memories of policies, cooldowns, the month's spend).
scaling_targets = Table(
    "scaling_targets",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("namespace", String(32), nullable=False),
    Column("resource", String(1600), nullable=False),
    Column("dimension", String(128), nullable=False),
    Column("form", Text, nullable=False),
    Column("desired", Integer),
    Column("state", Text, nullable=False),
    Column("due_ms", BigInteger, nullable=False, info=DUE),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index(None, "account", "namespace"),
    Index(None, "due_ms"),
)

# A policy; `document` is its configuration (JSON).
scaling_policies = Table(
    "scaling_policies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("target_id", String(36), nullable=False),
    Column("name", String(256), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("document", Text, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Index(None, "target_id", "name", unique=True),
)

# A scheduled action; `document` is what it sets and when (JSON), `done_ms` the last time for which it was done.
scaling_schedules = Table(
    "scaling_schedules",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("target_id", String(36), nullable=False),
    Column("name", String(256), nullable=False),
    Column("document", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger, nullable=False, info=REACHED),
    Index(None, "target_id", "name", unique=True),
)

# What was done, or would have been. It outlives its target: `account` … `dimension` name that.
scaling_activities = Table(
    "scaling_activities",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("target_id", String(36), nullable=False),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("namespace", String(32), nullable=False),
    Column("resource", String(1600), nullable=False),
    Column("dimension", String(128), nullable=False),
    Column("did", String(16), nullable=False),
    Column("description", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("message", Text, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger),
    Column("before", Integer),
    Column("after", Integer),
    Column("details", Text, nullable=False),
    Index(None, "account", "start_ms"),
    Index(None, "target_id", "start_ms"),
)

# Changes that wait for a person, and what became of them.
scaling_proposals = Table(
    "scaling_proposals",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("target_id", String(36), nullable=False),
    Column("before", Integer, nullable=False),
    Column("after", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("by", String(256), nullable=False),
    Column("decided_ms", BigInteger),
    Index(None, "target_id", "verdict"),
)
