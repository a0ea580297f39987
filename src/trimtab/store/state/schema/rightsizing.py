"""Right-sizing: what is recommended, preferences, enrolment and export jobs."""

from sqlalchemy import BigInteger, Column, Float, Index, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# What is said of a resource as of the last run. `body` is advice.rightsizing.model.Recommendation (JSON); `saving` is
# decimal text a month of the first option, "" where it is not known.
rightsizing_recommendations = Table(
    "rightsizing_recommendations",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("path", String(1024), nullable=False),
    Column("arn", String(1024), nullable=False),
    Column("name", String(512), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("finding", String(32), nullable=False),
    Column("idle", String(8), nullable=False),
    Column("saving", String(48), nullable=False),
    Column("worth", Float, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index(None, "kind", "account"),
    Index(None, "arn"),
)

# Preferences by what they are for, as Compute Optimizer takes them (`body`, JSON).
rightsizing_preferences = Table(
    "rightsizing_preferences",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("resource_type", String(32), primary_key=True),
    Column("scope", String(32), primary_key=True),
    Column("value", String(512), primary_key=True),
    Column("body", Text, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

rightsizing_enrolment = Table(
    "rightsizing_enrolment",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
)

# Exports that were asked for. `form` is the request (JSON).
rightsizing_exports = Table(
    "rightsizing_exports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("resource_type", String(32), nullable=False),
    Column("bucket", String(256), nullable=False),
    Column("key", String(1024), nullable=False),
    Column("metadata_key", String(1024), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("updated_ms", BigInteger, nullable=False),
    Column("form", Text, nullable=False),
    Index(None, "account", "created_ms"),
)
