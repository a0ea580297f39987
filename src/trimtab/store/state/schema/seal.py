"""That the state's secrets are sealed, and under which key."""

from sqlalchemy import Column, Integer, Table, Text

from trimtab.store.state.schema.metadata import metadata

# One row: a known text, sealed as every secret is (store/state/sealed.py): by it a start tells a wrong key file.
state_seal = Table(
    "state_seal",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)
