"""What owners are asked: see the room `asks`."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# What owners were asked, a row a subject and owner, and what they answered. Digests of a week are rows too, so that
# each is sent once.
owner_asks = Table(
    "owner_asks",
    metadata,
    Column("id", String(24), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("owner", String(256), nullable=False),
    Column("account", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("round", Integer, nullable=False),
    Column("answer", String(16), nullable=False),
    Column("answered_by", String(256), nullable=False),
    Column("answered_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("stop", String(32), nullable=False),
    Column("stop_by", String(256), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("closed_ms", BigInteger, nullable=False),
    Index(None, "owner", "asked_ms"),
)
