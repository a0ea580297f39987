"""The telemetry tables, defined once for the embedded engine, a ClickHouse server and a cluster.

Durability settings are in every table's own SETTINGS (reference: with the defaults a simulated power cut lost
every acknowledged batch), so they hold on a server too; `check_durability` refuses to run without them.
"""

from dataclasses import dataclass
from enum import StrEnum

DURABLE = {
    "fsync_after_insert": "1",
    "fsync_part_directory": "1",
    "min_rows_to_fsync_after_merge": "1",
    "min_compressed_bytes_to_fsync_after_merge": "1",
    "old_parts_lifetime": "480",
    "max_suspicious_broken_parts": "10000",
}
"""Without each of these an acknowledged row can be lost in a power cut, or the table does not open after one."""

DEDUPLICATION_WINDOW = 10_000
"""Blocks whose insert tokens the engine remembers; only the last unfinished block is ever re-sent."""

TIME = "DateTime64(3, 'UTC')"
_DELTA = "CODEC(Delta(8), ZSTD(1))"  # 2.0 bytes a value where Gorilla took 2.8 (measured)
_NAME = "LowCardinality(String)"


class Layout(StrEnum):
    """Where the tables live."""

    EMBEDDED = "embedded"
    SERVER = "server"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Table:
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

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in order."""
        return tuple(column[0] for column in self.columns)


BLOCK_COLUMN = ("block", "UInt64", _DELTA)  # nearly constant within a part: 0.01 bytes a row

_SERIES_TIME = (("series", "UInt64", _DELTA), ("time", TIME, _DELTA))
_BY_DAY = "toYYYYMMDD(time)"

METRIC_SERIES = Table(
    "metric_series",
    (
        ("series", "UInt64", ""),
        ("account", _NAME, ""),
        ("region", _NAME, ""),
        ("namespace", _NAME, ""),
        ("name", _NAME, ""),
        ("unit", _NAME, ""),
        ("kind", _NAME, ""),
        ("dimensions", f"Map({_NAME}, String)", ""),
        ("resource", "String", ""),
        ("first_seen", TIME, ""),
    ),
    order_by="(account, namespace, name, region, series)",
    replacing="",
)
METRIC_VALUES = Table(
    "metric_values",
    (*_SERIES_TIME, ("value", "Float64", _DELTA), ("count", "Float64", _DELTA)),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    multiset=True,
)
METRIC_SETS = Table(
    "metric_sets",
    (*_SERIES_TIME, *((name, "Float64", _DELTA) for name in ("count", "sum", "minimum", "maximum"))),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    multiset=True,
)
METRIC_SAMPLES = Table(
    "metric_samples",
    (*_SERIES_TIME, ("value", "Float64", _DELTA)),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    replacing="",
)
METRIC_HISTOGRAMS = Table(
    "metric_histograms",
    (
        *_SERIES_TIME,
        ("start", TIME, _DELTA),
        ("cumulative", "UInt8", ""),
        ("count", "UInt64", _DELTA),
        ("sum", "Float64", ""),
        ("minimum", "Float64", ""),
        ("maximum", "Float64", ""),
        ("bounds", "Array(Float64)", "CODEC(ZSTD(1))"),
        ("counts", "Array(UInt64)", "CODEC(ZSTD(1))"),
        ("exponential", "UInt8", ""),
        ("scale", "Int16", ""),
        ("zero_count", "UInt64", ""),
        ("zero_threshold", "Float64", ""),
        ("positive_offset", "Int32", ""),
        ("positive", "Array(UInt64)", "CODEC(ZSTD(1))"),
        ("negative_offset", "Int32", ""),
        ("negative", "Array(UInt64)", "CODEC(ZSTD(1))"),
    ),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    replacing="",
)

_VERSION = ("version", "UInt32", "CODEC(Delta(4), ZSTD(1))")
_ROLLUP = (
    *_SERIES_TIME,
    _VERSION,
    *((name, "Float64", _DELTA) for name in ("count", "sum", "minimum", "maximum", "opaque", "first", "last")),
    ("last_offset", "UInt32", "CODEC(Delta(4), ZSTD(1))"),
    ("rise", "Float64", _DELTA),
    ("rises", "Float64", _DELTA),
    ("buckets", "Map(Int16, UInt64)", "CODEC(ZSTD(1))"),
)


def _tier(suffix: str, partition_by: str) -> tuple[Table, Table]:
    """The two tables of a rollup tier: one row a (series, bucket), and thinned histograms. See metrics/rollups."""
    thinned = (*_SERIES_TIME, _VERSION, *METRIC_HISTOGRAMS.columns[len(_SERIES_TIME) :])
    return (
        Table(f"metric_rollup_{suffix}", _ROLLUP, order_by="(series, time)", partition_by=partition_by),
        Table(f"metric_histograms_{suffix}", thinned, order_by="(series, time)", partition_by=partition_by),
    )


ROLLUP_TIERS = (*_tier("1m", _BY_DAY), *_tier("5m", _BY_DAY), *_tier("1h", "toYYYYMM(time)"))

METRIC_ROLLUP_HOURS = Table(
    "metric_rollup_hours",
    (
        ("hour", "UInt32", ""),
        ("sequence", "UInt32", ""),
        ("version", "UInt32", ""),
        ("attempt", "UInt32", ""),
        ("marks", "UInt64", ""),
        ("base", "UInt32", ""),
        ("garbage", "UInt8", ""),
        ("rolled_at", "Int64", ""),
    ),
    order_by="hour",
    replacing="sequence",
)
METRIC_ROLLUP_MARKS = Table(
    "metric_rollup_marks", (("hour", "UInt32", ""), ("marks", "UInt64", "")), order_by="hour", summing=True
)

TABLES = {
    table.name: table
    for table in (
        METRIC_SERIES,
        METRIC_VALUES,
        METRIC_SETS,
        METRIC_SAMPLES,
        METRIC_HISTOGRAMS,
        *ROLLUP_TIERS,
        METRIC_ROLLUP_HOURS,
        METRIC_ROLLUP_MARKS,
    )
}
"""Every table in the order in which one block is written: series before the points that name them, and the marks of
late hours after the points that they are about, so that whoever sees a mark can read its points."""


def create_table(table: Table, layout: Layout = Layout.EMBEDDED, cluster: str = "trimtab") -> list[str]:
    """The statements that create `table`; on a cluster a replicated local table and a distributed one over it."""
    if layout is not Layout.CLUSTER:
        return [_create(table, table.name, "", _engine(table, replicated=False))]
    on_cluster = f" ON CLUSTER '{cluster}'"
    local = f"{table.name}_local"
    shard = "series" if "series" in table.column_names else "rand()"
    return [
        _create(table, local, on_cluster, _engine(table, replicated=True)),
        f"CREATE TABLE IF NOT EXISTS {table.name}{on_cluster} AS {local} "
        f"ENGINE = Distributed('{cluster}', currentDatabase(), '{local}', {shard})",
    ]


def _create(table: Table, name: str, on_cluster: str, engine: str) -> str:
    all_columns = (*table.columns, BLOCK_COLUMN) if table.multiset else table.columns
    columns = ",\n  ".join(" ".join(part for part in column if part) for column in all_columns)
    partition = f"\nPARTITION BY {table.partition_by}" if table.partition_by else ""
    window = "replicated_deduplication_window" if "Replicated" in engine else "non_replicated_deduplication_window"
    settings = ", ".join(f"{key} = {value}" for key, value in {**DURABLE, window: DEDUPLICATION_WINDOW}.items())
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
