"""Lookup tables: CSV that queries take values from (`lookup owners host OUTPUT team`).

The text is kept in the state database, its rows in the engine under a version; a table that is put again counts from
one moment to the next.
"""

import asyncio
import csv
import io
import json
import struct
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, func, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.base.partitions import partition_of
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_lookups import log_lookup_tables
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.rowbinary import string, string_map
from trimtab.store.telemetry.schema_lookups import LOG_LOOKUP_ROWS

_QUERIES = load_queries("trimtab.logs.lookups")
MOST_BYTES = 10 << 20
"""Of a table's CSV, as documented."""
MOST_FIELDS = 200
MOST_TABLES = 100
"""Tables of an account in a region."""
_TRIES = 5
"""How often another process may write a table first before a put of it is refused."""
_NUMBERS = struct.Struct("<QQ")  # version, row
_columns = log_lookup_tables.c


class LookupTable(Struct, frozen=True):
    """A table without its rows. `updated_ms` is its version too: the later of two is the greater."""

    account: str
    region: str
    name: str
    description: str
    kms_key: str
    fields: tuple[str, ...]
    records: int
    size: int
    updated_ms: int

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:{partition_of(self.region)}:logs:{self.region}:{self.account}:lookup-table:{self.name}"


class _Wish(Struct, frozen=True):
    """What a table is to be; a description or key of None keeps the one that there is."""

    account: str
    region: str
    name: str
    body: str
    fields: Sequence[str]
    rows: Sequence[Sequence[str]]
    description: str | None
    kms_key: str | None


