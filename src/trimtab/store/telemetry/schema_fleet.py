"""The tables of the fleet ledger: a machine's day in one row, replaced whole, and what each day was made from."""

from trimtab.store.telemetry.table import NAME, Table

_Z = "CODEC(ZSTD(1))"

FLEET_MACHINE_DAYS = Table(
    "fleet_machine_days",
    (
        ("day", "UInt32", ""),
        ("machine", "String", ""),
        ("version", "UInt64", ""),
        ("account", NAME, ""),
        ("devices", "UInt16", ""),
        ("gpu_type", NAME, ""),
        ("instance_type", NAME, ""),
        ("region", NAME, ""),
        ("queue", NAME, ""),
        ("bill_ids", "Array(String)", _Z),
        # the intervals, cut at whole hours; times in ms of the day
        ("device", "Array(UInt16)", _Z),
        ("start", "Array(UInt32)", _Z),
        ("end", "Array(UInt32)", _Z),
        ("state", "Array(UInt8)", _Z),
        ("reason", f"Array({NAME})", _Z),
        ("holder", f"Array({NAME})", _Z),
        ("team", f"Array({NAME})", _Z),
        ("parts", "Array(UInt16)", _Z),
        ("said", "Array(UInt8)", _Z),
        ("active", "Array(Float64)", _Z),
        ("known", "Array(Float64)", _Z),
        ("stray", "Array(Float64)", _Z),
        ("assumed", "Array(UInt8)", _Z),
        ("crowded", "Array(UInt8)", _Z),
        # the same added up over the day
        ("sum_state", "Array(UInt8)", _Z),
        ("sum_reason", f"Array({NAME})", _Z),
        ("sum_holder", f"Array({NAME})", _Z),
        ("sum_team", f"Array({NAME})", _Z),
        ("sum_amount", "Array(Int64)", _Z),
        ("sum_active", "Array(Float64)", _Z),
        ("sum_known", "Array(Float64)", _Z),
        ("sum_stray", "Array(Float64)", _Z),
        ("sum_assumed", "Array(Int64)", _Z),
        ("remarks", "Array(String)", _Z),
    ),
    order_by="(day, machine)",
    partition_by="intDiv(day, 30)",
    replacing="version",
    shard="cityHash64(machine)",  # a row is replaced only where the one before it lies
)
FLEET_DAYS = Table(
    "fleet_days",
    (
        ("day", "UInt32", ""),
        ("version", "UInt64", ""),
        ("until", "Int64", ""),
        ("marks", "UInt64", ""),
        ("telemetry", "UInt64", ""),
        ("bill", "String", ""),
    ),
    order_by="day",
    replacing="version",
    shard="day",
)
FLEET_TABLES = (FLEET_MACHINE_DAYS, FLEET_DAYS)
