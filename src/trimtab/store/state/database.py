"""The state database: SQLite by default (synchronous=FULL), PostgreSQL by `TRIMTAB_STATE_URL`."""

import asyncio
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from trimtab.base.errors import SetupError, Unavailable
from trimtab.store.state.tables import metadata

T = TypeVar("T")

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # WAL's default, NORMAL, may lose the last commits in a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",  # ms; the server and the jobs write to one file
)


class State:
    """Transactions on the state database. Make one a process."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self.engine: Engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
        except (ArgumentError, ImportError) as problem:
            raise SetupError(
                f"cannot use TRIMTAB_STATE_URL: {problem}; expected sqlite:////path or "
                "postgresql+psycopg://user@host/db (which needs the extra trimtab[postgres])"
            ) from problem
        if parsed.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)

    @classmethod
    def open(cls, url: str, data_dir: Path) -> "State":
        """The database at `url` ("": SQLite in `data_dir`), brought to the newest schema."""
        if not url:
            data_dir.mkdir(parents=True, exist_ok=True)
            file = data_dir / "state.sqlite"
            if not file.exists():
                file.touch(mode=0o600)  # it holds the secrets of access keys
            url = f"sqlite:///{file}"
        state = cls(url)
        try:
            state.migrate()
        except OperationalError as problem:
            raise SetupError(f"cannot open the state database: {problem.orig}") from problem
        return state

    def migrate(self) -> None:
        """Run the Alembic migrations that are missing."""
        config = Config()
        config.set_main_option("script_location", str(resources.files("trimtab.store.state") / "migrations"))
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def run_sync(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction; it commits on return and rolls back on an exception."""
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except OperationalError as problem:
            raise Unavailable(f"cannot reach the state database: {problem.orig}") from problem

    async def run(self, work: Callable[[Connection], T]) -> T:
        """The same in a thread."""
        return await asyncio.to_thread(self.run_sync, work)

    def wipe(self) -> None:
        """Delete every row of every table, keeping the schema (for `admin reset`)."""

        def delete_all(connection: Connection) -> None:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

        self.run_sync(delete_all)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()
