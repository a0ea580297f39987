"""What people said of anomalies, and how far the always-on detector is."""

from sqlalchemy import BigInteger, Column, Integer, String, Table

from trimtab.store.state.schema.metadata import metadata

# A row a series whose anomalies are not shown, until `until_ms` (0: for good). `series` is the id in decimal: 64 bits
# without a sign fit no integer column.
anomaly_mutes = Table(
    "anomaly_mutes",
    metadata,
    Column("series", String(20), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("muted_by", String(256), nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)

# One row, written by the jobs process: `watched` series, of which `learning` ones are not up to date yet; `beyond` are
# more than the limit. All are known up to `until_ms`; `at_ms` is when the row was written.
anomaly_watch = Table(
    "anomaly_watch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("watched", BigInteger, nullable=False),
    Column("learning", BigInteger, nullable=False),
    Column("beyond", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
