"""FOCUS out: lines of any origin as FOCUS, part by part, so that a large bill needs little memory.

As CSV, or as Parquet, whose columns have types: an account of twelve digits stays text for whoever reads it.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain

import pyarrow as pa
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime
from trimtab.base.errors import InvalidInput
from trimtab.costs.conditions import Conditions
from trimtab.costs.export.columns import MONEY, PARTS, TIME, VERSIONS, columns_of
from trimtab.costs.export.parquet import MONEY as PARQUET_MONEY
from trimtab.costs.export.parquet import TIME as PARQUET_TIME
from trimtab.costs.export.parquet import parquet
from trimtab.costs.read_sql import DAY_MS
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

PART_LINES = 200_000
"""Lines of one part: about 100 MB of text."""

_CSV = (  # an amount with all its digits is a decimal number for whoever guesses types, also where it is whole
    "format_csv_null_representation = '', output_format_csv_crlf_end_of_line = 1, "
    "output_format_decimal_trailing_zeros = 1, date_time_output_format = 'iso'"
)
_ARROW = "output_format_arrow_string_as_string = 1, output_format_arrow_low_cardinality_as_dictionary = 0"
FORMATS = ("csv", "parquet")
_LIMITS = ReadLimits(seconds=300, memory_mb=1024, threads=2)
_QUERIES = load_queries("trimtab.costs.export")


class _Part(Struct, frozen=True):
    accounts: list[str]
    first: date
    last: date


class FocusExport:
    """Writes exports. Blocks: call it in a thread."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def write(self, scope: Scope, version: str, start_ms: int, end_ms: int, format_: str = "csv") -> Iterator[bytes]:
        """The lines of the days in `[start_ms, end_ms)`: CSV with a header, where nulls are empty, or Parquet.

        Raises InvalidInput for a version or format that is not written or bounds that are not whole days.
        """
        if format_ not in FORMATS:
            raise InvalidInput(f"cannot export as {format_!r}: expected one of {', '.join(FORMATS)}", field="format")
        if version not in VERSIONS:
            raise InvalidInput(f"cannot export FOCUS {version}: expected one of {', '.join(VERSIONS)}", field="version")
        if start_ms % DAY_MS or end_ms % DAY_MS or end_ms <= start_ms:
            raise InvalidInput("cannot export: expected start before end, both at midnight UTC", field="start")
        columns = columns_of(version)
        if format_ == "parquet":
            types = {name: _type(name) for name in columns}
            return parquet(types, self._parts(scope, columns, start_ms, end_ms, "ArrowStream", _ARROW))
        header = (",".join(columns) + "\r\n").encode()
        return chain((header,), self._parts(scope, columns, start_ms, end_ms, "CSV", _CSV))

    def _parts(
        self, scope: Scope, columns: dict[str, str], start_ms: int, end_ms: int, format_: str, settings: str
    ) -> Iterator[bytes]:
        selected = ", ".join(f"{sql} AS `{name}`" for name, sql in columns.items())
        first, last = to_datetime(start_ms).date(), to_datetime(end_ms - 1).date()
        for part in self._plan(scope, first, last):
            conditions = Conditions()
            days = f"day >= {conditions.bind(part.first, 'Date')} AND day <= {conditions.bind(part.last, 'Date')}"
            accounts = f"sub_account_id IN {conditions.bind(part.accounts, 'Array(String)')}"
            sql = (
                f"SELECT {selected} FROM cost_lines ARRAY JOIN {PARTS} AS part "  # noqa: S608 - columns of ours; values are bound
                f"WHERE {days} AND {accounts} AND {conditions.scope(scope)} "
                f"SETTINGS {settings}"
            )
            yield self._telemetry.text(sql, conditions.params, format_, limits=_LIMITS)

    def _plan(self, scope: Scope, first: date, last: date) -> Iterator[_Part]:
        """Accounts in order, several small ones together, a large one day by day."""
        conditions = Conditions()
        sql = _QUERIES["export_sizes"].replace("/*scope*/", conditions.scope(scope))
        found = self._telemetry.fetch_sync(sql, {"first": first, "last": last, **conditions.params}, limits=_LIMITS)
        together: list[str] = []
        held = 0
        for account, lines in zip(found["account"].tolist(), found["lines"].tolist(), strict=True):
            if lines > PART_LINES:
                yield from _by_day(str(account), lines, first, last)
                continue
            if held + lines > PART_LINES and together:
                yield _Part(together, first, last)
                together, held = [], 0
            together.append(str(account))
            held += lines
        if together:
            yield _Part(together, first, last)


def _type(name: str) -> pa.DataType:
    if name.endswith(TIME):
        return PARQUET_TIME
    return PARQUET_MONEY if name.endswith(MONEY) else pa.string()


def _by_day(account: str, lines: int, first: date, last: date) -> Iterator[_Part]:
    days = (last - first).days + 1
    step = max(1, days * PART_LINES // lines)
    for at in range(0, days, step):
        begin = first + timedelta(days=at)
        yield _Part([account], begin, min(last, begin + timedelta(days=step - 1)))
