"""Old parts on another volume, e.g. object storage: a storage policy of the server's, and when parts move."""

import re

from trimtab.base.errors import SetupError
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.table import Table

VOLUME = "cold"
"""The policy's volume for old parts. What is new goes to its first volume."""

_MOVES = re.compile(rf"\s*[^,]*\bTO VOLUME '{VOLUME}'")
_TTL = re.compile(r"\bTTL (?P<ttl>.*?)(?= SETTINGS |$)", re.DOTALL)
_COMMAS = re.compile(r",(?![^(]*\))")


def store_cold(telemetry: Telemetry, policy: str, days: int) -> None:
    """Have tables that are cut by time keep their parts under `policy`, and move those older than `days` to its volume
    for old parts. Nothing is done where that is so already. Raises SetupError for a policy that will not do."""
    if not policy:
        return
    volumes = telemetry.fetch_sync(
        "SELECT volume_name AS volume FROM system.storage_policies WHERE policy_name = {policy:String} "
        "ORDER BY volume_priority",
        {"policy": policy},
    )
    names = [str(one) for one in volumes["volume"]]
    if VOLUME not in names[1:]:
        got = f"its volumes are {', '.join(names)}" if names else "the server does not know it"
        raise SetupError(
            f"cannot use the storage policy {policy}: {got}; expected one whose first volume is a disk and which has a "
            f"volume named {VOLUME}; try to correct TRIMTAB_CLICKHOUSE_STORAGE_POLICY or the server's "
            "`storage_configuration`"
        )
    for table in TABLES.values():
        if time := cooling_column(table):
            _keep(telemetry, table, policy, f"toDateTime({time}) + toIntervalDay({days}) TO VOLUME '{VOLUME}'")


def cooling_column(table: Table) -> str:
    """The column of time that a table is partitioned by; "" for one that is not: its parts stay where they are."""
    cut = re.fullmatch(r"toYYYYMM(?:DD)?\((\w+)\)", table.partition_by)
    return cut[1] if cut else ""


def moved(ttl: str, move: str) -> str:
    """A TTL with `move` in place of an earlier move; what it says of deleting stays."""
    kept = [one.strip() for one in _COMMAS.split(ttl) if one.strip() and not _MOVES.fullmatch(one)]
    return ", ".join([*kept, move])


def _keep(telemetry: Telemetry, table: Table, policy: str, move: str) -> None:
    found = telemetry.fetch_sync(
        "SELECT engine_full, storage_policy FROM system.tables "
        "WHERE database = currentDatabase() AND name = {name:String}",
        {"name": telemetry.cluster.stored(table.name)},
    )
    engine, has = str(found["engine_full"][0]), str(found["storage_policy"][0])
    if has != policy:
        telemetry.command(f"ALTER TABLE {table.name} MODIFY SETTING storage_policy = '{policy}'")
    said = _TTL.search(engine)
    ttl = said["ttl"] if said else ""
    asked = moved(ttl, move)
    if ttl != asked:
        telemetry.command(f"ALTER TABLE {table.name} MODIFY TTL {asked}")
