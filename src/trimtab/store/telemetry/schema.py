"""The telemetry tables, each defined once. What a table is: `table.py`; those of a room: `schema_<room>.py`."""

from trimtab.store.telemetry.schema_anomalies import ANOMALIES
from trimtab.store.telemetry.schema_audit import AUDIT_EVENTS
from trimtab.store.telemetry.schema_costs import COST_TABLES
from trimtab.store.telemetry.schema_fleet import FLEET_TABLES
from trimtab.store.telemetry.schema_logs import LOG_EVENTS
from trimtab.store.telemetry.schema_lookups import LOG_LOOKUP_ROWS
from trimtab.store.telemetry.schema_traces import TRACE_TABLES
from trimtab.store.telemetry.table import (
    BLOCK_COLUMN,
    DEDUPLICATION_WINDOW,
    DELTA,
    DURABLE,
    NAME,
    TIME,
    Layout,
    Table,
    create_table,
)

__all__ = ["BLOCK_COLUMN", "DEDUPLICATION_WINDOW", "DURABLE", "TABLES", "TIME", "Layout", "Table", "create_table"]

_SERIES_TIME = (("series", "UInt64", DELTA), ("time", TIME, DELTA))
_BY_DAY = "toYYYYMMDD(time)"

METRIC_SERIES = Table(
    "metric_series",
    (
        ("series", "UInt64", ""),
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("namespace", NAME, ""),
        ("name", NAME, ""),
        ("unit", NAME, ""),
        ("kind", NAME, ""),
        ("dimensions", f"Map({NAME}, String)", ""),
        ("resource", "String", ""),
        ("first_seen", TIME, ""),
    ),
    order_by="(account, namespace, name, region, series)",
    replacing="",
)
METRIC_VALUES = Table(
    "metric_values",
    (*_SERIES_TIME, ("value", "Float64", DELTA), ("count", "Float64", DELTA)),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    multiset=True,
)
METRIC_SETS = Table(
    "metric_sets",
    (*_SERIES_TIME, *((name, "Float64", DELTA) for name in ("count", "sum", "minimum", "maximum"))),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    multiset=True,
)
METRIC_SAMPLES = Table(
    "metric_samples",
    (*_SERIES_TIME, ("value", "Float64", DELTA)),
    order_by="(series, time)",
    partition_by=_BY_DAY,
    replacing="",
)
METRIC_HISTOGRAMS = Table(
    "metric_histograms",
    (
        *_SERIES_TIME,
        ("start", TIME, DELTA),
        ("cumulative", "UInt8", ""),
        ("count", "UInt64", DELTA),
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
_AGGREGATE = "CODEC(Delta(8), ZSTD(3))"
"""Of 5-minute rows 10.3 bytes, where ZSTD(1) takes 10.7, Gorilla 13.9 and ALP, which the engine calls beta, 10.2."""
_ROLLUP = (
    *_SERIES_TIME,
    _VERSION,
    *((name, "Float64", _AGGREGATE) for name in ("count", "sum", "minimum", "maximum", "opaque", "first", "last")),
    ("last_offset", "UInt32", "CODEC(Delta(4), ZSTD(1))"),
    ("rise", "Float64", _AGGREGATE),
    ("rises", "Float64", _AGGREGATE),
    ("buckets", "Map(Int16, UInt64)", "CODEC(ZSTD(3))"),
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
METRIC_DETAILED = Table(
    "metric_detailed",
    (("what", NAME, ""), ("namespace", NAME, ""), ("name", NAME, ""), ("version", "UInt32", "")),
    order_by="(what, namespace, name)",
    replacing="version",
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
        METRIC_DETAILED,
        *COST_TABLES,
        *FLEET_TABLES,
        ANOMALIES,
        LOG_EVENTS,
        LOG_LOOKUP_ROWS,
        *TRACE_TABLES,
        AUDIT_EVENTS,
    )
}
"""Every table in the order in which one block is written: series before the points that name them, and the marks of
late hours after the points that they are about, so that whoever sees a mark can read its points."""
