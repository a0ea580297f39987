"""State in SQLite, and in a throwaway cluster of PostgreSQL on loopback, where the server's programs are installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

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


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """An empty state, in either database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    opened = State.open(url, tmp_path)
    opened.wipe()
    yield opened
    opened.close()
