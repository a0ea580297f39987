"""What a telemetry table is, and its DDL for the embedded engine, a ClickHouse server and a cluster.

Durability settings are in every table's own SETTINGS (reference: with the defaults a simulated power cut lost
every acknowledged batch), so they hold on a server too; `check_durability` refuses to run without them.
"""

from enum import StrEnum

from msgspec import Struct

from trimtab.base.records import replace
from trimtab.store.telemetry.cluster import LOCAL, Cluster

DURABLE = {
    "fsync_after_insert": "1",
    "fsync_part_directory": "1",
    "min_rows_to_fsync_after_merge": "1",
    "min_compressed_bytes_to_fsync_after_merge": "1",
    "old_parts_lifetime": "60",
    "max_suspicious_broken_parts": "10000",
}
"""Without each of these an acknowledged row can be lost in a power cut, or the table does not open after one."""

TIDY = {
    "cleanup_delay_period": "5",
    "max_cleanup_delay_period": "10",
    "cleanup_delay_period_random_add": "1",
}
"""Seconds between two looks for old parts: the engine's own 30 to 300 are too long for who waits until data is gone."""

DEDUPLICATION_WINDOW = 10_000
"""Blocks whose insert tokens the engine remembers; only the last unfinished block is ever re-sent."""
DEDUPLICATION_S = 30 * 86_400
"""How long Keeper remembers them at least: a server that was away so long sends its last block again."""

TIME = "DateTime64(3, 'UTC')"
DELTA = "CODEC(Delta(8), ZSTD(1))"  # 2.0 bytes a value where Gorilla took 2.8 (measured)
NAME = "LowCardinality(String)"


class Layout(StrEnum):
    """Where the tables live."""

    EMBEDDED = "embedded"
    SERVER = "server"
    CLUSTER = "cluster"


class Table(Struct, frozen=True):
    """One table: columns are (name, type, codec) in the order in which RowBinary sections carry them.

    In a `multiset` every repeat of a row counts, so the store adds a column that says which block brought it: after a
    crash it tells what of a block has arrived already. The engine's own memory of tokens is not synced to disk.
    """

    name: str
    columns: tuple[tuple[str, str, str], ...]
    order_by: str
    partition_by: str = ""
    replacing: str | None = None
    summing: bool = False
    multiset: bool = False
    indexes: tuple[str, ...] = ()  # "name expression TYPE kind GRANULARITY n"
    granule: int = 0  # rows that are read at least for one; 0: the engine's own 8192
    shard: str = ""  # what decides on which shard of a cluster a row lies; "": its series, else all of `order_by`

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column[0] for column in self.columns)

    @property
    def row_columns(self) -> tuple[tuple[str, str], ...]:
        """(name, type) of each column, as rows carry them."""
        return tuple((name, type_) for name, type_, _ in self.columns)


BLOCK_COLUMN = ("block", "UInt64", DELTA)  # nearly constant within a part: 0.01 bytes a row


def shard_key(table: Table) -> str:
    """The expression whose remainder is a row's shard. All versions of a row lie on one shard, as it is made of the
    columns that tables are ordered by; a block that is sent again is split as it was before.

    Rows of series lie by series: ids are hashes already. A table that is ordered by nothing lies on one shard.
    """
    if table.shard:
        return table.shard
    return "series" if "series" in table.column_names else f"cityHash64{_bracketed(table)}"


def _bracketed(table: Table) -> str:
    if table.order_by == "tuple()":
        return f"('{table.name}')"
    return table.order_by if table.order_by.startswith("(") else f"({table.order_by})"


def create_table(table: Table, layout: Layout = Layout.EMBEDDED, cluster: str = "trimtab") -> list[str]:
    """The statements that create `table`; on a cluster a replicated local table and a distributed one over it."""
    if layout is not Layout.CLUSTER:
        return [_create(table, table.name, "", _engine(table, replicated=False))]
    on_cluster = Cluster(cluster).on_each
    local = f"{table.name}{LOCAL}"
    return [
        _create(table, local, on_cluster, _engine(table, replicated=True)),
        f"CREATE TABLE IF NOT EXISTS {table.name}{on_cluster} AS {local} "
        f"ENGINE = Distributed('{cluster}', currentDatabase(), '{local}', {shard_key(table)})",
    ]


def renamed(table: Table, name: str) -> Table:
    """A table like `table`, which lies on the shards as it does, so that its partitions may take the other's place."""
    return replace(table, name=name, shard=shard_key(table))


def _create(table: Table, name: str, on_cluster: str, engine: str) -> str:
    all_columns = (*table.columns, BLOCK_COLUMN) if table.multiset else table.columns
    parts = [" ".join(part for part in column if part) for column in all_columns]
    columns = ",\n  ".join([*parts, *(f"INDEX {index}" for index in table.indexes)])
    partition = f"\nPARTITION BY {table.partition_by}" if table.partition_by else ""
    replicated = "replicated_deduplication_window"
    window: dict[str, object] = {f"non_{replicated}": DEDUPLICATION_WINDOW}
    if engine.startswith("Replicated"):
        window = {replicated: DEDUPLICATION_WINDOW, f"{replicated}_seconds": DEDUPLICATION_S}
    granule = {"index_granularity": table.granule} if table.granule else {}
    chosen: dict[str, object] = {**DURABLE, **TIDY, **window, **granule}
    settings = ", ".join(f"{key} = {value}" for key, value in chosen.items())
    return (
        f"CREATE TABLE IF NOT EXISTS {name}{on_cluster} (\n  {columns}\n)\nENGINE = {engine}{partition}"
        f"\nORDER BY {table.order_by}\nSETTINGS {settings}"
    )


def _engine(table: Table, *, replicated: bool) -> str:
    family = "SummingMergeTree" if table.summing else "MergeTree" if table.replacing is None else "ReplacingMergeTree"
    version = table.replacing or ""
    if not replicated:
        return f"{family}({version})"
    path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
    return f"Replicated{family}({path}{', ' + version if version else ''})"
