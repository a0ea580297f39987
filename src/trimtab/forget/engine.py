"""An owner's rows in the engine: counted, and taken out."""

from msgspec import Struct

from trimtab.forget.engine_places import SERIES, blanked, condition
from trimtab.forget.model import Owner
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.removal import alter, drop_old_parts
from trimtab.store.telemetry.schema import TABLES, Table

_LIMITS = ReadLimits(seconds=600, memory_mb=2048)
_BLOCK = "forget_block"


class EngineRows(Struct, frozen=True):
    """Of one owner."""

    telemetry: Telemetry
    owner: Owner

    def hash(self) -> int:
        """The hash of the owner's name, by which rows are found."""
        found = self.telemetry.fetch_sync("SELECT cityHash64({name:String}) AS digest", {"name": self.owner.name})
        return int(found["digest"][0])

    def count(self) -> dict[str, int]:
        """How many rows of each table are the owner's; nothing is written."""
        digest, found = self.hash(), {}
        series = condition("metric_series", self.owner, digest)
        theirs = f"(SELECT series FROM metric_series WHERE {series})"  # noqa: S608 - the schema's own names, hashes
        for table in TABLES:
            where = condition(table, self.owner, digest).replace(f"(SELECT series FROM {SERIES})", theirs)  # noqa: S608 - as it has it
            if where:
                sql = f"SELECT count() AS rows FROM {table} WHERE {where}"  # noqa: S608 - the schema's own names, hashes
                if rows := int(self.telemetry.fetch_sync(sql, limits=_LIMITS)["rows"][0]):
                    found[table] = rows
        return dict(sorted(found.items()))

    def gather_series(self) -> None:
        """Note which series go, those that an earlier try took out of the list of series among them."""
        self.telemetry.create(Table(SERIES, (("series", "UInt64", ""),), order_by="series"))
        series = condition("metric_series", self.owner, self.hash())
        if series:
            self.telemetry.load(f"INSERT INTO {SERIES} SELECT series FROM metric_series WHERE {series}", _LIMITS)  # noqa: S608

    def take_out(self) -> list[str]:
        """Delete them, series last, as they say which points are theirs; the tables that something was taken out of."""
        digest, changed = self.hash(), []
        for table in sorted(TABLES, key=lambda name: name == "metric_series"):
            where = condition(table, self.owner, digest)
            if where and self._has(table, where):
                alter(self.telemetry, table, f"DELETE WHERE {where}")
                changed.append(table)
            assigned, named = blanked(table, self.owner, digest)
            if assigned and self._has(table, named):
                alter(self.telemetry, table, f"UPDATE {assigned} WHERE {named}")
                changed.append(table)
        return changed

    def purge(self) -> None:
        """Delete the files that they were in, and the list of series."""
        drop_old_parts(self.telemetry, list(TABLES))
        self.telemetry.command(f"DROP TABLE IF EXISTS {SERIES} SYNC")

    def left_of(self, table: Table, columns: tuple[tuple[str, str], ...], rows: bytes) -> tuple[bytes, int]:
        """Rows of a block that are not the owner's, and how many are. Raises BlockRefused for what is no block."""
        where = condition(table.name, self.owner, self.hash())
        if not where:
            return rows, 0
        structure = ", ".join(f"`{name}` {kind}" for name, kind in columns)
        escaped = structure.replace("'", "\\'")
        self.telemetry.command(f"DROP TABLE IF EXISTS {_BLOCK} SYNC")
        self.telemetry.command(f"CREATE TABLE {_BLOCK} ({structure}) ENGINE = Memory")  # of the node that is asked
        try:
            insert = f"INSERT INTO {_BLOCK} SELECT * FROM input('{escaped}') FORMAT RowBinary"  # noqa: S608
            self.telemetry.load(insert, _LIMITS, [rows])
            if table.name == "metric_series":
                self.telemetry.load(f"INSERT INTO {SERIES} SELECT series FROM {_BLOCK} WHERE {where}", _LIMITS)  # noqa: S608
            found = self.telemetry.fetch_sync(f"SELECT count() AS rows FROM {_BLOCK} WHERE {where}")  # noqa: S608
            theirs = int(found["rows"][0])
            if not theirs:
                return rows, 0
            names = ", ".join(f"`{name}`" for name, _ in columns)
            left = f"SELECT {names} FROM {_BLOCK} WHERE NOT ({where})"  # noqa: S608
            return self.telemetry.text(left, {}, "RowBinary", limits=_LIMITS), theirs
        finally:
            self.telemetry.command(f"DROP TABLE IF EXISTS {_BLOCK} SYNC")

    def _has(self, table: str, where: str) -> bool:
        sql = f"SELECT 1 AS one FROM {table} WHERE {where} LIMIT 1"  # noqa: S608 - the schema's own names, hashes
        return bool(len(self.telemetry.fetch_sync(sql, limits=_LIMITS)["one"]))
