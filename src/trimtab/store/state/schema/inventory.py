"""Tags of resources, what sends us data, what there is, and own prices."""

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

tags = Table(
    "tags",
    metadata,
    Column("arn", String(1024), primary_key=True),
    Column("key", String(128), primary_key=True),
    Column("value", String(256), nullable=False),
)

# What arrives, by door and client: see inventory.sources.
sources = Table(
    "sources",
    metadata,
    Column("id", String(512), primary_key=True),
    Column("door", String(32), nullable=False),
    Column("name", String(256), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
)

rejections = Table(
    "rejections",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(512), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("example", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Index(None, "at_ms"),
)

# Who asked for a higher quota: see inventory.quota_requests.
quota_requests = Table(
    "quota_requests",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("code", String(128), nullable=False),
    Column("desired", Float, nullable=False),
    Column("requester", String(256), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "account", "region"),
)

# What there is, from a file or a connector: see inventory.resources. `tags` is JSON.
resources = Table(
    "resources",
    metadata,
    Column("path", String(1024), primary_key=True),
    Column("provider", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("kind", String(64), nullable=False),
    Column("id", String(512), nullable=False),
    Column("name", String(512), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("type", String(128), nullable=False),
    Column("tags", Text, nullable=False),
    Column("origin", String(256), nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    # Of a resource with an ARN: it, its type as AWS's Tagging API names it, and what its describe call says (JSON).
    Column("arn", String(1024), nullable=False, server_default=""),
    Column("resource_type", String(128), nullable=False, server_default=""),
    Column("attributes", Text, nullable=False, server_default="{}"),
    Index(None, "account", "kind"),
    Index(None, "resource_type"),
)

# Own prices and discounts, which come before the catalogue's: see inventory.catalog.rates. `amount` is decimal text, of
# a price money for a unit, of a discount percent.
catalog_rates = Table(
    "catalog_rates",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", String(16), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("unit", String(32), nullable=False),
    Column("amount", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("note", String(512), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "kind", "subject", "from_ms", unique=True),
)

# What is not kept of new series: see inventory.drop_rules. The rule as JSON.
drop_rules = Table(
    "drop_rules",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("rule", Text, nullable=False),
    Column("modified_ms", BigInteger, nullable=False),
)
