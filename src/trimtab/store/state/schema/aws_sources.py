"""Connected AWS accounts, how far they were read and what that cost; and prices by date."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import DUE, metadata

# An account that is read, and how: see accounts.model. `form` is JSON.
aws_accounts = Table(
    "aws_accounts",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("form", Text, nullable=False),
    Column("added_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
)

# A read of an account: `estimate` and `cost` are decimal dollars for calls that AWS charges.
aws_reads = Table(
    "aws_reads",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(12), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("estimate", String(40), nullable=False),
    Column("problem", Text, nullable=False),
    Index(None, "account", "id"),
    Index(None, "state"),
)

# A step of a read: one service in one region. What is done is not done again after a crash.
aws_steps = Table(
    "aws_steps",
    metadata,
    Column("read_id", Integer, primary_key=True, autoincrement=False),
    Column("region", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("items", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    Column("ended_ms", BigInteger),
)

# How far what only grows was read: metrics, audit events, spot prices.
aws_marks = Table(
    "aws_marks",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)

# Calls to AWS by account, day (UTC, ISO) and operation; `cost` is decimal dollars.
aws_calls = Table(
    "aws_calls",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("service", String(64), primary_key=True),
    Column("operation", String(128), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("throttled", BigInteger, nullable=False),
    Column("cost", String(40), nullable=False),
)

# When all resources of a type were last read at a place: what is not there then does not exist.
resource_readings = Table(
    "resource_readings",
    metadata,
    Column("account", String(64), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("resource_type", String(128), primary_key=True),
    Column("read_ms", BigInteger, nullable=False),
)

# Price lists that were imported: AWS's offer files by service, region and version, and histories of other makers.
price_lists = Table(
    "price_lists",
    metadata,
    Column("arn", String(512), primary_key=True),
    Column("service", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("version", String(64), nullable=False),
    Column("published_ms", BigInteger, nullable=False),
    Column("place", String(1024), nullable=False),
    Column("products", BigInteger, nullable=False),
    Column("prices", BigInteger, nullable=False),
    Column("imported_ms", BigInteger, nullable=False),
    Index(None, "service", "region"),
)

# Products of price lists; `attributes` is JSON as AWS has it.
price_products = Table(
    "price_products",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("sku", String(64), primary_key=True),
    Column("family", String(128), nullable=False),
    Column("instance_type", String(64), nullable=False),
    Column("attributes", Text, nullable=False),
    Index(None, "instance_type"),
)

# What a product cost from when to when; `amount` is decimal text, `terms` JSON (lease, purchase option,
# class), `version` that of the list that said so last.
price_terms = Table(
    "price_terms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("service", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("sku", String(64), nullable=False),
    Column("rate_code", String(160), nullable=False),
    Column("term", String(16), nullable=False),
    Column("terms", Text, nullable=False),
    Column("unit", String(64), nullable=False),
    Column("begin_range", String(40), nullable=False),
    Column("end_range", String(40), nullable=False),
    Column("description", String(512), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("amount", String(40), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("version", String(64), nullable=False),
    Index(None, "service", "region", "sku"),
)

# Prices of an hour of an instance type by date, whoever told of them: what `inventory.catalog` answers from.
instance_prices = Table(
    "instance_prices",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("type", String(64), nullable=False),
    Column("region", String(64), nullable=False),
    Column("system", String(32), nullable=False),
    Column("purchase", String(96), nullable=False),
    Column("currency", String(3), nullable=False),
    Column("per_hour", String(40), nullable=False),
    Column("upfront", String(40), nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("to_ms", BigInteger),
    Column("source", String(512), nullable=False),
    Index(None, "type", "region", "system", "purchase"),
    Index(None, "source"),
)

# Prices of spot capacity as they changed.
spot_prices = Table(
    "spot_prices",
    metadata,
    Column("type", String(64), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("zone", String(64), primary_key=True),
    Column("system", String(32), primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("per_hour", String(40), nullable=False),
)

# Reports and exports that were asked for through the AWS doors: see inventory.tagging. `form` is JSON.
tag_reports = Table(
    "tag_reports",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(32), primary_key=True),
    Column("form", Text, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
)
