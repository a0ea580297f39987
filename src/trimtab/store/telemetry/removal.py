"""Rows taken out of the engine for good: out of its tables, and out of the files that they were in.

The engine writes a part anew without them, and keeps the old one for minutes, for the case that the new one is lost in
a power cut. It is synced first here; then the old one need not wait.
"""

import os
from collections.abc import Sequence
from threading import Event

from trimtab.base.errors import Unavailable
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.cluster import ALL_REPLICAS
from trimtab.store.telemetry.table import DURABLE

_LIFETIME, _MUTATIONS = "old_parts_lifetime", "finished_mutations_to_keep"
_LEFT = (
    f"SELECT (SELECT count() FROM system.parts {ALL_REPLICAS} "  # noqa: S608 - our own words
    "WHERE database = currentDatabase() AND NOT active AND table IN {tables:Array(String)}) AS parts, "
    "(SELECT max(many) FROM (SELECT count() AS many FROM system.mutations "
    "WHERE database = currentDatabase() GROUP BY table)) AS mutations"
)
"""Parts that others have replaced, of some tables, and how many mutations the table with the most remembers."""
_PAUSE_S = 0.2
_OLD_S = 600.0
"""How long old parts may take to go: a reader that has one open keeps it."""


def alter(telemetry: Telemetry, table: str, change: str) -> None:
    """Run `ALTER TABLE table change`, a mutation, and wait for it however long it takes. Raises Unavailable.

    It may be cut off anywhere and asked for again: the engine goes on with what it has begun, and finds nothing then.
    """
    telemetry.command(f"ALTER TABLE {table} {change} SETTINGS mutations_sync = 0")
    pause = Event()
    while True:
        found = telemetry.fetch_sync(
            "SELECT count() AS open, max(latest_fail_reason) AS reason FROM system.mutations "
            "WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done",
            {"table": table},
        )
        if not found["open"][0]:
            return
        if found["reason"][0]:
            raise Unavailable(f"cannot take rows out of {table}: {found['reason'][0]}")
        pause.wait(_PAUSE_S)


def drop_old_parts(telemetry: Telemetry, tables: Sequence[str]) -> None:
    """Have the engine delete the files of parts that others have replaced, and of mutations, which may name somebody,
    but each table's last, which names nobody. Raises Unavailable where one stays.
    """
    os.sync()
    mutated = telemetry.fetch_sync("SELECT DISTINCT table FROM system.mutations WHERE database = currentDatabase()")
    for table in mutated["table"].tolist():
        alter(telemetry, table, "DELETE WHERE 0")
    for table in tables:
        telemetry.command(f"ALTER TABLE {table} MODIFY SETTING {_LIFETIME} = 0, {_MUTATIONS} = 1")
    try:
        pause = Event()
        for _ in range(int(_OLD_S / _PAUSE_S)):
            found = telemetry.fetch_sync(_LEFT, {"tables": list(tables)})
            if not found["parts"][0] and found["mutations"][0] <= 1:
                return
            pause.wait(_PAUSE_S)
        raise Unavailable("cannot drop old parts of the engine: something reads them still")
    finally:
        keep_old_parts(telemetry)


def keep_old_parts(telemetry: Telemetry) -> None:
    """Give every table its setting back; at a start too, before settings are checked: a kill may have come between."""
    found = telemetry.fetch_sync(
        "SELECT name FROM system.tables WHERE database = currentDatabase() AND create_table_query LIKE {short:String}",
        {"short": f"%{_LIFETIME} = 0%"},
    )
    for table in found["name"].tolist():
        telemetry.command(f"ALTER TABLE {table} MODIFY SETTING {_LIFETIME} = {DURABLE[_LIFETIME]}")
        telemetry.command(f"ALTER TABLE {table} RESET SETTING {_MUTATIONS}")
