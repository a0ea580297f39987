"""The engine's side of an import: staging tables, the sums of what is staged, and the swap into place.

Everything is read into tables of the import's own first. `REPLACE PARTITION` then puts a billing month of a source in
place of the old one; it is atomic for a table, so no reader sees half a month.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.base.measures import is_time
from trimtab.costs.files.probe import TableFile, open_binary
from trimtab.costs.imports.by_day import LONG, divided
from trimtab.costs.model import Held, Skipped, Total
from trimtab.costs.readers.coerce import quoted
from trimtab.costs.readers.lines import LineMap, select_lines
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import BlockRefused, ReadLimits, Telemetry
from trimtab.store.telemetry.schema_costs import COST_DAILY, COST_LINES, COST_SETS, COST_TABLES, DAILY_NAMES, SUMS
from trimtab.store.telemetry.table import renamed

LIMITS = ReadLimits(seconds=6 * 3600, memory_mb=1400, threads=2)
"""Of the statements of an import: memory stays below 2 GB with what the engine holds besides."""

_ENGINE_SAYS = re.compile(r"DB::Exception: (.*?)(?:: ?(?:While executing|\(in file/uri)|\.? \([A-Z_]+\)|$)", re.DOTALL)
_QUERIES = load_queries("trimtab.costs.imports")
_CHUNK = 1 << 20
_NO_MERGES = "max_bytes_to_merge_at_max_space_in_pool = 1"  # the parts are merged once, where they stay
_EXACT = Decimal(10) ** -30
_INSERT_SETTINGS = {
    "max_insert_threads": "2",
    "max_block_size": "32768",
    "min_insert_block_size_rows": "65536",  # lines of a block: 60 MiB with every column filled, and two are under way
    "min_insert_block_size_bytes": "50331648",
    "max_partitions_per_insert_block": "0",  # a file may hold the bills of years
    "input_format_parquet_max_block_size": "32768",
    "input_format_parquet_memory_high_watermark": "67108864",  # what is read ahead of a file, else up to 4 GB
    "max_bytes_before_external_group_by": "300000000",
}


class Staging:
    """The tables of one import."""

    def __init__(self, telemetry: Telemetry, import_id: int, *, embedded: bool) -> None:
        self._telemetry = telemetry
        self._embedded = embedded
        self._suffix = f"_in_{import_id}"
        self.tables = [table.name + self._suffix for table in COST_TABLES]
        self._by_day: list[str] = []

    def create(self) -> None:
        """Make the tables, empty."""
        self.drop()
        for table in COST_TABLES:
            staged = table.name + self._suffix
            if self._telemetry.cluster:  # AS would copy the path in Keeper too
                self._telemetry.create(renamed(table, staged))
            else:
                self._telemetry.command(f"CREATE TABLE {staged} AS {table.name}")
            self._telemetry.command(f"ALTER TABLE {staged} MODIFY SETTING {_NO_MERGES}")

    def drop(self) -> None:
        """Let go of the tables, whatever is in them."""
        for table in self.tables:
            self._telemetry.command(f"DROP TABLE IF EXISTS {table} SYNC")

    def read(self, file: TableFile, mapping: LineMap, source: int) -> None:
        """Read a file into lines. Raises InvalidInput where the engine cannot, e.g. for an unclosed quote."""
        if mapping.by_day:
            self._by_day.append(file.shown)
        structure = quoted(file.structure)
        names = ", ".join(COST_LINES.column_names)
        table = f"file({quoted(str(file.path))}, {quoted(file.format)}, {structure})"
        if not self._embedded:
            table = f"input({structure})"
        inner = f"SELECT {file.inner} FROM {table}"  # noqa: S608 - quoted above
        lines = select_lines(mapping, inner, source, file.shown)
        statement = f"INSERT INTO {COST_LINES.name}{self._suffix} ({names}) SELECT {names} FROM ({lines})"  # noqa: S608 - our own
        settings = {**_INSERT_SETTINGS, **dict(file.settings)}
        statement += " SETTINGS " + ", ".join(f"{name} = {quoted(value)}" for name, value in settings.items())
        try:
            if self._embedded:
                self._telemetry.load(statement, LIMITS)
            else:  # a server's own file() would look on its own disk
                self._telemetry.load(f"{statement} FORMAT {file.format}", LIMITS, _chunks(file.path))
        except (BlockRefused, Unavailable) as problem:
            if getattr(problem.__cause__, "code", None) is None:
                raise  # the engine did not answer: that says nothing of the file
            raise InvalidInput(f"cannot read {file.shown}: {_said(problem)}") from problem

    def divide(self) -> int:
        """Put a line on each day in the place of machine time over several; how many lines were of such time."""
        if not self._by_day:
            return 0
        staged, names = COST_LINES.name + self._suffix, ", ".join(COST_LINES.column_names)
        long = f"{LONG} AND has([{', '.join(map(quoted, self._by_day))}], toString(file))"
        found = self._fetch("staged_long", long)
        timed = {unit: int(lines) for unit, lines in zip(found["unit"], found["lines"], strict=True) if is_time(unit)}
        if not timed:
            return 0
        long += f" AND has([{', '.join(map(quoted, sorted(timed)))}], toString(consumed_unit))"
        settings = ", ".join(f"{name} = {quoted(value)}" for name, value in _INSERT_SETTINGS.items())
        self._telemetry.load(f"INSERT INTO {staged} ({names}) {divided(staged, long)} SETTINGS {settings}", LIMITS)
        self._telemetry.command(f"ALTER TABLE {staged} DELETE WHERE {long} SETTINGS mutations_sync = 2")
        return sum(timed.values())

    def sum_up(self) -> None:
        """Make the sums by day and the sets of tags from the staged lines."""
        groups = ", ".join(("month", "source", "day", *DAILY_NAMES, "tag_set", "category_set"))
        sums = ", ".join(f"toDecimal128(sum(toDecimal256({name}, 12)), 12) AS {name}_" for name in SUMS)
        columns = f"{groups}, lines, {', '.join(SUMS)}"
        settings = ", ".join(f"{name} = {quoted(value)}" for name, value in _INSERT_SETTINGS.items())
        self._telemetry.load(
            f"INSERT INTO {COST_DAILY.name}{self._suffix} ({columns}) SELECT {groups}, count() AS lines, {sums} "  # noqa: S608 - columns of our own tables
            f"FROM {COST_LINES.name}{self._suffix} WHERE month != 0 GROUP BY {groups} SETTINGS {settings}",
            LIMITS,
        )
        for kind, column, pairs in (("tags", "tag_set", "tags"), ("categories", "category_set", "cost_categories")):
            self._telemetry.load(
                f"INSERT INTO {COST_SETS.name}{self._suffix} (month, source, set, kind, pairs) "  # noqa: S608 - our own
                f"SELECT month, source, {column}, '{kind}', any({pairs}) FROM {COST_LINES.name}{self._suffix} "
                f"WHERE month != 0 GROUP BY month, source, {column} SETTINGS {settings}",
                LIMITS,
            )

    def totals(self) -> list[Total]:
        """The sums of what is staged, by currency, charge category and line item type."""
        found = self._fetch("staged_totals")
        return [
            Total(
                str(found["currency"][at]),
                str(found["charge_category"][at]),
                str(found["line_item_type"][at]),
                int(found["lines"][at]),
                Decimal(str(found["billed"][at])),
                Decimal(str(found["billed"][at])) + Decimal(str(found["beyond"][at])) * _EXACT,
                Decimal(str(found["effective"][at])),
                Decimal(str(found["list_cost"][at])),
            )
            for at in range(len(found["lines"]))
        ]

    def skipped(self) -> list[Skipped]:
        """The rows that were set aside, by reason."""
        found = self._fetch("staged_aside")
        return [
            Skipped(str(reason), int(lines), str(example))
            for reason, lines, example in zip(found["reason"], found["lines"], found["example"], strict=True)
        ]

    def unread_tags(self) -> tuple[int, str]:
        """How many lines have tags of no known form, and what one of them says."""
        found = self._fetch("staged_unread")
        return int(found["lines"][0]), str(found["example"][0])

    def held(self, source: str, import_id: int) -> list[Held]:
        """What the source will hold of each month that is staged."""
        found = self._fetch("staged_months")
        months: dict[int, Held] = {}
        for at, month in enumerate(found["month"].tolist()):
            known = months.get(month) or Held(source, month, import_id, 0, ())
            total = {str(found["currency"][at]): Decimal(str(found["billed"][at]))}
            accounts = tuple(sorted({*known.accounts, *(str(one) for one in found["accounts"][at])}))
            lines = known.lines + int(found["lines"][at])
            months[month] = Held(source, month, import_id, lines, accounts, {**known.totals, **total})
        return [months[month] for month in sorted(months)]

    def rows(self) -> int:
        """Lines staged so far, for a progress bar."""
        found = self._telemetry.fetch_sync(_QUERIES["staged_rows"], {"table": COST_LINES.name + self._suffix})
        return int(found["staged"][0])

    def swap(self, months: Sequence[int], source: int) -> None:
        """Put the staged months in place of the source's old ones. Repeatable."""
        for month in months:
            for table in COST_TABLES:
                self._telemetry.command(
                    f"ALTER TABLE {table.name} REPLACE PARTITION ({int(month)}, {int(source)}) "
                    f"FROM {table.name}{self._suffix}"
                )

    def there(self) -> bool:
        """Whether the tables exist."""
        found = self._telemetry.fetch_sync(_QUERIES["staging_tables"], {"tables": self.tables})
        return int(found["tables"][0]) == len(self.tables)

    def _fetch(self, query: str, where: str = "") -> Mapping[str, Any]:
        sql = _QUERIES[query].replace("/*staging*/", COST_LINES.name + self._suffix).replace("/*where*/", where)
        return self._telemetry.fetch_sync(sql, limits=LIMITS)


def drop_months(telemetry: Telemetry, source: int, months: Iterable[int]) -> None:
    """Take months of a source out of every table."""
    for month in months:
        for table in COST_TABLES:
            telemetry.command(f"ALTER TABLE {table.name} DROP PARTITION ({int(month)}, {int(source)})")


def drop_orphans(telemetry: Telemetry) -> None:
    """Let go of the staging tables of imports that are over. Only while none runs."""
    for name in telemetry.fetch_sync(_QUERIES["staging_orphans"])["name"]:
        telemetry.command(f"DROP TABLE IF EXISTS {name} SYNC")


def _said(problem: Exception) -> str:
    """What the engine says of a file, without where it says it."""
    found = _ENGINE_SAYS.search(str(problem))
    return (found[1] if found else str(problem)).strip()


def _chunks(path: Path) -> Iterator[bytes]:
    with open_binary(path) as file:
        while part := file.read(_CHUNK):
            yield part
