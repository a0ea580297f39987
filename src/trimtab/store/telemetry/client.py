"""Reads and statements against the telemetry engine, embedded or a server: one code path over HTTP.

A thread pool of clients, one in-flight query each (a shared client would serialise them), every read with a time,
memory and thread limit.
"""

import asyncio
import json
import os
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from itertools import chain, count, pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import clickhouse_connect
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from msgspec import Struct

from trimtab.base.errors import QueryAborted, SetupError, TrimtabError, Unavailable
from trimtab.base.ids import new_secret
from trimtab.store.telemetry.cluster import SETTINGS, WHERE_KNOWN, Cluster
from trimtab.store.telemetry.schema import Layout, Table, create_table

T = TypeVar("T")

Columns = dict[str, npt.NDArray[Any]]
"""A result: one array a column, by name, all of one length."""

_ABORTED = {
    158: "it read more rows than allowed",
    159: "it ran longer than allowed",
    160: "it was estimated to run too long",
    241: "it needed more memory than allowed",
    307: "it read more bytes than allowed",
    394: "it was cancelled",
    396: "its result was larger than allowed",
}
_REFUSED = frozenset((6, 7, 8, 16, 25, 26, 27, 33, 41, 43, 44, 47, 53, 69, 70, 72, 117, 131))
"""Error codes that say "these bytes do not fit this table": parse errors, unknown columns, wrong types, sizes."""
_SAID = re.compile(r"DB::Exception: (.+?)(?:: while executing|: In scope|\. \(|$)", re.DOTALL)
_NOT_THE_STATEMENT = re.compile(
    r"\((?:TOO_MANY_SIMULTANEOUS_QUERIES|NETWORK_ERROR|SOCKET_TIMEOUT|NOT_ENOUGH_SPACE|TABLE_IS_READ_ONLY|"
    r"UNKNOWN_TABLE|UNKNOWN_DATABASE|LOGICAL_ERROR|AUTHENTICATION_FAILED)\)"
)
"""What fails whatever is asked."""
_TIMEOUT_S = 300.0  # of a request: longer than any read may take
_POOL = max(3, min(16, len(os.sched_getaffinity(0)) + 1))
"""Reads at a time: one more than cores, so that one may wait; more make each other slower, and what is written too."""


_KILLS, _KILL_EVERY_S = 20, 0.25  # a read that is just on its way to the engine is not there to be killed yet
NONE: frozenset[int] = frozenset()


class BlockRefused(TrimtabError):
    """The engine will never take these rows: they do not fit the table."""


class Endpoint(Struct, frozen=True):
    """Where an engine listens."""

    host: str
    port: int
    username: str
    password: str
    database: str
    secure: bool = False


class ReadLimits(Struct, frozen=True):
    """What one read may use: seconds, MiB of engine memory, engine threads (one where it is not the only read)."""

    seconds: float = 30.0
    memory_mb: int = 2048
    threads: int = 2


def embedded_endpoint(directory: Path) -> Endpoint:
    """The endpoint that the engine owner of `directory` wrote. Raises Unavailable while there is none."""
    try:
        content = json.loads((directory / "engine.json").read_text())
    except (OSError, ValueError):
        raise Unavailable(f"cannot reach the engine: none runs on {directory}; start one with `trimtab up`") from None
    return Endpoint("127.0.0.1", content["port"], "trimtab", content["password"], "trimtab")


