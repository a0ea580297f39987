"""The state database: SQLite by default (synchronous=FULL), PostgreSQL by `TRIMTAB_STATE_URL`.

Two kinds of transaction, and no third. `read` sees one moment and cannot write: the database itself refuses. `change`
is for all that writes, with whatever it read to know what to write: changes come one after another, over all threads
and processes, so none works on a row that another changes meanwhile.
"""

import asyncio
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, ClauseElement, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from trimtab.base.errors import SetupError, Unavailable
from trimtab.store.state.changes import ANY, SUFFIX, Changes, changed_by
from trimtab.store.state.key_file import NAME as KEY_FILE
from trimtab.store.state.sealed import Seals, derived, drop_old, has_plain, options_of, rotate, seal_all, unlock
from trimtab.store.state.tables import metadata
from trimtab.store.state.upgrade import bring_up, migrate

T = TypeVar("T")

_WAIT_S = 10
"""How long a change waits for one of another process, as the server and the jobs write to one database."""
_TURN_S = 30
"""How long a change waits for those of its own process that came before it."""
_GATHER_S = 0.02
"""How long a change that goes together with others waits for them."""
_READERS = 32
"""Reads at once: as many as asyncio has threads for them."""
_SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {_WAIT_S * 1000}",  # ms; first: switching to WAL may wait, too
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # WAL's default, NORMAL, may lose the last commits in a power cut
    "PRAGMA foreign_keys = ON",
)
_READS, _CHANGES = "BEGIN", "BEGIN IMMEDIATE"
_ONLY_READS = "PRAGMA query_only = ON"
_REFUSED = re.compile("readonly database|read-only transaction")
"""What SQLite and PostgreSQL say to a write of who may only read."""
_TURN = 7_450_168_023_418_117_633
"""The advisory lock that is the turn to change, in PostgreSQL: a number that nobody else uses."""


