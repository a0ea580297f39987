"""Puts a whole state from a file into a database: in one transaction, or not at all."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import StatementError

from trimtab.base.errors import Conflict, InvalidInput
from trimtab.store.state.database import State
from trimtab.store.state.portable.form import LOCAL, Begin, Head, carried, checked
from trimtab.store.state.portable.read import check, tables_of
from trimtab.store.state.portable.write import lines
from trimtab.store.state.sealed import seal, sealed_columns
from trimtab.store.state.upgrade import revisions

OWN = frozenset(
    ("alarm_clocks", "anomaly_watch", "audit_progress", "cost_monitors", "egress_refusals", "event_versions",
     "fleet_clock", "fleet_marks", "notify_totals", "outbox", "outbox_cursors", "sources")
)  # fmt: skip
"""Tables in which a trimtab that nobody has used yet has rows of its own; an import replaces them."""
_ROWS = 500

Tables = Iterator[tuple[Begin, Iterator[list[Any]]]]


def load(state: State, file: Path, *, replace: bool = False, keep: bool = True) -> dict[str, int]:
    """Put the state of `file` in the place of what is there; the number of rows by table.

    What is there must be empty but for OWN, unless it is to be replaced. A file of an older revision is loaded into a
    database of that revision first, and migrated there. Without `keep` all of it is tried, and undone at the end.
    Raises InvalidInput for a file, a table or a row that does not fit, Conflict where the place is not empty, and
    nothing has changed then.
    """
    head, _ = check(file)
    if head.revision != revisions()[-1]:
        with tempfile.TemporaryDirectory(prefix="trimtab-state") as folder:
            return _load_older(state, file, head, Path(folder), replace=replace, keep=keep)
    wanted = [table.name for table in carried()]
    _same_tables(file, wanted, head.tables)
    return _put(state, tables_of(file), replace=replace, keep=keep)


def _load_older(state: State, file: Path, head: Head, folder: Path, *, replace: bool, keep: bool) -> dict[str, int]:
    scratch = State(f"sqlite:///{folder / 'scratch.sqlite'}")

    def fill(connection: Connection) -> None:
        then = MetaData()
        then.reflect(connection)
        there = [table for table in then.sorted_tables if table.name not in {"alembic_version", *LOCAL}]
        _same_tables(file, [table.name for table in there], head.tables)
        _replace(connection, there, tables_of(file))

    try:
        scratch.migrate(head.revision)
        scratch.change_sync(fill)
        scratch.migrate()
        return scratch.read_sync(lambda connection: _put(state, _lines(connection, head), replace=replace, keep=keep))
    finally:
        scratch.close()


def _lines(connection: Connection, head: Head) -> Tables:
    """The tables of an open database, as those of a file are read."""
    rest = lines(connection, head.trimtab, head.made_at)

    def rows() -> Iterator[list[Any]]:
        for one in rest:
            if not isinstance(one, list):
                return
            yield one

    for one in rest:
        if isinstance(one, Begin):
            yield one, rows()


def _same_tables(file: Path, expected: Sequence[str], there: Sequence[str]) -> None:
    missing, unknown = sorted(set(expected) - set(there)), sorted(set(there) - set(expected))
    if missing or unknown:
        raise InvalidInput(
            f"cannot import {file}: its tables are not those of its revision: missing {missing or 'none'}, "
            f"unknown {unknown or 'none'}"
        )


class _Undo(Exception):
    """Everything fits; nothing is to stay."""


def _put(state: State, tables: Tables, *, replace: bool, keep: bool) -> dict[str, int]:
    counts: dict[str, int] = {}

    def work(connection: Connection) -> None:
        if not replace:
            _check_empty(connection)
        counts.update(_replace(connection, carried(), tables, sealing=True))
        if not keep:
            raise _Undo

    try:
        state.change_sync(work)
    except _Undo:
        return counts
    return counts


def _check_empty(connection: Connection) -> None:
    counts = {table.name: _count(connection, table) for table in carried() if table.name not in OWN}
    used = [f"{name} ({count})" for name, count in counts.items() if count]
    if used:
        more = f" and {len(used) - 3} more" if len(used) > 3 else ""
        raise Conflict(
            f"cannot import: this state is in use, it has rows in {', '.join(used[:3])}{more}; "
            "give --replace to put the file in the place of all of it"
        )


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)


def _replace(
    connection: Connection, there: Sequence[Table], tables: Tables, *, sealing: bool = False
) -> dict[str, int]:
    for table in reversed(there):
        connection.execute(table.delete())
    known, counts = {table.name: table for table in there}, {}
    for begin, rows in tables:
        table = known[begin.table]
        if set(begin.columns) != set(table.c.keys()) or len(begin.columns) != len(table.c):
            raise InvalidInput(
                f"cannot import table {table.name}: it has the columns {begin.columns}; expected {table.c.keys()}"
            )
        counts[table.name] = _insert(connection, table, begin.columns, rows, sealing=sealing)
        _go_on_from(connection, table, begin.next)
    return counts


def _insert(
    connection: Connection, table: Table, columns: list[str], rows: Iterator[list[Any]], *, sealing: bool
) -> int:
    done, sealed = 0, sealed_columns(table.name) if sealing else ()
    key = table.primary_key.columns[0].name
    while some := [checked(table, columns, row, done + place) for place, row in enumerate(islice(rows, _ROWS), 1)]:
        for row, name in product(some, sealed):
            if row[name] is not None:
                row[name] = seal(connection, table.c[name], row[key], row[name])
        try:
            connection.execute(insert(table), some)
        except (StatementError, OverflowError) as problem:
            said = str(getattr(problem, "orig", None) or problem).strip().partition("\n")[0]
            raise InvalidInput(
                f"cannot import table {table.name}: of rows {done + 1} to {done + len(some)} one does not fit: {said}"
            ) from problem
        done += len(some)
    return done


def _go_on_from(connection: Connection, table: Table, next_: int | None) -> None:
    """Have the next row of a table numbered as it would have been where the rows come from."""
    column = table.autoincrement_column
    if column is None:
        return
    last = connection.scalar(select(func.max(column))) or 0
    given: Mapping[str, Any] = {"table": table.name, "column": column.name, "last": max(last, (next_ or 1) - 1)}
    if connection.dialect.name != "sqlite":
        sequence = "pg_get_serial_sequence(:table, :column)"
        connection.execute(
            text(f"SELECT setval({sequence}, greatest(:last, 1), :last > 0) WHERE {sequence} IS NOT NULL"),
            given,
        )
    elif next_ is not None and connection.scalar(
        text("SELECT 1 FROM sqlite_master WHERE name = :table AND sql LIKE '%AUTOINCREMENT%'"), given
    ):
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), given)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), given)