def server_endpoint(url: str) -> Endpoint:
    """The endpoint of `TRIMTAB_CLICKHOUSE_URL`: http[s]://user:password@host:port/database."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SetupError("cannot use TRIMTAB_CLICKHOUSE_URL: expected http[s]://user:password@host:port/database")
    secure = parts.scheme == "https"
    return Endpoint(
        parts.hostname,
        parts.port or (8443 if secure else 8123),
        unquote(parts.username or "default"),
        unquote(parts.password or ""),
        parts.path.strip("/") or "default",
        secure,
    )


_RECOVERY = ReadLimits(seconds=600)  # looks through whole partitions, once after a crash


class Telemetry:
    """The store's reading and DDL side. Make one a process."""

    def __init__(
        self,
        endpoint: Callable[[], Endpoint],
        limits: ReadLimits | None = None,
        layout: Layout = Layout.EMBEDDED,
        cluster: str = "",
    ) -> None:
        self.layout = layout
        self.cluster = Cluster(cluster)
        self._endpoint = endpoint  # asked at every connect: a restarted engine owner listens elsewhere
        self._limits = limits or ReadLimits()
        self._clients: dict[float, Client] = {}  # by how long a request may take; threads share them
        self._pool = ThreadPoolExecutor(_POOL, thread_name_prefix="telemetry")
        self._reading = 0
        self._counting = threading.Lock()
        self._name = new_secret().replace("-", "")  # of reads, with a number: they are found in the engine by it
        self._numbers = count(1)

    async def fetch(
        self, sql: str, params: Mapping[str, Any] | None = None, *, limits: ReadLimits | None = None
    ) -> Columns:
        """Run a SELECT in a thread of the pool. Parameters are bound by the engine: `{name:Type}`.

        A caller that is cancelled stops the engine's work too.
        """
        return await self._in_pool(sql, lambda named: self.fetch_sync(named, params, limits=limits))

    def fetch_sync(
        self, sql: str, params: Mapping[str, Any] | None = None, *, limits: ReadLimits | None = None
    ) -> Columns:
        """The same, blocking this thread. Raises QueryAborted past a limit, Unavailable without an engine."""
        table = self.table_sync(sql, params, limits=limits)
        return {name: _array(column) for name, column in zip(table.column_names, table.columns, strict=True)}

    async def table(
        self, sql: str, params: Mapping[str, Any] | None = None, *, limits: ReadLimits | None = None
    ) -> pa.Table:
        """Run a SELECT as `fetch` does; the answer is an Arrow table, so types and nulls are the engine's."""
        return await self._in_pool(sql, lambda named: self.table_sync(named, params, limits=limits))

    def table_sync(
        self, sql: str, params: Mapping[str, Any] | None = None, *, limits: ReadLimits | None = None
    ) -> pa.Table:
        """The same, blocking this thread. Raises QueryAborted past a limit, Unavailable without an engine."""
        allowed, sql = limits or self._limits, self.cluster.reads(sql)
        with self._read() as alone:
            settings = _reading(allowed, allowed.threads if alone else 1)
            try:
                return self._run(
                    lambda client: client.query_arrow(sql, parameters=dict(params or {}), settings=settings)
                )
            except pa.ArrowInvalid as problem:  # seen of the embedded engine on a machine with far too much to do
                raise QueryAborted(
                    f"cannot finish the read: the engine's answer was cut short ({problem}); ask for a shorter range"
                ) from None

    async def batches(
        self, sql: str, params: Mapping[str, Any] | None = None, *, limits: ReadLimits | None = None
    ) -> AsyncIterator[pa.RecordBatch]:
        """Run a SELECT of which one block at a time is in memory, as the engine makes them: an answer of any size.

        Raises QueryAborted past a limit, Unavailable without an engine; nothing is asked again once a batch was given.
        """
        allowed, sql = limits or self._limits, self.cluster.reads(sql)
        settings = _reading(allowed, 1)
        stream = await self._in_pool(
            sql,
            lambda named: self._run(
                lambda client: client.query_arrow_stream(named, parameters=dict(params or {}), settings=settings)
            ),
        )
        loop = asyncio.get_running_loop()
        with stream as parts:
            while True:
                try:
                    batch = await loop.run_in_executor(self._pool, next, parts, None)
                except (ClickHouseError, OSError, pa.ArrowInvalid) as problem:
                    raise _translate(problem) from problem
                if batch is None:
                    return
                yield batch

    async def _in_pool(self, sql: str, work: Callable[[str], T]) -> T:
        name = f"/* {self._name}-{next(self._numbers)} */"
        future = self._pool.submit(work, f"{name} {sql}")
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.done():  # it runs: nobody waits for its answer, and the engine need not make it
                threading.Thread(target=self._kill, args=(name, future), name="telemetry-kill", daemon=True).start()
            raise

    def _kill(self, name: str, future: "Future[T]") -> None:
        """Have the engine end a read until its thread has."""
        for _ in range(_KILLS):
            with suppress(TrimtabError):  # an engine that is gone runs nothing
                self.command(f"KILL QUERY WHERE startsWith(query, '{name}') ASYNC")
            if wait((future,), _KILL_EVERY_S).done:
                return

    @contextmanager
    def _read(self) -> Iterator[bool]:
        """Counts a read; whether it is the only one now."""
        with self._counting:
            self._reading += 1
            alone = self._reading == 1
        try:
            yield alone
        finally:
            with self._counting:
                self._reading -= 1

    def command(self, sql: str, params: Mapping[str, Any] | None = None) -> None:
        """Run a statement that returns nothing (DDL); on a cluster, one that is about a table on every node."""
        for statement, bound in self.cluster.changes(sql, params or {}):
            self._run(partial(_command, statement, bound))

    def create(self, table: Table) -> None:
        """Make a table as the layout has it, where there is none of its name."""
        for statement in create_table(table, self.layout, self.cluster.name):
            self.command(statement)

    def execute(self, sql: str, params: Mapping[str, Any], *, limits: ReadLimits | None = None) -> None:
        """Run a statement that must not run twice (INSERT … SELECT): a lost connection is an error, not a retry.

        Raises QueryAborted past a limit, Unavailable else; the statement may have run all the same.
        """
        allowed = limits or self._limits
        settings = {
            "max_execution_time": f"{allowed.seconds:g}",
            "max_memory_usage": str(allowed.memory_mb << 20),
            "max_threads": str(allowed.threads),
            "insert_deduplicate": "0",  # equal rows written again on purpose are not a repeat
        }
        try:
            # Not `command`: it puts parameters into the URL, however long they are.
            for statement, bound in self.cluster.changes(sql, params):
                self._client().raw_query(statement, parameters=bound, settings=settings)
        except (ClickHouseError, OSError) as problem:
            if not getattr(problem, "code", None):
                self._forget()
            raise _translate(problem) from problem

    def text(self, sql: str, params: Mapping[str, Any], format_: str, *, limits: ReadLimits | None = None) -> bytes:
        """Run a SELECT and answer the engine's own text, e.g. CSV. Raises QueryAborted, Unavailable."""
        allowed = limits or self._limits
        settings = _reading(allowed, allowed.threads)

        def read(client: Client) -> bytes:
            return client.raw_query(sql, parameters=dict(params), settings=settings, fmt=format_)

        return self._run(read)

    def load(self, statement: str, limits: ReadLimits, rows: Iterable[bytes] | None = None) -> None:
        """Run an INSERT … SELECT that may take hours; it is never sent twice.

        `rows` are streamed as what the statement reads by `input(…)`; it then names their FORMAT and has no newline.
        Raises BlockRefused, QueryAborted or Unavailable; part of the rows may have been inserted.
        """
        settings = {
            "max_execution_time": f"{limits.seconds:g}",
            "max_memory_usage": str(limits.memory_mb << 20),
            "max_threads": str(limits.threads),
            "insert_deduplicate": "0",
        }
        try:
            client = self._client(limits.seconds + 60)
            if rows is None:
                client.command(statement, settings=settings)
            else:
                client.raw_insert("", None, (part for part in chain([statement.encode() + b"\n"], rows)), settings)
        except (ClickHouseError, OSError) as problem:
            if not getattr(problem, "code", None):
                self._forget()
            raise _translate(problem) from problem

    def insert(
        self, table: Table, rows: bytes, token: str, block: int = 0, arrived: frozenset[int] = NONE,
        columns: tuple[tuple[str, str], ...] | None = None,
    ) -> None:  # fmt: skip
        """Insert RowBinary `rows` as one block; the engine keeps one block a `token`.

        The rows of a multiset are marked with `block`; those of partitions that have `arrived` are left out. `columns`
        are those (name, type) that an earlier version wrote: of these the table's are taken, what is new is empty.
        Raises BlockRefused if these bytes will never be taken, else Unavailable.
        """
        statement = _insert_statement(table, block, arrived, columns)
        settings = {"insert_deduplication_token": token, "insert_deduplicate": "1"}
        body = statement.encode() + b" FORMAT RowBinary\n" + rows
        self._run(lambda client: client.raw_insert("", None, body, settings=settings))

    def arrived(self, table: Table, block: int) -> frozenset[int]:
        """The partitions of a multiset (as YYYYMMDD) in which rows of `block` are.

        None on a cluster: of a partition some shards may have their rows and others not. There Keeper has the tokens
        of blocks on disk, and each shard leaves out what it has.
        """
        if self.cluster:
            return NONE
        # Names and expressions are the schema's own.
        sql = f"SELECT DISTINCT {table.partition_by} AS partition FROM {table.name} WHERE block = {{block:UInt64}}"  # noqa: S608
        return frozenset(self.fetch_sync(sql, {"block": block}, limits=_RECOVERY)["partition"].tolist())

    def truncate(self, tables: Sequence[str]) -> None:
        """Empty `tables`, which are names of the schema."""
        for table in tables:
            self.command(f"TRUNCATE TABLE {table}")

    def close(self) -> None:
        """Wait for the pool's reads and forget the engine."""
        self._pool.shutdown()
        self._forget()

    def _run(self, work: Callable[[Client], T]) -> T:
        """Run `work`, once more on a fresh connection if the engine went away: every caller's work is repeatable."""
        try:
            return work(self._client())
        except (ClickHouseError, OSError) as problem:
            if getattr(problem, "code", None):
                raise _translate(problem) from problem
            self._forget()
        try:
            return work(self._client())
        except (ClickHouseError, OSError) as problem:
            self._forget()
            raise _translate(problem) from problem

    def _client(self, timeout_s: float = _TIMEOUT_S) -> Client:
        """A client that any thread may use: it keeps no session. Its first act, asking the engine for all of its
        settings, takes 40 ms.
        """
        client = self._clients.get(timeout_s)
        if client is None:  # two threads may both connect: one of the two is kept
            client = self._clients[timeout_s] = self._connect(timeout_s)
        return client

    def _connect(self, timeout_s: float) -> Client:
        at = self._endpoint()
        client = clickhouse_connect.get_client(
            host=at.host,
            port=at.port,
            username=at.username,
            password=at.password,
            database=at.database,
            secure=at.secure,
            compress=False,
            query_limit=0,
            autogenerate_session_id=False,
            settings=dict(SETTINGS) if self.cluster else None,
            connect_timeout=5,
            send_receive_timeout=int(timeout_s),
        )
        if self.cluster:
            for name in WHERE_KNOWN.keys() & client.server_settings.keys():
                client.set_client_setting(name, WHERE_KNOWN[name])
        return client

    def _forget(self) -> None:
        """The next statement connects again, to where the engine is then."""
        self._clients.clear()


