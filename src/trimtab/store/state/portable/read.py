"""Reads a file that holds a whole state: what of it is whole and known, before anything is done with it."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, SetupError
from trimtab.store.state.portable.form import VERSION, Begin, Close, End, Head
from trimtab.store.state.upgrade import revisions

T = TypeVar("T")

_LINE_LIMIT = 256 << 20
"""Bytes of a line: a row with a report's document or a digest's entries has a few million."""


def head_of(file: Path) -> Head:
    """The head of a file. Raises InvalidInput for what this trimtab cannot read, SetupError where there is no file."""
    for raw in _raw(file):
        try:
            version = typed.decode(raw).get("trimtab_state")
        except (msgspec.DecodeError, AttributeError, UnicodeDecodeError):
            version = None
        if not isinstance(version, int):
            break
        if version > VERSION:
            raise InvalidInput(f"cannot import {file}: a newer trimtab wrote it (form {version}); import it with that")
        head = _line(file, raw, Head, "its first line")
        known = revisions()
        if head.revision not in known:
            knows = f"{known[-1]} at most" if head.revision > known[-1] else f"{', '.join(known)} and none between"
            raise InvalidInput(
                f"cannot import {file}: its tables are of revision {head.revision}, written by trimtab {head.trimtab}; "
                f"this one knows {knows}: import it with that trimtab, or a newer one"
            )
        return head
    raise InvalidInput(f"cannot import {file}: it is no state that `trimtab state export` wrote")


def check(file: Path) -> tuple[Head, Close]:
    """Read a whole file, and compare it with its checksums and counts. Raises InvalidInput that says what is wrong."""
    head = head_of(file)
    whole, tables, total = hashlib.sha256(), list[str](), 0
    open_table, digest, rows = "", hashlib.sha256(), 0
    for number, raw in enumerate(_raw(file)):
        if number == 0:
            whole.update(raw)
        elif raw[:1] == b"[":
            digest.update(raw)
            rows += 1
        elif raw.startswith(b'{"table":') and not open_table:
            open_table, digest, rows = _line(file, raw, Begin, "a table's first line").table, hashlib.sha256(raw), 0
        elif raw.startswith(b'{"end":') and open_table:
            end = _line(file, raw, End, f"the last line of {open_table}")
            if (end.end, end.rows, end.sha256) != (open_table, rows, digest.hexdigest()):
                raise InvalidInput(f"cannot import {file}: table {open_table} is not what was exported: {rows} rows of "
                                   f"{end.rows}, or a row that was changed")  # fmt: skip
            tables.append(open_table)
            whole.update(raw)
            total, open_table = total + rows, ""
        else:
            close = _line(file, raw, Close, f"line {number + 1}")
            if (close.tables, close.rows, close.sha256, head.tables) != (
                len(tables), total, whole.hexdigest(), tables,
            ):  # fmt: skip
                raise InvalidInput(f"cannot import {file}: it is not what was exported: {_differ(head.tables, tables)}")
            return head, close
    raise InvalidInput(f"cannot import {file}: it is cut short after {len(tables)} of {len(head.tables)} tables")


def _differ(told: list[str], there: list[str]) -> str:
    missing, extra = sorted(set(told) - set(there)), sorted(set(there) - set(told))
    return "; ".join(
        [*([f"tables {missing} are missing"] if missing else []), *([f"tables {extra} are too many"] if extra else [])]
    ) or "its head or its end was changed"  # fmt: skip


def tables_of(file: Path) -> Iterator[tuple[Begin, Iterator[list[Any]]]]:
    """The tables of a file that was checked, each with its rows; read the rows before the next table."""
    rest = _raw(file)
    next(rest)
    for raw in rest:
        if raw.startswith(b'{"table":'):
            yield typed.decode(raw, type=Begin), _rows(rest)


def _rows(rest: Iterator[bytes]) -> Iterator[list[Any]]:
    for raw in rest:
        if raw[:1] != b"[":
            return
        yield typed.decode(raw)


def _raw(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as lines:
            while raw := lines.readline(_LINE_LIMIT):
                yield raw
    except OSError as problem:
        raise SetupError(f"cannot read {file}: {problem.strerror}") from problem


def _line(file: Path, raw: bytes, kind: type[T], where: str) -> T:
    try:
        return typed.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InvalidInput(f"cannot import {file}: {where} is not as it was written ({problem})") from None
