"""Log groups and their streams. `id` is the surrogate that events carry; one that was deleted is never used again."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import metadata

log_groups = Table(
    "log_groups",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(512), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("retention_days", Integer),  # None: kept for ever
    Column("class", String(32), nullable=False),  # STANDARD, INFREQUENT_ACCESS or DELIVERY
    Column("kms_key", Text, nullable=False),
    Column("deletion_protected", Integer, nullable=False),
    UniqueConstraint("account", "region", "name"),
    sqlite_autoincrement=True,  # an id is not given again after its row is gone
)

# Times are those of events, ms; None until the first one comes.
log_streams = Table(
    "log_streams",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("group", Integer, nullable=False),
    Column("name", String(512), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("first_ms", BigInteger),
    Column("last_ms", BigInteger),
    Column("ingested_ms", BigInteger),
    UniqueConstraint("group", "name"),
    Index(None, "group", "last_ms"),
    sqlite_autoincrement=True,
)

# What was deleted and whose events the engine still has: a group, or one stream of it (0: the whole group).
log_deletions = Table(
    "log_deletions",
    metadata,
    Column("group", Integer, primary_key=True, autoincrement=False),
    Column("stream", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
)