class LookupTables:
    """The lookup tables of every account."""

    def __init__(self, telemetry: Telemetry, state: State, clock: Clock) -> None:
        self._telemetry = telemetry
        self._state = state
        self._clock = clock
        self._putting = asyncio.Lock()  # the rows of two versions of one millisecond would be mixed

    async def put(
        self,
        account: str,
        region: str,
        name: str,
        body: str,
        *,
        description: str | None = None,
        kms_key: str | None = None,
        exists: bool | None = None,
    ) -> LookupTable:
        """Keep a table. `exists` says whether there must be one of that name (True), must be none (False), or neither.

        Raises InvalidInput for CSV without a header or with uneven rows, NotFound, Conflict, LimitExceeded.
        """
        fields, rows = read_csv(body)
        async with self._putting:
            wish = _Wish(
                account=account, region=region, name=name, body=body, fields=fields, rows=rows,
                description=description, kms_key=kms_key,
            )  # fmt: skip
            for _ in range(_TRIES):
                made = await self._put(wish, exists=exists)
                if made is not None:
                    return made
        raise Conflict(f"cannot keep the lookup table {name}: others write it at this moment; try again")

    async def _put(self, wish: _Wish, *, exists: bool | None) -> LookupTable | None:
        """None where another process wrote the table meanwhile."""
        account, region, name, fields, rows = wish.account, wish.region, wish.name, wish.fields, wish.rows
        known = await self._find(account, region, name)
        if exists is False and known is not None:
            raise Conflict(f"there is a lookup table {name} already")
        if exists and known is None:
            raise NotFound(f"cannot find the lookup table {name}")
        version = max(self._clock.now_ms(), known.updated_ms + 1 if known else 0)
        await asyncio.to_thread(self._insert, account, region, name, version, fields, rows)
        row = {
            "account": account, "region": region, "name": name, "fields": json.dumps(fields), "records": len(rows),
            "body": wish.body, "updated_ms": version,
            "description": wish.description if wish.description is not None else known.description if known else "",
            "kms_key": wish.kms_key if wish.kms_key is not None else known.kms_key if known else "",
        }  # fmt: skip

        def write(connection: Connection) -> bool:
            there = connection.execute(select(_columns.updated_ms).where(_where(account, region, name))).scalar()
            if there != (known.updated_ms if known else None):
                return False
            mine = and_(_columns.account == account, _columns.region == region)
            connection.execute(delete(log_lookup_tables).where(mine, _columns.name == name))
            count = connection.execute(select(func.count()).select_from(log_lookup_tables).where(mine)).scalar_one()
            if count >= MOST_TABLES:
                raise LimitExceeded(f"cannot keep the lookup table: there are {count}, as many as may be")
            connection.execute(insert(log_lookup_tables).values(row))
            return True

        if not await self._state.change(write):
            return None
        await self._forget(account, region, name, version)
        return _read({**row, "size": len(wish.body.encode())})

    async def put_rows(
        self, account: str, region: str, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]
    ) -> None:
        """Keep a table of a query's result."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
        await self.put(account, region, name, text.getvalue())

    async def get(self, account: str, region: str, name: str) -> LookupTable:
        """A table. Raises NotFound."""
        found = await self._find(account, region, name)
        if found is None:
            raise NotFound(f"cannot find the lookup table {name[:256]!r}")
        return found

    async def body(self, account: str, region: str, name: str) -> str:
        """The CSV of a table. Raises NotFound."""
        wanted = select(_columns.body).where(_where(account, region, name))
        found = await self._state.read(lambda connection: connection.execute(wanted).scalar())
        if found is None:
            raise NotFound(f"cannot find the lookup table {name[:256]!r}")
        return str(found)

    async def listed(
        self, account: str, region: str, *, prefix: str = "", after: str = "", limit: int = 50
    ) -> list[LookupTable]:
        """Tables by name, those after `after`."""
        wanted = _told().where(_columns.account == account, _columns.region == region, _columns.name > after)
        if prefix:
            wanted = wanted.where(_columns.name.startswith(prefix, autoescape=True))
        ordered = wanted.order_by(_columns.name).limit(limit)
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(ordered).mappings()])

    async def delete(self, account: str, region: str, name: str) -> None:
        """Remove a table. Raises NotFound."""
        gone = delete(log_lookup_tables).where(_where(account, region, name))
        if not await self._state.change(lambda connection: connection.execute(gone).rowcount):
            raise NotFound(f"cannot find the lookup table {name[:256]!r}")
        await self._forget(account, region, name, 0)

    async def _find(self, account: str, region: str, name: str) -> LookupTable | None:
        wanted = _told().where(_where(account, region, name))
        row = await self._state.read(lambda connection: connection.execute(wanted).mappings().first())
        return None if row is None else _read(row)

    def _insert(
        self, account: str, region: str, name: str, version: int, fields: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> None:
        head = string(account) + string(region) + string(name)
        body = b"".join(
            head + _NUMBERS.pack(version, number) + string_map(zip(fields, row, strict=True))
            for number, row in enumerate(rows)
        )
        if body:
            self._telemetry.insert(LOG_LOOKUP_ROWS, body, new_id())

    async def _forget(self, account: str, region: str, name: str, kept: int) -> None:
        params = {"account": account, "region": region, "name": name, "kept": kept}
        await asyncio.to_thread(self._telemetry.execute, _QUERIES["forget"], params)


def read_csv(body: str) -> tuple[list[str], list[list[str]]]:
    """The header and the rows of CSV. Raises InvalidInput."""
    if len(body.encode("utf-8", "replace")) > MOST_BYTES:
        raise InvalidInput(f"cannot read the lookup table: expected at most {MOST_BYTES >> 20} MiB of CSV")
    try:
        header, *rows = list(csv.reader(io.StringIO(body, newline=""), strict=True))
    except (csv.Error, ValueError):
        raise InvalidInput("cannot read the lookup table: expected CSV whose first line names the fields") from None
    rows = [row for row in rows if row]
    if not header or not all(header) or len(set(header)) != len(header) or len(header) > MOST_FIELDS:
        raise InvalidInput(f"cannot read the lookup table: expected 1 to {MOST_FIELDS} field names, each once")
    uneven = next((number for number, row in enumerate(rows, 2) if len(row) != len(header)), None)
    if uneven is not None:
        raise InvalidInput(f"cannot read the lookup table: row {uneven} has not {len(header)} fields as the first has")
    return header, rows


def _told() -> Any:
    length = func.length(_columns.body).label("size")
    return select(*(column for column in log_lookup_tables.columns if column.name != "body"), length)


def _where(account: str, region: str, name: str) -> ColumnElement[bool]:
    return and_(_columns.account == account, _columns.region == region, _columns.name == name)


def _read(row: RowMapping | dict[str, Any]) -> LookupTable:
    kept = {name: row[name] for name in LookupTable.__struct_fields__}
    return LookupTable(**{**kept, "fields": tuple(json.loads(row["fields"]))})
