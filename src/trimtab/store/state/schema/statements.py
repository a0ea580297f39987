"""Allocation rules, every version of them, and the statements of closed months, which nothing changes any more."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

allocation_rules = Table(
    "allocation_rules",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=True),
    Column("document", Text, nullable=False),  # YAML as it was given
    Column("created_ms", BigInteger, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("note", Text, nullable=False),
)

statements = Table(
    "statements",
    metadata,
    Column("month", Integer, primary_key=True, autoincrement=False),  # YYYYMM of the billing period
    Column("rules_version", Integer, nullable=False),  # 0: the rules that there are without any
    Column("document", Text, nullable=False),  # the rules themselves
    Column("basis", String(32), nullable=False),
    Column("owner_category", String(128), nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
    Column("closed_by", String(128), nullable=False),
    Column("receipts", Text, nullable=False),  # JSON {month: [[source, import, lines, {currency: billed}]]}
    Column("weights", Text, nullable=False),  # JSON: the shares of splits and machines
)

statement_lines = Table(
    "statement_lines",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("month", Integer, ForeignKey("statements.month"), nullable=False, index=True),
    Column("about", Integer, nullable=False),  # the month that it corrects; 0: the statement's own
    Column("owner", String(512), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("service", String(512), nullable=False),
    Column("account", String(128), nullable=False),
    Column("via", String(512), nullable=False),
    Column("currency", String(8), nullable=False),
    Column("amount", String(64), nullable=False),  # decimal text
    Column("coins", String(64), nullable=False),  # the same in whole coins of the currency
    Column("lines", BigInteger, nullable=False),  # of the bill
)
