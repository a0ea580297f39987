"""The table of anomalies that the always-on detector found: a row for each, replaced while it goes on."""

from trimtab.store.telemetry.table import DELTA, NAME, TIME, Table

_FLOATS = ("Array(Float64)", "CODEC(ZSTD(1))")

ANOMALIES = Table(
    "anomalies",
    (
        ("series", "UInt64", ""),
        ("start", TIME, DELTA),
        ("end", TIME, DELTA),
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("open", "UInt8", ""),
        ("score", "Float64", ""),
        ("peak", TIME, DELTA),
        ("direction", "Int8", ""),
        ("value", "Float64", ""),
        ("low", "Float64", ""),
        ("high", "Float64", ""),
        ("picture", TIME, DELTA),
        ("revision", "UInt32", ""),
        ("points", *_FLOATS),
        ("lows", *_FLOATS),
        ("highs", *_FLOATS),
    ),
    order_by="(start, series)",
    partition_by="toYYYYMM(start)",
    replacing="revision",
)
