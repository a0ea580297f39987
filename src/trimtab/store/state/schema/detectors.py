"""Anomaly detectors as they were put: what they watch and how, and how far their training is."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from trimtab.store.state.schema.metadata import metadata

# A row a detector. `id` is a hash of what it watches; `target` and `settings` are JSON of detectors.model. `namespace`
# and `name` are those of a single metric, empty where it watches an expression. `version` moves with every change of
# the settings, so that a training that began before never marks the new ones as trained.
detectors = Table(
    "detectors",
    metadata,
    Column("account", String(12), primary_key=True),
    Column("region", String(64), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("namespace", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("target", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("state", String(32), nullable=False),
    Column("trained_ms", BigInteger, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
)
