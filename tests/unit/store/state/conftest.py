"""State in SQLite, and in a throwaway cluster of PostgreSQL on loopback, where the server's programs are installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from postgres_server import postgres_running
from trimtab.store.state.database import State
from trimtab.store.state.sealed import SEALED
from trimtab.store.state.tables import state_seal


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """Of a database without secrets: those of an earlier test were sealed under a key file that is gone."""
    engine = create_engine(postgres_server)
    with engine.begin() as connection:
        there = set(inspect(connection).get_table_names())
        for table in {column.table for column in SEALED} | {state_seal}:
            if table.name in there:
                connection.execute(table.delete())
    engine.dispose()
    return postgres_server


@pytest.fixture(scope="package")
def postgres_server() -> Iterator[str]:
    with postgres_running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """An empty state, in either database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = State.open(url, tmp_path)
    opened.wipe()
    yield opened
    opened.close()
