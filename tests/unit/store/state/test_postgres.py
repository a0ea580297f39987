"""The same state in PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, insert, select

from trimtab.store.state.database import State
from trimtab.store.state.tables import metadata, tags
from trimtab.store.state.upgrade import migrate, revisions
from unit.store.state.schema_of import schema_of

ROW = {"arn": "arn:aws:x", "key": "team", "value": "ranking"}


@pytest.fixture
def state(postgres_url: str, tmp_path: Path) -> Iterator[State]:
    opened = State.open(postgres_url, tmp_path)
    opened.wipe()  # other tests use the same database
    yield opened
    opened.close()


def test_what_is_made_at_once_is_what_is_declared(state: State) -> None:
    with state.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_the_migrations_make_the_same(state: State) -> None:
    with state.engine.begin() as connection:
        at_once = schema_of(connection)
        _drop_all(connection)
        migrate(connection, "0042")  # what release 0.1.0 had
        migrate(connection, revisions()[-1])
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)
        assert at_once == schema_of(connection)


def _drop_all(connection: Connection) -> None:
    there = MetaData()
    there.reflect(connection)
    there.drop_all(connection)


def test_rows_are_kept_over_a_restart_and_wiped(state: State, postgres_url: str, tmp_path: Path) -> None:
    state.change_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    again = State.open(postgres_url, tmp_path)
    assert 1 == len(again.read_sync(lambda connection: connection.execute(select(tags)).all()))
    again.wipe()
    assert [] == again.read_sync(lambda connection: connection.execute(select(tags)).all())
    again.close()


def test_a_failed_transaction_leaves_nothing(state: State) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(tags).values(ROW))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        state.change_sync(fail)
    assert [] == state.read_sync(lambda connection: connection.execute(select(tags)).all())
