"""A throwaway cluster of PostgreSQL on loopback, where the server's programs are installed."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from real.parts import program


@contextmanager
def postgres_running() -> Iterator[str]:
    """The address of an empty database, as TRIMTAB_STATE_URL has it; skips where PostgreSQL is not installed."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    program("postgres")  # skips where there is none
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
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(directory)