def _command(sql: str, params: dict[str, Any], client: Client) -> None:
    client.command(sql, parameters=params)


def _reading(allowed: ReadLimits, threads: int) -> dict[str, str]:
    return {
        "max_execution_time": f"{allowed.seconds:g}",
        "max_memory_usage": str(allowed.memory_mb << 20),
        "max_threads": str(threads),
        "readonly": "2",
    }


def refusal(problem: TrimtabError) -> str | None:
    """What the engine says against a statement, in at most 300 characters; None where something else is wrong.

    For who runs what a user wrote: the user is at fault then, and no part of trimtab unavailable.
    """
    text = str(problem)
    said = _SAID.search(text)
    return said[1][:300] if said is not None and not _NOT_THE_STATEMENT.search(text) else None


def _insert_statement(
    table: Table, block: int, arrived: frozenset[int], written: tuple[tuple[str, str], ...] | None
) -> str:
    here = written or table.row_columns
    columns = ", ".join(name for name, _ in here if name in table.column_names)
    if not table.multiset and written is None:
        return f"INSERT INTO {table.name} ({columns})"
    structure = ", ".join(f"{name} {type_}" for name, type_ in here).replace("'", "\\'")
    missing = f" WHERE {table.partition_by} NOT IN ({', '.join(map(str, sorted(arrived)))})" if arrived else ""
    marked, mark = (", block", f", {block}") if table.multiset else ("", "")
    source = f"SELECT {columns}{mark} FROM input('{structure}'){missing}"  # noqa: S608 - the schema's own names
    return f"INSERT INTO {table.name} ({columns}{marked}) {source}"


def _translate(problem: Exception) -> TrimtabError:
    code = getattr(problem, "code", None)
    if code in _ABORTED:
        return QueryAborted(f"cannot finish the read: {_ABORTED[code]}; ask for a shorter range or fewer series")
    if code in _REFUSED:
        return BlockRefused(f"cannot run the statement: {problem}")
    if code:
        return Unavailable(f"cannot run the query: {problem}")
    return Unavailable(f"cannot reach the engine: {problem}")


def _dicts(maps: pa.MapArray) -> Iterator[dict[Any, Any]]:
    """Maps as dicts; all keys and all values are made at once, as each map by itself takes four times as long."""
    ends = maps.offsets.to_pylist()
    first, last = ends[0], ends[-1]
    keys = maps.keys[first:last].to_pylist()
    values = maps.items[first:last].to_pylist()
    return (
        dict(zip(keys[start - first : end - first], values[start - first : end - first], strict=True))
        for start, end in pairwise(ends)
    )


def _array(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if pa.types.is_map(column.type):
        out = np.empty(len(column), dtype=object)
        out[:] = [value for chunk in column.chunks for value in _dicts(chunk)]
        return out
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values
