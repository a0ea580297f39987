"""Live estimates of cost beside the bill that came: what past errors are told from."""

from sqlalchemy import BigInteger, Column, Float, Index, SmallInteger, String, Table

from trimtab.store.state.schema.metadata import metadata

# A line of a day. `line` names it (a hash of its dimensions, tags and currency); `basis` is economics.estimate's
# number; the amounts are estimates as they last stood, `actual_…` what the bill says since it is there.
cost_estimates = Table(
    "cost_estimates",
    metadata,
    Column("day_ms", BigInteger, primary_key=True),
    Column("line", String(32), primary_key=True),
    Column("basis", SmallInteger, nullable=False),
    Column("effective", Float, nullable=False),
    Column("billed", Float, nullable=False),
    Column("actual_effective", Float),
    Column("actual_billed", Float),
    Column("made_ms", BigInteger, nullable=False),
    Index(None, "line"),
)