class State:
    """Transactions on the state database. Make one a process.

    SQLite has one writer at a time: `BEGIN IMMEDIATE` takes that turn before the first read, where a deferred
    transaction takes it at the first write, when what it read may be stale. PostgreSQL gets the same turn as an
    advisory lock: unlike SERIALIZABLE it runs `work` once, which may then note things outside the database.
    """

    def __init__(self, url: str) -> None:
        self._seals = Seals()
        try:
            parsed = make_url(url)
            self.engine, self._reader = _engines(parsed, options_of(self._seals))
        except (ArgumentError, ImportError) as problem:
            raise SetupError(
                f"cannot use TRIMTAB_STATE_URL: {problem}; expected sqlite:////path or "
                "postgresql+psycopg://user@host/db (which needs the extra trimtab[postgres])"
            ) from problem
        self._thread = threading.local()
        self._changes = _changes(parsed)
        self._together: _Together | None = None
        event.listen(self.engine, "before_execute", self._note_change)

    @classmethod
    def open(cls, url: str, data_dir: Path, key_file: str = "") -> "State":
        """The database at `url` ("": SQLite in `data_dir`), brought to the newest schema, its secrets sealed under
        `key_file` ("": `state.key` in `data_dir`). Raises SetupError."""
        if not url:
            data_dir.mkdir(parents=True, exist_ok=True)
            file = data_dir / "state.sqlite"
            if not file.exists():
                file.touch(mode=0o600)  # who may write it may let themselves in
            url = f"sqlite:///{file}"
        state = cls(url)
        try:
            state.migrate()
            state._mark({ANY})  # the last process may have died before it marked what it changed
            state.unlock(Path(key_file) if key_file else data_dir / KEY_FILE)
        except OperationalError as problem:
            raise SetupError(f"cannot open the state database: {problem.orig}") from problem
        except SetupError:
            state.close()
            raise
        return state

    def unlock(self, key_file: Path) -> None:
        """Open the secrets with a key file, and seal those that an earlier version kept plain. Raises SetupError."""
        seals = self._seals
        seals.path = key_file
        if self.read_sync(lambda connection: unlock(connection, seals) and not has_plain(connection)):
            return

        def seal_plain(connection: Connection) -> int:  # unless another process was first
            return 0 if unlock(connection, seals) and not has_plain(connection) else seal_all(connection, seals)

        if self.change_sync(seal_plain):
            self.compact()

    def rotate_seals(self) -> int:
        """Seal every secret under a new key and put the old one out of use; how many there are. Others may go on."""
        count = self.change_sync(lambda connection: rotate(connection, self._seals))
        drop_old(self._seals)
        self.compact()
        return count

    def signing_keys(self, purpose: str) -> list[bytes]:
        """Keys that sign for a purpose, made of the key file, the one in use first: what one signed any may open."""
        return derived(self._seals, purpose)

    def compact(self) -> None:
        """Have SQLite write its file anew: what was replaced or deleted stays in unused parts of it otherwise.

        While others read it stays as it is. PostgreSQL has a vacuum of its own.
        """
        if self.engine.url.get_backend_name() != "sqlite":
            return
        with self.engine.connect() as connection, suppress(OperationalError):  # while others read it stays as it is
            raw = connection.connection.cursor()
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.close()

    def migrate(self, revision: str = "") -> None:
        """Bring the database to a revision ("": the newest). Another process that opens it waits meanwhile."""
        with self.engine.begin() as connection:
            if revision:
                migrate(connection, revision)
            else:
                bring_up(connection)

    def read_sync(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on one moment of the database. It raises where it tries to write. Raises Unavailable."""
        with self._transaction(self._reader) as connection:
            return work(connection)

    def change_sync(self, work: Callable[[Connection], T]) -> T:
        """Run `work` when its turn comes; it commits on return and rolls back on an exception. Raises Unavailable."""
        with self._transaction(self.engine) as connection:
            self._thread.changed = set()
            result = work(connection)
        self._mark(self._thread.changed)
        return result

    async def change_together(self, work: Callable[[Connection], T]) -> T:
        """`change`, in one transaction with all that is asked in the same moment: a disk waits once for them. What
        one of them raises undoes that one alone. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        if self._together is None or self._together.loop is not loop:
            self._together = together = _Together(loop)
            loop.call_later(_GATHER_S, lambda: loop.create_task(self._change_all(together)))
        outcome: asyncio.Future[Any] = loop.create_future()
        self._together.asked.append((work, outcome))
        result: T = await outcome
        return result

    async def _change_all(self, together: "_Together") -> None:
        if self._together is together:
            self._together = None
        asked = [(work, outcome) for work, outcome in together.asked if not outcome.done()]
        outcomes: list[tuple[bool, Any]] = []

        def write(connection: Connection) -> None:
            for work, _ in asked:
                outcomes.append(_within(connection, work))

        try:
            await self.change(write)
        except Exception as problem:  # noqa: BLE001 - of all of them: each caller is told
            outcomes[:] = [(False, problem)] * len(asked)
        for (_, outcome), (well, found) in zip(asked, outcomes, strict=True):
            if not outcome.done():
                outcome.set_result(found) if well else outcome.set_exception(found)

    def marks_of(self, places: Iterable[int]) -> tuple[int, ...] | None:
        """The marks of tables by their places (`changes.places_read`): others after a change of one of them by any
        process. None where nobody knows of changes: a PostgreSQL has servers on many machines."""
        return None if self._changes is None else self._changes.of(places)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """`read_sync` in a thread."""
        return await asyncio.to_thread(self.read_sync, work)

    async def change(self, work: Callable[[Connection], T]) -> T:
        """`change_sync` in a thread."""
        return await asyncio.to_thread(self.change_sync, work)

    def wipe(self) -> None:
        """Delete every row of every table, keeping the schema (for `admin reset`)."""

        def delete_all(connection: Connection) -> None:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

        self.change_sync(delete_all)

    def close(self) -> None:
        """Close the pooled connections."""
        self._reader.dispose()
        self.engine.dispose()

    def _mark(self, tables: Iterable[str]) -> None:
        if self._changes is not None:
            self._changes.mark(tables)

    def _note_change(self, _connection: Connection, statement: ClauseElement, *_: object) -> None:
        table = changed_by(statement)
        if table is not None and hasattr(self._thread, "changed"):
            self._thread.changed.add(table)

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        if getattr(self._thread, "busy", False):
            raise AssertionError("bug: a transaction within a transaction of the state; use its connection")
        self._thread.busy = True
        try:
            with engine.begin() as connection:
                yield connection
        except PoolTimeout as problem:
            raise Unavailable(f"the state database is too busy: {_TURN_S} s have passed without a turn") from problem
        except DBAPIError as problem:
            if engine is self._reader and _REFUSED.search(str(problem.orig)):
                raise AssertionError(f"bug: a read of the state tried to write: {problem.statement}") from problem
            if isinstance(problem, OperationalError):
                raise Unavailable(f"cannot reach the state database: {problem.orig}") from problem
            raise
        finally:
            self._thread.busy = False


class _Together:
    """What is to be done in one transaction, and the loop whose callers wait for it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.asked: list[tuple[Callable[[Connection], Any], asyncio.Future[Any]]] = []


def _within(connection: Connection, work: Callable[[Connection], Any]) -> tuple[bool, Any]:
    """Whether a part of a transaction went well, and what it gave or raised; one that did not is undone."""
    try:
        with connection.begin_nested():
            return True, work(connection)
    except DBAPIError as problem:
        if problem.connection_invalidated:
            raise
        return False, problem
    except Exception as problem:  # noqa: BLE001 - whatever it is, its caller is told
        return False, problem


def _changes(url: URL) -> Changes | None:
    """The marks of a database that is a file; None of a server's."""
    if url.get_backend_name() != "sqlite":
        return None
    in_memory = url.database in (None, "", ":memory:")
    return Changes(None if in_memory else Path(f"{url.database}{SUFFIX}"))


def _engines(url: URL, options: dict[str, object]) -> tuple[Engine, Engine]:
    """One that changes, of one connection (others of this process wait for it in their order), and one that reads."""
    common: dict[str, Any] = {"execution_options": options, "pool_timeout": _TURN_S}
    writer: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, **common}
    reader: dict[str, Any] = {"pool_size": 5, "max_overflow": _READERS - 5, **common}
    if url.get_backend_name() == "sqlite":
        engines = create_engine(url, **writer), create_engine(url, **reader)
        _prepare_sqlite(engines[0], _CHANGES)
        _prepare_sqlite(engines[1], _READS, _ONLY_READS)
        return engines
    # READ COMMITTED: each statement sees all that was committed before it, so all of those whose turn came before.
    writer |= {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    reader |= {"pool_pre_ping": True, "isolation_level": "REPEATABLE READ"}
    engines = create_engine(url, **writer), create_engine(url, **reader)
    event.listen(engines[0], "begin", _take_turn)
    return engines[0], engines[1].execution_options(postgresql_readonly=True)


def _prepare_sqlite(engine: Engine, begin: str, *also: str) -> None:
    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # Python's driver would begin transactions by itself, and late
        cursor = connection.cursor()
        for pragma in (*_SQLITE_PRAGMAS, *also):
            cursor.execute(pragma)
        cursor.close()

    event.listen(engine, "connect", connected)

    def begins(connection: Connection) -> None:
        if begin == _READS:  # takes no lock, so that it cannot fail: the driver's own way costs a tenth
            connection.connection.cursor().execute(begin)
        else:
            connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begins)


def _take_turn(connection: Connection) -> None:
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WAIT_S}s'")
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURN})")
