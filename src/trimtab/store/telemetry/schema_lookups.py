"""Rows of lookup tables, beside the log events that they are joined to.

A table that is put again has another `version`; which one counts is in the state database.
"""

from trimtab.store.telemetry.table import DELTA, NAME, Table

LOG_LOOKUP_ROWS = Table(
    "log_lookup_rows",
    (
        ("account", NAME, ""),
        ("region", NAME, ""),
        ("name", NAME, ""),
        ("version", "UInt64", DELTA),
        ("row", "UInt64", DELTA),
        ("fields", f"Map({NAME}, String)", "CODEC(ZSTD(1))"),
    ),
    order_by="(account, region, name, version, row)",
    shard="cityHash64(account, region, name)",
)
