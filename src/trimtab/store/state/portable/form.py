"""The file of a whole state: JSON lines, one value a line, read and written without holding a table in memory.

    head     {"trimtab_state": 1, "trimtab": "0.1.0", "revision": "0055", "made_at": …, "secrets": true, "tables": […]}
    a table  {"table": "alarms", "columns": […], "next": null}
             ["123456789012", …]                              a row a line, by primary key, values in order of columns
             {"end": "alarms", "rows": 1, "sha256": …}        of the table's lines above, line ends included
    the end  {"tables": 156, "rows": 1, "sha256": …}          of the head's line and of every line with "end"

`next` is the number that the next row of the table gets where that is more than its last one says (rows at its end
were deleted), else null. Bytes are {"base64": …}, floats that JSON has not are {"float": "nan" | "inf" | "-inf"}.
"""

import base64
import binascii
import math
from typing import Any

import msgspec
from sqlalchemy import Boolean, Float, Integer, LargeBinary, String, Table
from sqlalchemy.types import TypeEngine

from trimtab.base.errors import InvalidInput
from trimtab.store.state.tables import metadata

VERSION = 1
"""Of the form of the file. A reader takes no file of a newer one."""

LOCAL = {
    "locks": "which process holds what, now",
    "process_reports": "what the processes of one trimtab tell of themselves, now",
    "state_seal": "under which key file the secrets of one database are sealed: those of a file are plain",
}
"""Tables that are of running processes and not of the installation, and why: they are in no file."""

SECRETS: dict[str, tuple[str, str]] = {
    "access_keys": ("", "access keys, tokens and users: make new ones"),
    "audit_signing_keys": ("", "the keys that audit digests were signed with: a new one is made; `audit verify` cannot "
                               "check the signatures of the old digests"),
    "dashboard_shares": ("", "links to dashboards: share them again"),
    "event_connections": ("secret", "credentials of event connections: put them again"),
    "notify_channels": ("secret", "credentials of notification channels: put them again"),
    "notify_subscriptions": ("token", "tokens of subscriptions that are not confirmed: subscribe again"),
    "quicksight_credentials": ("secret", "passwords of QuickSight's data sources: update the sources with them"),
}  # fmt: skip
"""Of tables with secrets: the column that is left empty without them ("": the rows are left out), and what to do."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. `revision` is the migration that the tables have; without `secrets` those columns are empty."""

    trimtab_state: int
    trimtab: str
    revision: str
    made_at: str
    secrets: bool
    tables: list[str]


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line in front of a table's rows."""

    table: str
    columns: list[str]
    next: int | None


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line behind a table's rows."""

    end: str
    rows: int
    sha256: str


class Close(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line."""

    tables: int
    rows: int
    sha256: str


def carried() -> list[Table]:
    """The tables that a file holds, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table.name not in LOCAL]


def line(value: Any) -> bytes:
    """A value as a line."""
    return msgspec.json.encode(value) + b"\n"


def told(value: Any) -> Any:
    """A value of a row as JSON has it."""
    if isinstance(value, bytes | memoryview):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def value_of(json: Any) -> Any:
    """The value that `told` made so. Raises ValueError for what it never makes."""
    if not isinstance(json, dict):
        return json
    match json:
        case {"base64": str(text), **rest} if not rest:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as problem:
                raise ValueError(f"is not base64: {problem}") from None
        case {"float": ("nan" | "inf" | "-inf") as text, **rest} if not rest:
            return float(text)
    raise ValueError("is an object that stands for nothing")


def checked(table: Table, columns: list[str], row: list[Any], number: int) -> dict[str, Any]:
    """Row `number` of a file as values by column. Raises InvalidInput where it does not fit the table."""
    if len(row) != len(columns):
        raise InvalidInput(f"cannot import table {table.name}: row {number} has {len(row)} values; expected {columns}")
    found = {}
    for name, json in zip(columns, row, strict=True):
        column = table.c[name]
        try:
            value = value_of(json)
            if value is None and not column.nullable:
                raise ValueError("is missing")
            found[name] = None if value is None else _typed(column.type, value)
        except ValueError as problem:
            raise InvalidInput(f"cannot import table {table.name}: {name} of row {number} {problem}") from None
    return found


_KINDS: tuple[tuple[type[TypeEngine[Any]], type, str], ...] = (
    (Boolean, bool, "true or false"),
    (Integer, int, "a whole number"),
    (String, str, "text"),
    (LargeBinary, bytes, "bytes"),
)


def _typed(kind: TypeEngine[Any], value: Any) -> Any:
    if isinstance(kind, Float):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise ValueError("is not a number")
    for known, python, words in _KINDS:
        if isinstance(kind, known):
            if isinstance(value, python) and not (python is int and isinstance(value, bool)):
                return value
            raise ValueError(f"is not {words}")
    raise AssertionError(f"bug: no state column may be {kind!r}; say in portable.form how a file has it")
