"""Datasets, what is extracted of them, who is in which team, and analyses."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from trimtab.store.state.schema.metadata import DUE, metadata


def _specs(name: str, versions: str) -> tuple[Table, Table]:
    """A table of specs (JSON) with versions, and that of their earlier versions."""
    current = Table(
        name,
        metadata,
        Column("id", String(36), primary_key=True),
        Column("account", String(12), nullable=False),
        Column("name", String(128), nullable=False),
        Column("owner", String(256), nullable=False),  # who made it
        Column("shared", Boolean, nullable=False),  # whether readers of other accounts find it
        Column("spec", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("created_ms", BigInteger, nullable=False),
        Column("updated_ms", BigInteger, nullable=False),
        Column("updated_by", String(256), nullable=False),
        Column("scope_rows", Text, nullable=False, server_default="[]"),  # what its maker was bound to: access/made.py
        UniqueConstraint("account", "name"),
    )
    before = Table(
        versions,
        metadata,
        Column("id", String(36), primary_key=True),
        Column("version", Integer, primary_key=True),
        Column("spec", Text, nullable=False),
        Column("updated_ms", BigInteger, nullable=False),
        Column("updated_by", String(256), nullable=False),
    )
    return current, before


datasets, dataset_versions = _specs("datasets", "dataset_versions")
analyses, analysis_versions = _specs("analyses", "analysis_versions")

# The joined rows of a dataset as one scope sees them, kept in a table of the telemetry engine.
dataset_extracts = Table(
    "dataset_extracts",
    metadata,
    Column("dataset", String(36), primary_key=True),  # id
    Column("scope", String(64), primary_key=True),  # SHA-256 of the scope in JSON
    Column("scope_json", Text, nullable=False),
    Column("spec_version", Integer, nullable=False),  # of the dataset, when it was made; 0: not made yet
    Column("table_name", String(128), nullable=False),  # of the engine; empty: not made yet
    Column("columns", Text, nullable=False),  # JSON: the fields in the order of the table's columns
    Column("row_count", BigInteger, nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("until", Text, nullable=False),  # JSON: ages of the sources
    Column("made_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    Column("asked_ms", BigInteger, nullable=False),  # when somebody read it last
    Column("next_ms", BigInteger, info=DUE),  # when it is due; None: not any more
    Index(None, "next_ms"),
)

# Which reader (a key's or person's name) is in which team: row rules of datasets speak of teams.
reader_teams = Table(
    "reader_teams",
    metadata,
    Column("reader", String(256), primary_key=True),
    Column("team", String(256), primary_key=True),
)

# Visuals whose value is published as a metric, so that an alarm can judge it: within the scope of who asked for it.
analysis_watches = Table(
    "analysis_watches",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("account", String(12), nullable=False),
    Column("region", String(64), nullable=False),
    Column("analysis", String(128), nullable=False),  # name
    Column("visual", String(63), nullable=False),
    Column("alarm", String(255), nullable=False),
    Column("limit_json", Text, nullable=False),  # JSON: above or below, and a label
    Column("every_ms", BigInteger, nullable=False),
    Column("reader", String(256), nullable=False),
    Column("role", String(16), nullable=False),
    Column("scope_json", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("next_ms", BigInteger, nullable=False, info=DUE),
    Column("value", Float),  # what was published last
    Column("value_ms", BigInteger),
    Column("problem", Text, nullable=False),
    UniqueConstraint("account", "region", "alarm"),
    Index(None, "next_ms"),
)
