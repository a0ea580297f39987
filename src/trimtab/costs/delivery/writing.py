"""A billing month of an export as files, a part of its lines in each, so that a large bill needs little memory."""

import gzip
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pyarrow as pa
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.costs.conditions import Conditions
from trimtab.costs.delivery.cur_columns import Type
from trimtab.costs.delivery.model import FileKind
from trimtab.costs.delivery.rows import Statement, sql_of
from trimtab.costs.delivery.tables import Grain
from trimtab.costs.export.parquet import MONEY, TIME, parquet
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

PART_LINES = 200_000
"""Lines of one part: about 100 MB of text."""

_CSV = "format_csv_null_representation = '', output_format_decimal_trailing_zeros = 1, date_time_output_format = 'iso'"
_ARROW = "output_format_arrow_string_as_string = 1, output_format_arrow_low_cardinality_as_dictionary = 0"
_LIMITS = ReadLimits(seconds=300, memory_mb=1024, threads=2)
_QUERIES = load_queries("trimtab.costs.delivery")
_EPOCH = date(1970, 1, 1)
_TYPES = {
    Type.TEXT: pa.string(),
    Type.AMOUNT: MONEY,
    Type.TIME: TIME,
    Type.PAIRS: pa.map_(pa.string(), pa.string()),
}


class Part(Struct, frozen=True):
    """What of a month is in a file: days, and of them one of `of` shares of the lines."""

    first: date = _EPOCH
    last: date = date.max
    share: int = 0
    of: int = 1


class BillWriter:
    """Reads months as files. Blocks: call it in a thread."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def files(
        self, scope: Scope, month: int, statement: Statement, kind: FileKind, names: Sequence[str] = ()
    ) -> Iterator[bytes]:
        """The files of billing month `month` (YYYYMM); `names` replace those of the columns at the head of a CSV.

        A month of which nothing is selected is one file with a head. Raises QueryAborted, Unavailable.
        """
        for part in self._plan(scope, month, statement):
            yield self._file(scope, month, statement, part, kind, names)

    def keys(self, month: int) -> dict[str, list[str]]:
        """The keys that the maps of a report have in a month, by column."""
        found = self._telemetry.fetch_sync(_QUERIES["export_keys"], {"month": month}, limits=_LIMITS)
        keys: dict[str, list[str]] = {"resource_tags": [], "cost_category": []}
        for kind, key in zip(found["kind"].tolist(), found["key"].tolist(), strict=True):
            if kind == "tags":
                keys["resource_tags"].append(key if key.startswith("aws:") else f"user_{key}")
            else:
                keys["cost_category"].append(key)
        return keys

    def _plan(self, scope: Scope, month: int, statement: Statement) -> list[Part]:
        if statement.limit is not None:  # the first lines of the whole
            return [Part()]
        conditions = Conditions()
        sql = _QUERIES["export_days"].replace("/*scope*/", conditions.scope(scope))
        found = self._telemetry.fetch_sync(sql, {"month": month, **conditions.params}, limits=_LIMITS)
        days = [
            (_EPOCH + timedelta(days=int(day)), int(lines))
            for day, lines in zip(found["day"].astype("datetime64[D]").astype(int), found["lines"], strict=True)
        ]
        return parts_of(days, statement.table.grain) or [Part()]

    def _file(
        self, scope: Scope, month: int, statement: Statement, part: Part, kind: FileKind, names: Sequence[str]
    ) -> bytes:
        conditions = Conditions()
        conditions.params |= statement.conditions.params
        lines = (
            f"month = {conditions.bind(month, 'UInt32')}",
            f"day >= {conditions.bind(part.first, 'Date32')} AND day <= {conditions.bind(part.last, 'Date32')}",
            f"{_HASH[statement.table.grain]} % {part.of} = {part.share}",
            conditions.scope(scope),
            statement.table.condition,
        )
        sql = sql_of(statement, " AND ".join(lines), maps=kind is FileKind.PARQUET)
        if kind is FileKind.PARQUET:
            content = self._telemetry.text(f"{sql} SETTINGS {_ARROW}", conditions.params, "ArrowStream", limits=_LIMITS)
            return b"".join(parquet({one.name: _TYPES[one.type] for one in statement.outputs}, [content]))
        content = self._telemetry.text(f"{sql} SETTINGS {_CSV}", conditions.params, "CSV", limits=_LIMITS)
        head = ",".join(names or [one.name for one in statement.outputs]) + "\n"
        return gzip.compress(head.encode() + content, compresslevel=6, mtime=0)


_HASH = {Grain.HOURLY: "line", Grain.DAILY: "cityHash64(sub_account_id, usage_type)"}
_HASH[Grain.MONTHLY] = _HASH[Grain.DAILY]
"""What shares of lines are told by: lines that are put together are in one share."""


def parts_of(days: Sequence[tuple[date, int]], grain: Grain) -> list[Part]:
    """Parts of at most about PART_LINES lines: days together, or shares of a day with more (of the month, by month)."""
    if grain is Grain.MONTHLY:
        of = -(-sum(lines for _, lines in days) // PART_LINES)
        return [Part(share=share, of=of) for share in range(of)]
    found: list[Part] = []
    held, begin = 0, None
    for day, lines in days:
        if begin is not None and held + lines > PART_LINES:
            found.append(Part(begin, day - timedelta(days=1)))
            held, begin = 0, None
        if lines > PART_LINES:
            of = -(-lines // PART_LINES)
            found += [Part(day, day, share, of) for share in range(of)]
            continue
        held, begin = held + lines, begin or day
    return [*found, Part(begin, days[-1][0])] if begin is not None else found
