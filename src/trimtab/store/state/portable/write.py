"""Writes a whole state to a file, as of one moment, while others read and change it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Table, func, select, text

from trimtab.base.errors import SetupError
from trimtab.store.state.database import State
from trimtab.store.state.portable.form import SECRETS, VERSION, Begin, Close, End, Head, carried, line, told
from trimtab.store.state.sealed import plain, sealed_columns
from trimtab.store.state.upgrade import revision_of

_ROWS = 500
"""Rows that are in memory at once."""


def write(state: State, trimtab: str, made_at: str, file: Path, *, secrets: bool = True) -> Close:
    """Write the file, which only its owner may read; what its last line says. Raises SetupError, and leaves none then.

    `trimtab` is the version that writes, `made_at` an ISO time. Without `secrets` the columns of `form.SECRETS` are
    left out.
    """
    partial = file.with_name(f"{file.name}.{os.getpid()}.tmp")

    def work(connection: Connection) -> Close:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            for one in lines(connection, trimtab, made_at, secrets=secrets):
                out.write(line(one))
            out.flush()
            os.fsync(out.fileno())
        if not isinstance(one, Close):
            raise AssertionError("bug: a state ends with its last line")
        return one

    try:
        found = state.read_sync(work)
        partial.replace(file)
    except OSError as problem:
        raise SetupError(f"cannot write {file}: {problem.strerror}") from problem
    finally:
        partial.unlink(missing_ok=True)
    return found


Line = Head | Begin | End | Close | list[object]


def lines(connection: Connection, trimtab: str, made_at: str, *, secrets: bool = True) -> Iterator[Line]:
    """The lines of the file, from one transaction that reads."""
    tables = carried()
    head = Head(VERSION, trimtab, revision_of(connection), made_at, secrets, [str(table.name) for table in tables])
    yield head
    whole, total = hashlib.sha256(line(head)), 0
    for table in tables:
        digest, rows = hashlib.sha256(), 0
        begin = Begin(str(table.name), [str(column.name) for column in table.columns], _next(connection, table))
        digest.update(line(begin))
        yield begin
        for row in _rows(connection, table, secrets=secrets):
            digest.update(line(row))
            yield row
            rows += 1
        end = End(begin.table, rows, digest.hexdigest())
        whole.update(line(end))
        yield end
        total += end.rows
    yield Close(len(tables), total, whole.hexdigest())


def _rows(connection: Connection, table: Table, *, secrets: bool) -> Iterator[list[object]]:
    blank, _ = ("-", "") if secrets or table.name not in SECRETS else SECRETS[table.name]
    if not blank:
        return
    names, key = [column.name for column in table.columns], table.primary_key.columns[0].name
    sealed = [name for name in sealed_columns(table.name) if name in names]  # a table of an older revision has fewer
    found = connection.execution_options(yield_per=_ROWS).execute(select(table).order_by(*table.primary_key))
    for row in found.mappings():
        there = (name for name in sealed if row[name] is not None)
        opened = {name: plain(connection, table.c[name], row[key], row[name]) for name in there}
        yield ["" if name == blank else told(opened.get(name, row[name])) for name in names]


def _next(connection: Connection, table: Table) -> int | None:
    """The number that the next row gets, where the rows that are there do not say it."""
    column = table.autoincrement_column
    if column is None:
        return None
    last = connection.scalar(select(func.max(column))) or 0
    if connection.dialect.name == "sqlite":
        if not table.dialect_options["sqlite"]["autoincrement"]:
            return None  # SQLite goes on from the last row that is there
        given = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        given = connection.scalar(text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column))"),
                                  {"table": table.name, "column": column.name})  # fmt: skip
    return int(given) + 1 if given is not None and given > last else None
