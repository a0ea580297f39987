"""Sources of bills, the billing periods that each holds, and the receipts of imports."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

cost_sources = Table(
    "cost_sources",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(512), nullable=False, unique=True),
    Column("format", String(32), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# One row an attempt. `state`: reading, committing (its periods are being swapped in), done, failed.
cost_imports = Table(
    "cost_imports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", Integer, ForeignKey("cost_sources.id"), nullable=False),
    Column("location", Text, nullable=False),
    Column("format", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("ended_ms", BigInteger),
    Column("rows", BigInteger, nullable=False),
    Column("months", Text, nullable=False),  # JSON list of YYYYMM that it replaces
    Column("receipt", Text, nullable=False),  # JSON, see costs.model.Receipt
    Column("problem", Text, nullable=False),
    Index(None, "started_ms"),
)

# What each source holds now, and which import brought it.
cost_periods = Table(
    "cost_periods",
    metadata,
    Column("source", Integer, ForeignKey("cost_sources.id"), primary_key=True),
    Column("month", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("cost_imports.id"), nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("accounts", Text, nullable=False),  # JSON list of "provider/billing account"
    Column("totals", Text, nullable=False),  # JSON {currency: billed}
)

# Who says what currencies are worth. `revision` grows with every import: the one that came last counts.
exchange_rate_sources = Table(
    "exchange_rate_sources",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("imported_ms", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
)

# On a day one `base` was worth `rate` (a decimal as text) of `quote`.
exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("source", Integer, ForeignKey("exchange_rate_sources.id"), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("base", String(3), primary_key=True),
    Column("quote", String(3), primary_key=True),
    Column("rate", String(40), nullable=False),
    Index(None, "day"),
)
