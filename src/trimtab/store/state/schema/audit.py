"""What the audit room keeps beside its records: trails and event data stores, imports, digests and their keys."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from trimtab.store.state.schema.metadata import REACHED, metadata

# A trail. `body` is what was put (JSON); `position_*` is the last record that was delivered, by when it was taken.
audit_trails = Table(
    "audit_trails",
    metadata,
    Column("arn", String(256), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("body", Text, nullable=False),
    Column("logging", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("stopped_ms", BigInteger),
    Column("delivered_ms", BigInteger),
    Column("digest_ms", BigInteger),
    Column("problem", Text, nullable=False),
    Column("position_ms", BigInteger, nullable=False, info=REACHED),
    Column("position_id", String(128), nullable=False),
    Column("digest_number", Integer, nullable=False),
    Index(None, "account", "region"),
)

# An event data store. `status` is ENABLED, STOPPED_INGESTION or PENDING_DELETION (until `gone_ms`).
audit_stores = Table(
    "audit_stores",
    metadata,
    Column("arn", String(256), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("name", String(128), nullable=False),
    Column("body", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("gone_ms", BigInteger),
    Index(None, "account", "region"),
)

audit_tags = Table(
    "audit_tags",
    metadata,
    Column("resource", String(256), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
)

audit_imports = Table(
    "audit_imports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("location", Text, nullable=False),
    Column("state", String(16), nullable=False),  # reading, done, failed
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("files", Integer, nullable=False),
    Column("records", Integer, nullable=False),
    Column("stored", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("notes", Text, nullable=False),  # JSON: list of sentences
    sqlite_autoincrement=True,
)

# Files of watched places that were read whole: `mark` tells one that has changed since.
audit_files = Table(
    "audit_files",
    metadata,
    Column("place", String(64), primary_key=True),  # a hash of the watched location
    Column("name", String(1024), primary_key=True),
    Column("mark", String(64), nullable=False),
    Column("records", Integer, nullable=False),
    Column("read_ms", BigInteger, nullable=False),
)

# The chain. A digest covers the records taken in [start_ms, end_ms); `entries` is gzipped JSON, one pair a record.
audit_digests = Table(
    "audit_digests",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("root", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key", String(64), nullable=False),
    Column("signature", Text, nullable=False),
    Column("entries", LargeBinary, nullable=False),
)

audit_signing_keys = Table(
    "audit_signing_keys",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("public", LargeBinary, nullable=False),  # PKCS #1, DER
    Column("private", Text, nullable=False),  # PKCS #8, PEM
    Column("created_ms", BigInteger, nullable=False),
)

# How far something has come, and what it must remember: `name` is announce, insights, …
audit_progress = Table(
    "audit_progress",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("id", String(128), nullable=False),
    Column("body", Text, nullable=False),
)
