"""What is asked to be forgotten."""

from sqlalchemy import BigInteger, Boolean, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A request, which outlives every kill: `step` is how far it is. `kind` is account, team or user; `subject` is its name,
# "" once it is done, when only `digest` (SHA-256 of kind and name) tells it. `counts` (JSON) is what went, by kind.
forget_requests = Table(
    "forget_requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("subject", String(256), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("bill", Boolean, nullable=False),
    Column("audit", Boolean, nullable=False),
    Column("step", String(16), nullable=False),
    Column("asked_ms", BigInteger, nullable=False),
    Column("asked_by", String(256), nullable=False),
    Column("began_ms", BigInteger),
    Column("done_ms", BigInteger),
    Column("counts", Text, nullable=False),
    Column("problem", Text, nullable=False),
)
