"""The same state in PostgreSQL: a throwaway cluster on loopback, where the server's programs are installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, insert, select

from trimtab.store.state.database import State
from trimtab.store.state.tables import metadata, tags

ROW = {"arn": "arn:aws:x", "key": "team", "value": "ranking"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        pytest.skip("no PostgreSQL server is installed (Debian's package postgresql)")
    # initdb refuses root, and its owner must reach the directory: not below pytest's private one.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    directory = Path(tempfile.mkdtemp(prefix="trimtab-postgres"))
    shutil.chown(directory, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = str(directory / "data")

    def run(program: str, *arguments: str) -> None:
        command = [str(programs[-1].parent / program), *arguments]
        subprocess.run(command, user=account.pw_uid, check=True, cwd=directory, stdout=subprocess.DEVNULL)

    run("initdb", "-D", data, "-A", "trust", "-U", "postgres")
    options = f"-p {port} -k {directory} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-D", data, "-o", options, "-l", str(directory / "log"), "-w", "start")
    yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(directory)


@pytest.fixture
def state(url: str, tmp_path: Path) -> Iterator[State]:
    opened = State.open(url, tmp_path)
    yield opened
    opened.close()


def test_the_migrations_make_the_declared_tables(state: State) -> None:
    with state.engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), metadata)


def test_rows_are_kept_over_a_restart_and_wiped(state: State, url: str, tmp_path: Path) -> None:
    state.run_sync(lambda connection: connection.execute(insert(tags).values(ROW)))
    again = State.open(url, tmp_path)
    assert 1 == len(again.run_sync(lambda connection: connection.execute(select(tags)).all()))
    again.wipe()
    assert [] == again.run_sync(lambda connection: connection.execute(select(tags)).all())
    again.close()


def test_a_failed_transaction_leaves_nothing(state: State) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(insert(tags).values(ROW))
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        state.run_sync(fail)
    assert [] == state.run_sync(lambda connection: connection.execute(select(tags)).all())
